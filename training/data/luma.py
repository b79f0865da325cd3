"""The luma of a photograph: as a grey image, and through a lossy codec."""

import io

import numpy as np
from PIL import Image

CODECS = {"JPEG": (8, 70), "WEBP": (2, 70), "AVIF": (15, 65)}  # the range of qualities


def grey(rgb):
    """The Y' of uint8 sRGB `(..., 3)` as grey images."""
    return np.repeat(_luma(rgb).round().astype(np.uint8)[..., None], 3, -1)


def compress_luma(rgb, codec, quality):
    """uint8 sRGB `(H, W, 3)` whose Y' has gone through a lossy codec of Pillow; Cb and Cr stay, but for clipping."""
    luma = _luma(rgb)
    file = io.BytesIO()
    fast = {"speed": 10} if codec == "AVIF" else {}
    Image.fromarray(luma.round().astype(np.uint8)).save(file, codec, quality=quality, **fast)
    with Image.open(file) as image:
        decoded = np.asarray(image.convert("L")).astype(np.float32)
    return (rgb + (decoded - luma)[..., None]).round().clip(0, 255).astype(np.uint8)


def _luma(rgb):
    """The Y' of uint8 sRGB, not yet rounded."""
    from zoo.color_spaces import LUMA_FROM_RGB

    return rgb @ LUMA_FROM_RGB
