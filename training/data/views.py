"""Random views of photographs: another crop, scale, flip and luma codec each time, for models that need many."""

import numpy as np
import tensorflow as tf
from PIL import Image

from training.command import CommandError
from training.data.luma import CODECS, compress_luma, grey

LARGEST_SIDE = 512  # the shorter side of what is held in memory; larger photographs are resized to it
FULL_SCALE_SHARE = 0.4
LEAST_SCALE = 0.4
GREY_SHARE = 0.03
NOISY_SHARE = 0.25
MOST_NOISE = 4.0  # standard deviation, of 255
COMPRESSED_SHARE = 0.25


class RandomViews:
    """Random crops of photographs, held in memory.

    A view is a square of a photograph at full size or resized to 0.4 to 1 of it (Lanczos), and mirrored half of the
    time. To a quarter of them noise is added, as of a camera: single points must not be trusted too far. A few are
    made grey, so that grey stays grey. For a share the luma went through JPEG, WebP or AVIF at low quality, as it will
    have where luma is sent by such a codec; chroma is that of the original.

    Args:
        sources: `Photographs`; each one gives the same share of the views.
        split: of the sources.
        seed: of all random choices.
        compressed: the share whose luma went through a codec.
    """

    def __init__(self, sources, split, seed, compressed=COMPRESSED_SHARE):
        self.images = [[_at_most(rgb, LARGEST_SIDE) for rgb in source.images(split)] for source in sources]
        self.seed, self.compressed = seed, compressed

    def batches(self, size, batch_size, stream, first=0):
        """An endless tf.data.Dataset of (seen, original), uint8 `(batch, size, size, 3)` each.

        Args:
            size: side of the views; photographs that are smaller are left out.
            batch_size: views in a batch.
            stream: a number; each stream draws on its own.
            first: number of the batch to begin with.

        Raises:
            CommandError: no photograph is as large as that.
        """
        sources = [[rgb for rgb in images if min(rgb.shape[:2]) >= size] for images in self.images]
        sources = [images for images in sources if images]
        if not sources:
            raise CommandError(f"no photograph to train on is at least {size}x{size}: choose a smaller --size")

        def draw(index):
            random = np.random.default_rng([self.seed, stream, index])
            return random_view(random, sources, size, self.compressed)

        def view(index):
            seen, original = tf.numpy_function(draw, [index], (tf.uint8, tf.uint8))
            return tuple(tf.ensure_shape(rgb, (size, size, 3)) for rgb in (seen, original))

        numbers = tf.data.Dataset.range(first * batch_size, np.iinfo(np.int64).max)
        return numbers.map(view, num_parallel_calls=2).batch(batch_size, drop_remainder=True)


def random_view(random, sources, size, compressed=COMPRESSED_SHARE):
    """One view `(seen, original)`, uint8 `(size, size, 3)`, of lists of images that are all large enough."""
    images = sources[random.integers(len(sources))]
    rgb = images[random.integers(len(images))]
    scale = 1.0 if random.random() < FULL_SCALE_SHARE else random.uniform(LEAST_SCALE, 1)
    side = min(round(size / scale), *rgb.shape[:2])
    top, left = (random.integers(length - side + 1) for length in rgb.shape[:2])
    view = rgb[top : top + side, left : left + side]
    if side > size:
        view = np.asarray(Image.fromarray(view).resize((size, size), Image.Resampling.LANCZOS))
    if random.random() < 0.5:
        view = view[:, ::-1]
    if random.random() < NOISY_SHARE:
        noise = random.normal(0, random.uniform(0, MOST_NOISE), view.shape)
        view = (view + noise).round().clip(0, 255).astype(np.uint8)
    if random.random() < GREY_SHARE:
        view = grey(view)
    if random.random() >= compressed:
        return view, view
    codec = list(CODECS)[random.integers(len(CODECS))]
    return compress_luma(view, codec, int(random.integers(*CODECS[codec]))), view


def _at_most(rgb, side):
    shorter = min(rgb.shape[:2])
    if shorter <= side:
        return rgb
    width, height = (round(length * side / shorter) for length in rgb.shape[1::-1])
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS))
