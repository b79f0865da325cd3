"""What a colour grid costs in bytes, and what JPEG makes of as many."""

import io
import itertools

import numpy as np
from PIL import Image

from training.decoders import YCBCR, to_uint8
from training.metrics import psnr
from training.rates import lossless_webp

# The chroma table of JPEG's specification (ITU-T T.81, table K.2), the same in rows and columns.
_CHROMA_TABLE = np.full((8, 8), 99)
_CHROMA_TABLE[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]


def grid_bytes(grid):
    """Bytes of a grid `(rows, columns, 2)` of whole Cb and Cr as a lossless WebP, decoded again to be sure."""
    return lossless_webp(np.dstack([grid + 128, np.zeros_like(grid[..., :1])]).astype(np.uint8))


def jpeg_colors(rgb, most_bytes):
    """uint8 sRGB `(H, W, 3)` with its own luma and the colours of a 4:2:0 JPEG that spends `most_bytes` on them.

    The bytes are those of the colour JPEG less those of a grey one with the same luma table. Of chroma tables with any
    quantisation of the mean and any scale of the rest, the one of the highest PSNR counts, or that of the fewest bytes
    where JPEG cannot do with so few. Gives the image and the bytes.
    """
    ycbcr = np.asarray(YCBCR.from_rgb(rgb))
    grey = _jpeg(Image.fromarray(to_uint8(ycbcr[..., 0])), _CHROMA_TABLE)[0]
    found = []
    for mean, scale in itertools.product((8, 16, 24, 32, 48, 64, 96, 128, 192, 255), (1, 2, 4, 8, 15)):
        table = _CHROMA_TABLE * scale
        table[0, 0] = mean
        size, decoded = _jpeg(Image.fromarray(rgb), table)
        colors = np.asarray(decoded.convert("YCbCr")).astype(np.float32)[..., 1:] - 128
        view = to_uint8(YCBCR.to_rgb(np.dstack([ycbcr[..., 0], colors]).astype(np.float32)))
        found.append((size - grey, psnr(rgb, view), view))
    within = [each for each in found if each[0] <= most_bytes]
    spent, _, view = max(within, key=lambda each: each[1]) if within else min(found, key=lambda each: each[0])
    return view, spent


def _jpeg(image, table):
    tables = [[16] * 64, table.clip(1, 255).ravel().tolist()]
    file = io.BytesIO()
    image.save(file, "JPEG", qtables=tables, subsampling="4:2:0", optimize=True)
    return file.tell(), Image.open(file)
