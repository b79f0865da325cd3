"""Palettes, each written to a file, measured and decoded again."""

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree
from skimage import color

from training.baselines.image_codecs import check_same, lossless_webp, through_codec

PALETTE_SIZES = (4, 8, 16, 32, 64, 128, 256)
KMEANS_PIXELS = 20_000  # of which palettes are made, of larger images


def paletted(rgb, colors, method, dither=False):
    """An image `(H, W, 3)` in the colours of a palette `(K, 3)`, and its bytes as a PNG and as a lossless WebP.

    Each pixel gets the nearest colour, in the space of the palette's `method`, or with `dither` what Floyd and
    Steinberg's error diffusion gives it.
    """
    if dither:
        indices = _dithered(rgb, colors)
    else:
        space = color.rgb2lab if method == "k-means in CIELAB" else np.float32
        indices = cKDTree(space(colors[None])[0]).query(space(rgb).reshape(-1, 3))[1].reshape(rgb.shape[:2])
    return colors[indices], {"png": _indexed_png(indices, colors), "webp": lossless_webp(colors[indices])}


def _kmeans(rgb, count, to_space=np.float32, from_space=np.asarray):
    from sklearn.cluster import KMeans

    pixels = to_space(rgb).reshape(-1, 3)
    if len(pixels) > KMEANS_PIXELS:
        pixels = np.random.default_rng(0).permutation(pixels)[:KMEANS_PIXELS]
    count = min(count, len(np.unique(pixels, axis=0)))
    centres = KMeans(count, n_init=1, random_state=0).fit(pixels).cluster_centers_
    return from_space(centres[None])[0].round().clip(0, 255).astype(np.uint8)


def _kmeans_lab(rgb, count):
    return _kmeans(rgb, count, color.rgb2lab, lambda lab: 255 * color.lab2rgb(lab))


def _of_pillow(method):
    def palette(rgb, count):
        image = Image.fromarray(rgb).quantize(count, method)
        return np.array(image.getpalette(), np.uint8).reshape(-1, 3)[np.unique(image)]

    return palette


# How the colours of an image are chosen, `(K, 3)`, at most so many.
PALETTES = {
    "k-means": _kmeans,
    "k-means in CIELAB": _kmeans_lab,
    "median cut": _of_pillow(Image.Quantize.MEDIANCUT),
    "octree": _of_pillow(Image.Quantize.FASTOCTREE),
}


def _dithered(rgb, colors):
    palette = Image.new("P", (1, 1))
    palette.putpalette(colors.tobytes())
    return np.asarray(Image.fromarray(rgb).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG))


def _indexed_png(indices, colors):
    image = Image.fromarray(indices.astype(np.uint8), "P")
    image.putpalette(colors.tobytes())
    decoded, size = through_codec(image, "PNG", optimize=True)
    check_same(decoded, colors[indices])
    return size
