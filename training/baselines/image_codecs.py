"""Image codecs, each file written, measured and decoded again; and what a colour grid costs in one."""

import io
import itertools

import numpy as np
from PIL import Image

from training.metrics.images import psnr
from zoo.color_spaces import YCBCR
from zoo.images import to_uint8

CRUNCHED_PIXELS = 1 << 15  # at most, of lossless WebP at its slowest
QUALITIES = {
    "JPEG": (5, 10, 20, 30, 50, 70, 80, 90, 95),
    "WebP": (1, 10, 30, 50, 70, 80, 90, 95),
    "AVIF": (10, 25, 40, 55, 65, 75, 85, 92),
}


def image_codec(name, rgb, quality):
    """An image `(H, W, 3)` through a codec of Pillow, and the bytes of its file."""
    options = {"JPEG": {"optimize": True}, "WebP": {"method": 6}, "AVIF": {"speed": 4}}[name]
    return through_codec(Image.fromarray(rgb), name, quality=quality, **options)


def lossless_webp(rgb):
    """Bytes of an image `(H, W, 3)` as a lossless WebP, decoded again to be sure.

    With all the effort libwebp knows, but for large images: there the last step takes ten seconds for 1 to 5 per cent.
    """
    effort = 6 if rgb.shape[0] * rgb.shape[1] <= CRUNCHED_PIXELS else 5
    decoded, size = through_codec(Image.fromarray(rgb), "WebP", lossless=True, quality=100, method=effort, exact=True)
    check_same(decoded, rgb)
    return size


def through_codec(image, codec, **options):
    """A Pillow image through a codec: the pixels `(H, W, 3)` of its file, and the bytes of that."""
    file = io.BytesIO()
    image.save(file, codec, **options)
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB")), file.getbuffer().nbytes


def check_same(decoded, rgb):
    """ValueError unless a lossless codec kept an image."""
    if not np.array_equal(decoded, rgb):
        raise ValueError("a lossless codec did not keep the image")


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
