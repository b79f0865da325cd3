"""Bases: ordinary grey files, of which each viewer shows the luma of a photograph.

A base has no ICC profile. That of the photograph is one of RGB, which is an error in a grey JPEG or PNG.
"""

import io

import numpy as np
from PIL import Image

from export.kinds import QUALITY, encode
from export.metadata import exif_and_xmp
from export.photographs import alpha_of
from training.data.pixels import open_image


def encode_base(luma, kind, quality=QUALITY, alpha=None, exif=None, xmp=None):
    """The bytes of a grey file; the same ones for the same input.

    Args:
        luma: uint8 `(H, W)`.
        kind: jpeg, png, webp or avif. WebP has no grey: its red, green and blue are the same.
        quality: 0 to 100; a PNG is lossless.
        alpha: uint8 `(H, W)`, or None. Lossless but in AVIF.
        exif: bytes from the TIFF header on, or None.
        xmp: bytes, or None.

    Raises:
        CommandError: JPEG cannot hold it: alpha, or metadata that are too long.
    """
    image = Image.fromarray(luma)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    return encode(image, kind, quality, exif, xmp)


def decode_base(data):
    """The luma of a grey file, uint8 `(H, W)`; its alpha, the same or None; its EXIF and XMP, bytes or None.

    Pixels are as they are stored. `encode_base` is given none that lie on their side; if a program has turned the base
    since, by a tag of orientation, the tag stays in the EXIF: written with the colors, it turns them in the same way.

    Raises:
        Exception: what `training.data.pixels.read_image` raises.
    """
    with open_image(io.BytesIO(data)) as image:
        image.load()
        if image.mode.startswith(("I", "F")):
            raise ValueError(f"pixels of mode {image.mode}, which no base has")
        exif, xmp = exif_and_xmp(image)
        alpha = alpha_of(image.convert("RGBA")) if image.has_transparency_data else None
        # WebP has red, green and blue, which differ by a level at most where grey was put in. Over 12 photographs at
        # quality 90, their Y' is at 42.72 dB from the luma that was put in; so is green, and the mean at 42.71.
        return np.asarray(image.convert("L")), alpha, exif, xmp
