"""Differences as eyes see them, by the packages of their kind: of uint8 sRGB `(H, W, 3)`, original and decoded."""

import io

import numpy as np
from PIL import Image

from training.command import CommandError

PACKAGES = ("ssimulacra2", "flip-evaluator")
_MISSING = "{} needs the packages of measurement: pip install 'colorizer-zoo[bench]'"


def ssimulacra2(original, decoded):
    """SSIMULACRA 2 (Cloudinary, libjxl): 100 for equal images, about 70 where most people see no difference."""
    try:
        from ssimulacra2 import compute_ssimulacra2
    except ImportError:
        raise CommandError(_MISSING.format("SSIMULACRA 2")) from None
    return float(compute_ssimulacra2(*(_file(rgb) for rgb in (original, decoded))))


def flip(original, decoded):
    """The mean LDR-FLIP (Andersson et al. 2020) at 67 pixels a degree: 0 for equal images, 1 at most."""
    try:
        from flip_evaluator import evaluate
    except ImportError:
        raise CommandError(_MISSING.format("FLIP")) from None
    scaled = (rgb.astype(np.float32) / 255 for rgb in (original, decoded))
    return float(evaluate(*scaled, "LDR", applyMagma=False)[1])


def _file(rgb):
    """An image as a file in memory, which is what the package takes."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "bmp")
    return file
