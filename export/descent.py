"""Better residuals of a colour pyramid by descent through its decoder, which costs seconds and saves bytes.

`Pyramid.encode` rounds each level for its own sake. What a residual does to the photograph, through all levels behind
it and through the decoder, its gradient says: each step moves what residuals should be against it, and rounds them anew
by rate and distortion. Kept is what costs least.
"""

from functools import lru_cache

import numpy as np
import tensorflow as tf

from zoo.codecs import payload
from zoo.codecs.pyramid import UNIT, WEIGHTS, WORKING, level_of, luma_and_chroma
from zoo.codecs.pyramid_coder import LevelCoder
from zoo.color_grid import sample_grid
from zoo.color_spaces import RGB_FROM_CHROMA

FIRST_RATE = 0.6  # of the steps
MOST_PIXELS = 1 << 21  # of which gradients are taken
SLOWER = 0.6  # times that after a step that made it worse


def descended(pyramid, residuals, rgb, price, steps):
    """Residuals of all levels by their cells, and the finest grid that they give.

    Photographs of more than `MOST_PIXELS` stay as they are: gradients are of the whole.

    Args:
        pyramid: a `zoo.codecs.pyramid.Pyramid` of an `EdgeCodec`, on TensorFlow.
        residuals: to begin with.
        rgb: the photograph, uint8 sRGB `(H, W, 3)`.
        price: what a bit costs, in squared errors over R, G and B.
        steps: of descent.
    """
    layout, rate, least, kept = pyramid.layout, FIRST_RATE, np.inf, None
    if layout.size[0] * layout.size[1] > MOST_PIXELS:
        return residuals, pyramid.decode(residuals)
    measure = _measure(tuple(layout.cells), tuple(pyramid.network(n) for n in layout.cells))
    lumas = [tf.constant(pyramid.luma(n)[None, ..., None], tf.float32) for n in layout.cells]
    truth = tf.constant(luma_and_chroma(rgb)[1][None], tf.float32)
    for step in range(steps + 1):
        units = [tf.constant((residuals[n] * _steps(layout, n))[None], tf.float32) for n in layout.cells]
        error, *gradients = measure(units, lumas, truth)
        cost = float(error) + price * payload.coded(layout, residuals, LevelCoder(payload.priors())).bits
        if cost < least:
            least, kept = cost, (residuals, [gradient.numpy()[0] for gradient in gradients])
        else:
            rate *= SLOWER
        if step < steps:
            residuals = _moved(layout, *kept, price, rate)
    return kept[0], pyramid.decode(kept[0])


def _moved(layout, residuals, gradients, price, rate):
    """Residuals a step further."""
    coder, moved = LevelCoder(payload.priors()), {}
    for n, gradient in zip(layout.cells, gradients, strict=True):
        steps = _steps(layout, n)
        weights = n * n * WEIGHTS * steps**2
        wanted = residuals[n] - rate * gradient * steps / (2 * weights)
        moved[n] = coder.code(level_of(n), residuals[n], layout.steps(n), wanted, weights / rate, price)
    return moved


@lru_cache(maxsize=8)
def _measure(cells, networks):
    """A function of what all levels add, of their luma and of the photograph's chroma: the squared error over R, G and
    B, and its gradients. Photographs of one size share it, for it takes seconds to build.
    """

    def decoded(network, luma, grid):
        """As `Pyramid.chroma`: of nothing but zeros comes nothing."""
        return network({"luma": luma, "grid": grid})["chroma"] * tf.cast(tf.reduce_any(grid != 0), tf.float32)

    @tf.function
    def measure(units, lumas, truth):
        with tf.GradientTape() as tape:
            tape.watch(units)
            grid = units[0]
            for n, network, luma, unit in zip(cells, networks, lumas, units[1:], strict=False):
                grid = sample_grid(decoded(network, luma, grid), min(n, WORKING) // 2, "means") + unit
            error = truth - decoded(networks[-1], lumas[-1], grid)
            error = tf.reduce_sum(tf.square(tf.matmul(error, RGB_FROM_CHROMA[None])))
        return error, *tape.gradient(error, units)

    return measure


def _steps(layout, n):
    """Steps in levels of chroma."""
    return np.array(layout.steps(n)) / UNIT
