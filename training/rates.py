"""What colours cost in real bytes: palettes and image codecs, each file written, measured and decoded again."""

import io

import numpy as np
from PIL import Image
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree
from skimage import color

PALETTE_SIZES = (4, 8, 16, 32, 64, 128, 256)
KMEANS_PIXELS = 20_000  # of which palettes are made, of larger images
CRUNCHED_PIXELS = 1 << 15  # at most, of lossless WebP at its slowest
QUALITIES = {
    "JPEG": (5, 10, 20, 30, 50, 70, 80, 90, 95),
    "WebP": (1, 10, 30, 50, 70, 80, 90, 95),
    "AVIF": (10, 25, 40, 55, 65, 75, 85, 92),
}


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


def image_codec(name, rgb, quality):
    """An image `(H, W, 3)` through a codec of Pillow, and the bytes of its file."""
    options = {"JPEG": {"optimize": True}, "WebP": {"method": 6}, "AVIF": {"speed": 4}}[name]
    return _through(Image.fromarray(rgb), name, quality=quality, **options)


def lossless_webp(rgb):
    """Bytes of an image `(H, W, 3)` as a lossless WebP, decoded again to be sure.

    With all the effort libwebp knows, but for large images: there the last step takes ten seconds for 1 to 5 per cent.
    """
    effort = 6 if rgb.shape[0] * rgb.shape[1] <= CRUNCHED_PIXELS else 5
    decoded, size = _through(Image.fromarray(rgb), "WebP", lossless=True, quality=100, method=effort, exact=True)
    _same(decoded, rgb)
    return size


def bd_rate(reference, curve):
    """Bjontegaard's delta rate in per cent: how many more bytes a curve needs than a reference for the same quality.

    Args:
        reference, curve: pairs of bits for each pixel and quality, at least two, in any order.

    Returns:
        The mean over the qualities that both reach, or None if there are none. Logarithms of rates are interpolated by
        PCHIP (Bjontegaard, VCEG-M33, as ITU-T HSTP-VID-WPOM does it).
    """
    lines = []
    for points in (reference, curve):
        points = sorted((quality, np.log(rate)) for rate, quality in points)
        rising = [points[0]]
        rising += [point for point in points[1:] if point[0] > rising[-1][0]]
        lines.append(PchipInterpolator(*zip(*rising, strict=True)) if len(rising) > 1 else None)
    if None in lines:
        return None
    low, high = max(line.x[0] for line in lines), min(line.x[-1] for line in lines)
    if low >= high:
        return None
    other, own = (line.integrate(low, high) / (high - low) for line in lines)
    return float(100 * np.expm1(own - other))


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
    decoded, size = _through(image, "PNG", optimize=True)
    _same(decoded, colors[indices])
    return size


def _through(image, codec, **options):
    file = io.BytesIO()
    image.save(file, codec, **options)
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB")), file.getbuffer().nbytes


def _same(decoded, rgb):
    if not np.array_equal(decoded, rgb):
        raise ValueError("a lossless codec did not keep the image")
