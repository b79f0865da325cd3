"""Opens image files: whatever a camera, a phone, a scanner or a program wrote becomes upright 8-bit sRGB.

- Colours: the profile in a file says what its numbers mean, else the gAMA and cHRM of a PNG; without any they are sRGB.
  A profile that is damaged, or meant for other pixels, is passed over.
- Levels: scaled by what the type of the numbers can hold, never by the largest one that is there.
- Alpha: on white.
- EXIF says which way is up; where it is damaged, the picture stays as it is stored.
"""

import functools
import io
import struct
import warnings

import numpy as np
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

STRIP = 1 << 20  # pixels that are scaled at a time
BEYOND = 1e-3  # how far floats may lie outside of 0 to 1, by rounding
BITS_PER_SAMPLE, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0  # of TIFF
SPACES = {"L": "GRAY", "LA": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK", "LAB": "Lab"}  # of profiles, by mode
SRGB_GAMA = 1 / 2.2
NEUTRAL = 0.05  # a gAMA nearer to that, by this share, is no other curve: the threshold of libpng and of browsers
D50 = (0.9642, 1.0, 0.8249)  # the white of profiles
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

# `read_image` says it in its own words, and Pillow's would stand amid what the commands print.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
MOST_PROFILE = 1 << 24  # bytes of an ICC profile; those with tables have some millions
PngImagePlugin.MAX_TEXT_CHUNK = MOST_PROFILE  # or else a PNG with one of over a million cannot be read


class _OtherPixels(Exception):
    """A profile is not meant for such pixels."""


# What damaged EXIF makes Pillow raise, and the remark about it.
DAMAGED_EXIF, WITHOUT_EXIF = (SyntaxError, ValueError, TypeError, struct.error), "without damaged EXIF"
# What a damaged profile makes Pillow, or `_png_profile`, raise.
DAMAGED_PROFILE = ImageCms.PyCMSError, OSError, ValueError, ArithmeticError, struct.error, np.linalg.LinAlgError


def read_image(file):
    """The upright pixels of an image file, and what was done to get them.

    Args:
        file: path or binary file.

    Returns:
        uint8 sRGB `(H, W, 3)`, and a tuple of remarks for an account, such as `converted from Display P3`.

    Raises:
        ValueError: no image, more pixels than Pillow's limit, or numbers of which it is not known how bright they are.
        Exception: whatever else a damaged file makes Pillow raise.
    """
    with open_image(file) as image:
        image.load()
        damage = turn_upright(image)
        image, remarks = to_srgb(image)
        remarks += damage
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
        remarks = ("converted from alpha", *remarks)
    return np.asarray(image), remarks


def open_image(file):
    """The Pillow image of a path or binary file, whose pixels are not read yet, to be closed by `with`.

    ValueError: no image, or more pixels than Pillow's limit.
    """
    try:
        image = Image.open(file)
    except UnidentifiedImageError:
        raise ValueError("no image of a known format") from None
    pixels, limit = image.width * image.height, Image.MAX_IMAGE_PIXELS
    if limit and pixels > limit:
        image.close()
        raise ValueError(f"{pixels:,} pixels; at most {limit:,} are read")
    return image


def check_single(image):
    """ValueError for a Pillow image that was opened of a file of several pictures."""
    # In an MPO of a camera, the first is the photograph.
    if image.format != "MPO" and (count := getattr(image, "n_frames", 1)) > 1:
        raise ValueError(f"{count} pictures in one file, frames or pages: save one of them as a file of its own")


def turn_upright(image):
    """Turns a Pillow image as its EXIF says; a tuple of remarks, one where that is damaged."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except DAMAGED_EXIF:
        return (WITHOUT_EXIF,)
    return ()


def to_srgb(image):
    """A Pillow image in 8-bit sRGB, of mode RGB, or RGBA where it has alpha; and a tuple of remarks.

    The image that is given may be changed. ValueError where it is not known how bright its numbers are.
    """
    info = image.info
    image, remarks = _to_8_bits(image)
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")
    elif image.mode not in SPACES:
        image = image.convert("L" if image.mode == "1" else "RGB")
    if not remarks and image.mode in ("L", "LA", "CMYK"):
        remarks.append(f"converted from {'CMYK' if image.mode == 'CMYK' else 'grey'}")
    try:
        space, convert = _conversion_of(info, image.mode)
        if convert:
            image = convert(image)
            remarks.append(f"converted from {space}")
    except _OtherPixels:
        remarks.append("without a profile of other pixels")
    except DAMAGED_PROFILE:
        remarks.append("without a damaged profile")
    mode = "RGBA" if image.mode in ("LA", "RGBA") else "RGB"
    return (image if image.mode == mode else image.convert(mode)), tuple(remarks)


def profile_if_not_srgb(image):
    """The ICC profile of a Pillow image of mode RGB or RGBA, as bytes.

    None where its colors are those of sRGB, or nearer than a level, and where the profile cannot be used.
    """
    profile = image.info.get("icc_profile")
    try:
        return profile if profile and _conversion(profile, "RGB")[1] else None
    except (_OtherPixels, *DAMAGED_PROFILE):
        return None


def _to_8_bits(image):
    """An image of 16-bit or float numbers as one of mode L, another as it is; with a list of remarks.

    ValueError where the type of the numbers does not say which of them is white.
    """
    if not image.mode.startswith(("I", "F")):
        return image, []
    tags = getattr(image, "tag_v2", {})
    if image.mode == "F":
        low, high = image.getextrema()
        if not (low >= -BEYOND and high <= 1 + BEYOND):  # also where it is no number
            raise ValueError(f"32-bit floats from 0 to 1 expected; found {low:g} to {high:g}")
        white, kind = 1, "32-bit floats"
    elif image.mode == "I" and image.format != "PPM":
        bits = "signed 16-bit" if tags.get(BITS_PER_SAMPLE) == (16,) else "32-bit"
        raise ValueError(f"{bits} integers, whose white is not known: write 8 or 16 bits without sign")
    else:
        bits = 12 if tags.get(BITS_PER_SAMPLE) == (12,) else 16
        white, kind = (1 << bits) - 1, f"{bits}-bit"
    is_negative = tags.get(PHOTOMETRIC) == WHITE_IS_ZERO
    clear = image.info.get("transparency")
    width, height = image.size
    grey, rows = np.empty((height, width), np.uint8), max(1, STRIP // width)
    for top in range(0, height, rows):
        strip = np.asarray(image.crop((0, top, width, min(top + rows, height))))
        levels = strip.astype(np.float32) * (255 / white)
        if np.isnan(levels).any():
            raise ValueError("32-bit floats from 0 to 1 expected; found some that are no numbers")
        levels = levels.round().clip(0, 255)
        grey[top : top + rows] = 255 - levels if is_negative else levels
        if clear is not None:
            grey[top : top + rows][strip == clear] = 255
    return Image.fromarray(grey), [f"converted from {kind}"]


def _conversion_of(info, mode):
    """The name of the color space of an image, by the info of its file, and a function to sRGB; see `_conversion`."""
    if mode == "LAB" or "icc_profile" in info:
        return _conversion(info.get("icc_profile"), mode)
    gama, chromaticities = info.get("gamma"), info.get("chromaticity") if mode.startswith("RGB") else None
    # Chromium and Firefox: sRGB comes before gAMA and cHRM; gAMA counts alone, cHRM does not.
    if gama is None or "srgb" in info or (_is_neutral(gama) and not chromaticities):
        return "", None
    return f"gamma {1 / gama:.3g}", _conversion(_png_profile(gama, chromaticities, SPACES[mode]), mode)[1]


@functools.lru_cache(maxsize=8)  # most photographs of a data set have the same few profiles
def _conversion(profile, mode):
    """The name of a color space, and a function that makes sRGB of a Pillow image in it.

    Relative colorimetric, with black-point compensation. The function may change the image that it gets. It is None
    where the profile is that of sRGB, or so near that no color is changed by more than a level.

    Args:
        profile: bytes of an ICC profile; None for LAB.
        mode: of the image.

    Raises:
        _OtherPixels: the profile is of another kind than the mode.
        OSError, PyCMSError: it is damaged.
    """
    opened = ImageCms.createProfile("LAB") if mode == "LAB" else io.BytesIO(profile or b"")
    opened = ImageCms.ImageCmsProfile(opened)
    if opened.profile.xcolor_space.strip() != SPACES[mode]:
        raise _OtherPixels
    name = "".join(filter(str.isprintable, opened.profile.profile_description or "")).strip()
    name = "LAB" if mode == "LAB" else name or "another color space"
    is_grey = SPACES[mode] == "GRAY"
    modes = "L" if is_grey else mode, "RGBA" if mode == "RGBA" else "RGB"
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    if is_grey:
        flags |= ImageCms.Flags.NOOPTIMIZE  # what is fast has too few steps in the dark, and only 256 are converted
    transform = ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), *modes, intent, flags)
    if SPACES[mode] not in ("GRAY", "RGB"):
        return name, transform.apply
    levels = np.arange(256, dtype=np.uint8) if is_grey else np.arange(0, 256, 15, dtype=np.uint8)
    colors = levels[None] if is_grey else np.stack(np.meshgrid(levels, levels, levels), -1).reshape(1, -1, 3)
    image = Image.fromarray(colors).convert("L" if is_grey else mode)
    found = np.asarray(transform.apply(image))[..., 1 if is_grey else slice(3)]
    if np.abs(found.astype(int) - colors).max() <= 1:
        return name, None
    if is_grey:
        table = found[0].tolist() + (list(range(256)) if mode == "LA" else [])  # alpha stays
        return name, lambda image: image.point(table)

    def in_place(image):
        # What Pillow has mapped from a file cannot be written to.
        return transform.apply_in_place(image.copy() if image.readonly else image)

    return name, in_place


def _is_neutral(gama):
    """Whether a gAMA is what PNG prescribes for sRGB, or so near that browsers do not follow it."""
    return abs(gama / SRGB_GAMA - 1) < NEUTRAL


def _png_profile(gama, chromaticities, space):
    """The ICC profile that says what gAMA and cHRM of a PNG say.

    Args:
        gama: the exponent of the encoding. A neutral one stands for the curve of sRGB, as in files of sRGB that lack
            the chunk: browsers take it for a power function where there is a cHRM too, up to 9 levels darker.
        chromaticities: x and y of white, red, green and blue; None for those of sRGB.
        space: GRAY or RGB.

    Raises:
        ValueError, ArithmeticError, LinAlgError, struct.error: there is no such color space.
    """
    if not 0.1 < gama < 10:
        raise ValueError(f"no gamma: {gama}")
    steps = np.linspace(0, 1, 1024)
    linear = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    linear = linear if _is_neutral(gama) else steps ** (1 / gama)
    curve = b"curv" + struct.pack(">II", 0, len(steps)) + (65535 * linear).round().astype(">u2").tobytes()
    tags = {b"wtpt": _xyz(D50)}
    if space == "GRAY":
        tags[b"kTRC"] = curve
    else:
        points = np.reshape(chromaticities or (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06), (4, 2))
        white, *primaries = np.column_stack([points, 1 - points.sum(1)])
        with np.errstate(all="raise"):
            white = white / white[1]
            colorants = np.transpose(primaries) * np.linalg.solve(np.transpose(primaries), white)
            adapted = BRADFORD.T @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ np.linalg.inv(BRADFORD).T
            for name, colorant in zip("rgb", colorants.T @ adapted, strict=True):
                tags |= {f"{name}XYZ".encode(): _xyz(colorant), f"{name}TRC".encode(): curve}
    index, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        index += struct.pack(">4sII", name, 128 + 4 + 12 * len(tags) + len(content), len(tag))
        content += tag
    size = 128 + len(index) + len(content)
    header = struct.pack(">I4xI4s4s4s12x4s28x", size, 0x02400000, b"mntr", f"{space:4}".encode(), b"XYZ ", b"acsp")
    return (header + _xyz(D50)[8:]).ljust(128, b"\0") + index + content


def _xyz(values):
    return b"XYZ " + struct.pack(">I3i", 0, *(round(65536 * value) for value in values))
