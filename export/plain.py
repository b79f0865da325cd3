"""Ordinary colour files of the same quality, where they are the smaller ones."""

import io

import numpy as np
from PIL import Image

from export.kinds import encode
from training.metrics.images import psnr

SUBSAMPLINGS = {"jpeg": ("4:2:0", "4:4:4"), "avif": ("4:2:0", "4:4:4"), "webp": (None,)}
LEAST_QUALITY, MOST_QUALITY = 1, 95


def smaller(photograph, kind, file):
    """The bytes of a color file of the same kind that is smaller than a `ColorFile` and not worse, or None.

    Of each subsampling it is the one of the lowest quality that reaches the PSNR of the file.

    Args:
        photograph: see `export.photographs`.
        kind: jpeg, webp or avif; or png, of which each is lossless.
        file: the `export.color_files.ColorFile` of that photograph, of this kind.
    """
    image = Image.fromarray(photograph.rgb)
    if photograph.alpha is not None:
        image.putalpha(Image.fromarray(photograph.alpha))

    def at(quality, **options):
        return encode(image, kind, quality, photograph.exif, photograph.xmp, photograph.profile, **options)

    if kind == "png":
        found = [at(MOST_QUALITY)]
    else:
        options = [{"subsampling": each} if each else {} for each in SUBSAMPLINGS[kind]]
        found = [_reaching(photograph.rgb, file.psnr, at, each) for each in options]
    return min((data for data in found if data and len(data) < len(file.data)), key=len, default=None)


def _reaching(rgb, decibels, at, options):
    """The bytes of the lowest quality of so high a PSNR; None if none has."""
    low, high, found = LEAST_QUALITY, MOST_QUALITY, None
    while low <= high:
        quality = (low + high) // 2
        data = at(quality, **options)
        with Image.open(io.BytesIO(data)) as decoded:
            is_good = psnr(rgb, np.asarray(decoded.convert("RGB"))) >= decibels
        if is_good:
            found, high = data, quality - 1
        else:
            low = quality + 1
    return found
