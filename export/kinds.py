"""The four kinds of files that are written, by Pillow's encoders."""

import io

import numpy as np
from PIL.PngImagePlugin import PngInfo

from training.command import CommandError

QUALITY = 90
SETTINGS = {
    "jpeg": {"optimize": True, "progressive": True},
    "png": {},
    "webp": {"method": 6},  # the slowest and smallest of 0 to 6
    "avif": {"speed": 6, "max_threads": 1},  # with more threads, which are as many as cores, the bytes are others
}
GREY_AVIF = {"subsampling": "4:0:0"}  # without color planes; Pillow does so of itself, but not where there is alpha
KINDS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "avif": ".avif"}  # and the suffixes of what is written
SUFFIXES = {".jpg": "jpeg", ".jpeg": "jpeg", **{suffix: kind for kind, suffix in KINDS.items()}}
SUBSAMPLINGS = {"jpeg": ("4:2:0", "4:4:4"), "webp": ("4:2:0",), "avif": ("4:2:0", "4:4:4")}  # of colours
LARGEST_SIDES = {"jpeg": 65_500, "webp": 16_383, "avif": 65_536}  # in pixels
JPEG_HOLDS = 65_500  # bytes of EXIF, or of XMP: a segment less what stands before them


def kind_of(path):
    """jpeg, png, webp or avif, by the suffix of a path. CommandError for another one."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise CommandError(f"{path} is of no kind that is written: choose a name in {', '.join(SUFFIXES)}")
    return SUFFIXES[suffix]


def encode(image, kind, quality=QUALITY, exif=None, xmp=None, profile=None, **more):
    """The bytes of a file of a Pillow image of mode L, LA, RGB or RGBA.

    Args:
        image: the pixels; metadata that Pillow has of it is not written.
        kind: jpeg, png, webp or avif.
        quality: 0 to 100; a PNG has none, it is lossless.
        exif: bytes from the TIFF header on, or None.
        xmp: bytes, or None.
        profile: bytes of an ICC profile, or None for sRGB.
        more: other settings of Pillow's encoder.

    Raises:
        CommandError: the kind cannot hold it: sides that are too long; in JPEG alpha, or metadata that are too long.
    """
    if max(image.size) > LARGEST_SIDES.get(kind, np.inf):
        raise CommandError(f"{kind} keeps no side of over {LARGEST_SIDES[kind]:,} pixels: choose png")
    exif, xmp, settings = exif or b"", xmp or b"", SETTINGS[kind] | more
    if kind == "jpeg":
        if image.has_transparency_data:
            raise CommandError("JPEG keeps no alpha: choose png, webp or avif")
        if max(len(exif), len(xmp)) > JPEG_HOLDS:
            raise CommandError(f"JPEG keeps no EXIF or XMP of over {JPEG_HOLDS:,} bytes: choose png, webp or avif")
        exif = exif and b"Exif\0\0" + exif
    if kind == "png" and xmp:
        settings["pnginfo"] = PngInfo()  # Pillow has no argument for it
        settings["pnginfo"].add(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    if kind == "webp" and image.has_transparency_data:
        settings["exact"] = True  # or else what is transparent gets other colours
    if kind == "avif" and image.mode in ("L", "LA"):
        settings |= GREY_AVIF
    file = io.BytesIO()
    image.save(file, kind, quality=quality, exif=exif, xmp=xmp, icc_profile=profile, **settings)
    return file.getvalue()
