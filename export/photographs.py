"""Photographs with all that their files say of them, read and written."""

import dataclasses
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from export.kinds import QUALITY, encode, kind_of
from export.metadata import exif_and_xmp, upright_exif, upright_xmp
from training.data.pixels import (
    WITHOUT_EXIF,
    check_single,
    open_image,
    profile_if_not_srgb,
    to_srgb,
    turn_upright,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Photograph:
    """The upright pixels of a photograph, and what belongs to them.

    Args:
        rgb: uint8 `(H, W, 3)`.
        alpha: uint8 `(H, W)`, or None where all is opaque.
        profile: bytes of the ICC profile that says what the numbers in `rgb` mean, or None for sRGB.
        exif: bytes from the TIFF header on, without a tag of orientation, or None.
        xmp: bytes, without an orientation, or None.
        notes: what was changed to get them, for the person who gave the file.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    notes: tuple[str, ...] = ()

    @property
    def has_colors(self):
        """Whether any pixel is not grey."""
        return bool((self.rgb != self.rgb[..., :1]).any())


def read(file):
    """The `Photograph` in an image file.

    Pixels of 8-bit RGB keep the color space of the file; all others are converted to sRGB, and the notes say so.

    Args:
        file: path or binary file.

    Raises:
        ValueError: several pictures in one file.
        Exception: what `training.data.pixels.read_image` raises.
    """
    with open_image(file) as image:
        check_single(image)
        notes = _notes(image)
        image.load()
        exif, xmp = exif_and_xmp(image)
        damage = turn_upright(image)
        is_plain = image.mode in ("RGB", "RGBA") and not notes
        profile = profile_if_not_srgb(image) if is_plain else None
        if profile is None:
            image, remarks = to_srgb(image)
            notes += remarks
        elif image.has_transparency_data:
            image = image.convert("RGBA")
    try:
        exif = upright_exif(exif) if exif and not damage else None
    except (ValueError, struct.error):
        exif, damage = None, (WITHOUT_EXIF,)
    notes += damage
    rgb = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    return Photograph(rgb, alpha_of(image), profile, exif, xmp and upright_xmp(xmp), notes)


def _notes(image):
    """What Pillow changes when it loads an image: a tuple of notes, empty for plain 8-bit RGB."""
    if image.mode in ("P", "PA"):
        return ("converted from a palette",)
    # Of more bits, Pillow reads the upper eight, but for a single channel. Its tiles tell how pixels are stored.
    if not image.mode.startswith("I") and any(";16" in str(tile.args) for tile in image.tile):
        return ("16 bits a channel made 8",)
    return ()


def alpha_of(image):
    """uint8 `(H, W)` of a Pillow image, or None where it has no alpha or all is opaque."""
    if image.mode not in ("LA", "RGBA"):
        return None
    alpha = np.asarray(image.getchannel("A"))
    return None if alpha.min() == 255 else alpha


def write_photograph(path, photograph, quality=QUALITY):
    """Writes a `Photograph` as a color image with its profile, EXIF, XMP and alpha.

    Args:
        path: its suffix says which kind: .png, .jpg, .jpeg, .webp or .avif.
        photograph: a `Photograph`.
        quality: 0 to 100; a PNG is lossless.

    Raises:
        CommandError: another suffix, or what a JPEG cannot hold.
    """
    path = Path(path)
    path.write_bytes(photograph_bytes(photograph, kind_of(path), quality))


def photograph_bytes(photograph, kind, quality=QUALITY):
    """The bytes of the same file, of a kind in `export.kinds.KINDS`."""
    image = Image.fromarray(photograph.rgb)
    if photograph.alpha is not None:
        image.putalpha(Image.fromarray(photograph.alpha))
    return encode(image, kind, quality, photograph.exif, photograph.xmp, photograph.profile)
