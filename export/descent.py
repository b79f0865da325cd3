"""Better aims for the levels of a colour pyramid by descent through its decoder, which costs seconds and saves bytes.

`Pyramid.encode` aims each level at the photograph's means. What the decoder makes of means is not the best that it can
make, and some cost more bits than they are worth. Here Adam (arXiv 1412.6980) moves the finest grid to where squared
errors and bits of all levels are least together. Bits are told by a smooth function of how large residuals would be.
Where that ends up worse than the means, as it does where steps are fine, these are kept.
"""

from functools import lru_cache

import keras
import numpy as np
import tensorflow as tf

from training.metrics.images import squared_error
from zoo.codecs import payload
from zoo.codecs.pyramid import UNIT, WORKING, luma_and_chroma, means
from zoo.codecs.pyramid_coder import LevelCoder
from zoo.color_grid import sample_grid
from zoo.color_spaces import RGB_FROM_CHROMA

RATE = 1.0  # of Adam, in levels of chroma, falling to none
SLOWLY, LEAST = 0.99, 1e-3  # Adam's second beta and its epsilon
MOST_PIXELS = 1 << 21  # of which gradients are taken
# Bits of a residual of so many steps, about: BITS * log2(1 + SIZE * |steps|), and smooth at 0.
BITS, SIZE, ROUND = 3.0, 1.8, 0.05
PART = 0.5  # of a layout's price, at which residuals are chosen then: what aims cost has been weighed already


def descended(pyramid, usual, grids, rgb, price, steps):
    """Residuals of all levels by their cells, and the finest grid that they give.

    Photographs of more than `MOST_PIXELS` stay as they are: gradients are of the whole.

    Args:
        pyramid: a `zoo.codecs.pyramid.Pyramid` of an `EdgeCodec`, on TensorFlow.
        usual: what `pyramid.encode` gives of these grids.
        grids: means of Cb and Cr of the photograph, by their cells.
        rgb: the photograph, uint8 sRGB `(H, W, 3)`.
        price: what a bit costs, in squared errors over R, G and B.
        steps: of descent.
    """
    layout = pyramid.layout
    if layout.size[0] * layout.size[1] > MOST_PIXELS:
        return usual
    gradient = _gradient(tuple(layout.cells), tuple(pyramid.network(n) for n in layout.cells))
    lumas = [tf.constant(pyramid.luma(n)[None, ..., None], tf.float32) for n in layout.cells]
    truth, weight = tf.constant(luma_and_chroma(rgb)[1][None], tf.float32), tf.constant(price, tf.float32)
    units = [tf.constant(np.array(layout.steps(n)) / UNIT, tf.float32) for n in layout.cells]
    grid = keras.Variable(grids[layout.last][None], dtype="float32")
    adam = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps), beta_2=SLOWLY, epsilon=LEAST)
    for _ in range(steps):
        adam.apply([gradient(tf.convert_to_tensor(grid.value), lumas, truth, units, weight)], [grid])
    aims = {layout.last: grid.numpy()[0].astype(np.float64)}
    for n in layout.cells[-2::-1]:
        aims[n] = means(aims[n // 2], 2)
    bettered = pyramid.encode(aims, payload.priors(), share=PART)

    def cost(found):
        bits = payload.coded(layout, found[0], LevelCoder(payload.priors())).bits
        return squared_error(rgb, pyramid.joined(found[1])) + price * bits

    return min(usual, bettered, key=cost)


@lru_cache(maxsize=8)
def _gradient(cells, networks):
    """A function of the finest grid, of luma of all levels, of the photograph's chroma, of the steps and of the price:
    by how much the cost rises with each colour. Photographs of one size share it, for it takes seconds to build.
    """

    def decoded(network, luma, grid):
        """As `Pyramid.chroma`: of nothing but zeros comes nothing."""
        return network({"luma": luma, "grid": grid})["chroma"] * tf.cast(tf.reduce_any(grid != 0), tf.float32)

    @tf.function(autograph=False)
    def gradient(finest, lumas, truth, units, price):
        with tf.GradientTape() as tape:
            tape.watch(finest)
            error = truth - decoded(networks[-1], lumas[-1], finest)
            cost = tf.reduce_sum(tf.square(tf.matmul(error, RGB_FROM_CHROMA[None])))
            grids, guesses = [finest], [0.0]
            for _ in cells[1:]:
                grids.insert(0, sample_grid(grids[0], 2, "means"))
            for n, network, luma, grid in zip(cells[:-1], networks, lumas, grids, strict=False):
                guesses.append(sample_grid(decoded(network, luma, grid), min(n, WORKING) // 2, "means"))
            for grid, guess, unit in zip(grids, guesses, units, strict=True):
                cost += price * tf.reduce_sum(_bits((grid - guess) / unit))
        return tape.gradient(cost, finest)

    return gradient


def _bits(steps):
    """About how many bits residuals of so many steps take."""
    size = tf.sqrt(tf.square(steps) + ROUND**2) - ROUND
    return BITS / np.log(2) * tf.math.log1p(SIZE * size)
