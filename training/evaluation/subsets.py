"""Where a decoder is good and where not: photographs by content, and synthetic images whose colours are known."""

import numpy as np
from scipy import ndimage
from skimage import color


def color_complexity(rgb):
    """Entropy in bits of the histogram of a* and b* in cells of 10 x 10 CIELAB units."""
    chroma = np.floor(color.rgb2lab(rgb)[..., 1:].reshape(-1, 2) / 10).astype(int)
    share = np.unique(chroma, axis=0, return_counts=True)[1] / len(chroma)
    return float(-(share * np.log2(share)).sum())


def texture_density(rgb):
    """Share of pixels where L* has an edge: a Sobel gradient of more than 5 units a pixel."""
    luma = color.rgb2lab(rgb)[..., 0]
    gradient = np.hypot(ndimage.sobel(luma, 0), ndimage.sobel(luma, 1)) / 8
    return float((gradient > 5).mean())


CONTENT = {"color complexity": color_complexity, "texture density": texture_density}


def terciles(values):
    """The positions of the lowest, middle and highest third of `values`: `{"low": [...], "mid": ..., "high": ...}`."""
    order = np.argsort(values, kind="stable")
    return {name: part.tolist() for name, part in zip(("low", "mid", "high"), np.array_split(order, 3), strict=True)}


def synthetic_images(size, n):
    """Images `(size, size, 3)` of uint8 sRGB that show how a grid of step n fails, by name.

    `patches`: flat squares of 3 n pixels; `gradient`: all hues, left to right, growing lighter downwards; stripes of
    two colours, finer (n // 2 pixels) and coarser (2 n) than the grid; `isoluminant stripes`: coarse ones of equal
    L*, which no grey image can tell apart.
    """
    rows, columns = np.mgrid[:size, :size]
    palette = np.random.default_rng(0).integers(32, 224, (size, size, 3))
    hue = 2 * np.pi * columns / size
    gradient = np.stack([30 + 50 * rows / size, 40 * np.cos(hue), 40 * np.sin(hue)], -1)
    red, green = (50.0, 50.0, 30.0), (70.0, -45.0, 40.0)
    return {
        "patches": palette[rows // (3 * n), columns // (3 * n)].astype(np.uint8),
        "gradient": _from_lab(gradient),
        "stripes finer than n": _stripes(columns // max(1, n // 2), red, green),
        "stripes coarser than n": _stripes(columns // (2 * n), red, green),
        "isoluminant stripes": _stripes(columns // (2 * n), (60.0, 50.0, 30.0), (60.0, -45.0, 40.0)),
    }


def _stripes(band, first, second):
    return _from_lab(np.where((band % 2)[..., None], second, first))


def _from_lab(lab):
    return (255 * color.lab2rgb(lab)).round().astype(np.uint8)
