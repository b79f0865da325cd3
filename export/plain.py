"""Ordinary colour files of the same quality, where they are the smaller ones."""

import io
from functools import partial

import numpy as np
from PIL import Image

from export.kinds import SUBSAMPLINGS, encode
from export.qualities import MOST, turn
from training.metrics.images import psnr


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

    def is_worse(data):
        with Image.open(io.BytesIO(data)) as decoded:
            return psnr(photograph.rgb, np.asarray(decoded.convert("RGB"))) < file.psnr

    if kind == "png":
        found = [at(MOST)]
    else:
        found = [turn(partial(at, subsampling=each), is_worse)[1] for each in SUBSAMPLINGS[kind]]
    return min((data for data in found if data and len(data) < len(file.data)), key=len, default=None)
