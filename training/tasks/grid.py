"""Colours from luma and a colour grid.

A task turns a batch of uint8 sRGB into model inputs, and knows the loss and the metrics in its own colour space. It is
the only place that knows what is hidden and what is predicted. Vectorised, on the accelerator.
"""

import keras
from keras import ops

from training.tasks.random_layers import RandomInteger, RandomPoints, RandomStep, UniformNoise
from zoo.color_grid import point_mask, sample_grid
from zoo.color_spaces import (
    RGB_FROM_CHROMA,
    RGB_FROM_WHITE,
    lab_to_rgb,
    lab_to_white_xyz,
    linear_to_srgb,
    rgb_to_lab,
    rgb_to_ycbcr,
)

N_RANGE = (6, 100)
PAPER_STEPS = (6, 15, 20, 40, 50, 60, 80, 100)
HUBER_DELTA = 127.5  # CIELAB units: 1 where a* and b* are scaled to [-1, 1]
# Levels squared that are added to an image's error before its logarithm is taken, of decoders of dense grids, and where
# batches hold grids of every step: images that are nearly right already must not outweigh all others there.
LEAST_ERROR = 0.5
LEAST_ERROR_OF_MANY = 20.0


class ColorGridTask:
    """Crayon's task: lightness and a colour grid in, all of CIELAB out (arXiv 2502.05402, section 3).

    Args:
        n: grid step: an int, or `random`: uniform in 6 to 100 for each training image, and the paper's eight
            steps in turn for validation.
        loss: one of LOSSES.
    """

    output = "lab"  # of the network, which loss and metrics judge

    def __init__(self, n, loss="mse"):
        self.n = n
        self.loss = LOSSES[loss]

    def inputs(self, rgb):
        """`{"luma": (B, H, W, 1), "hints": (B, H, W, 2)}` of a symbolic batch `(B, H, W, 3)` of uint8 sRGB."""
        lab = rgb_to_lab(rgb)
        height, width = rgb.shape[1:3]
        n = self.n
        if n == "random":
            n = ops.reshape(RandomInteger(*N_RANGE, PAPER_STEPS, name="n")(rgb), (-1, 1, 1, 1))
        return {"luma": lab[..., :1], "hints": lab[..., 1:] * point_mask(height, width, n)}

    def psnr(self, rgb, lab):
        """PSNR in dB of each image in 8-bit sRGB."""
        error = ops.cast(rgb, "float32") - ops.round(lab_to_rgb(lab))
        return 10 * ops.log10(255**2 / ops.maximum(ops.mean(ops.square(error), axis=(1, 2, 3)), 1e-3))


class ScatteredTask(ColorGridTask):
    """The same for every grid and for hints that are on none, usually judged as PSNR judges; ours.

    Args:
        n: grid step: an int, or `random`: in training log-uniform from 4 to 110 or a third of the side, for validation
            the paper's eight steps in turn.
        loss: one of LOSSES.
    """

    RANGE = (4, 110)
    SCATTERED = 0.12  # the share of images whose hints are on no grid

    def __init__(self, n, loss="decibels"):
        super().__init__(n, loss)

    def inputs(self, rgb):
        """As of `ColorGridTask`, also of a batch whose height and width are known only when it comes."""
        low, high, turn = (*self.RANGE, PAPER_STEPS) if self.n == "random" else (self.n, self.n, (self.n,))
        lab = rgb_to_lab(rgb)
        return {"luma": lab[..., :1], "hints": lab[..., 1:] * RandomPoints(low, high, turn, self.SCATTERED)(rgb)}


class DenseGridTask:
    """Luma and a dense colour grid in, chroma out, in Y'CbCr and in 8 bits, as a device has them.

    Args:
        n: grid step.
        kind: "means" or "points".
    """

    def __init__(self, n, kind):
        self.n = n
        self.kind = kind

    def inputs(self, rgb):
        """`{"luma": (B, H, W, 1), "grid": (B, ceil(H/n), ceil(W/n), 2)}` of a symbolic batch of uint8 sRGB."""
        ycbcr = rgb_to_ycbcr(rgb)
        return {
            "luma": ops.round(ycbcr[..., :1]),
            "grid": ops.round(sample_grid(ycbcr[..., 1:], self.n, self.kind)),
        }

    def loss(self, rgb, chroma):
        """Mean squared error of each image over R, G and B, in dB: 48.13 less PSNR, but for rounding and clipping."""
        return _decibels(ops.matmul(rgb_to_ycbcr(rgb)[..., 1:] - chroma, RGB_FROM_CHROMA), LEAST_ERROR)


class PyramidTask(DenseGridTask):
    """The same with a level of a colour pyramid as the grid, as `zoo.codecs.pyramid` writes and reads it.

    A decoder predicts it from the level before, and what that misses is rounded to steps. How a file chooses by rate
    and distortion is told in short: less than KEPT steps are none, and more are rounded a little towards zero.

    Args:
        n: pixels of the cells.
        steps: the range of steps, in levels of chroma; each image has its own.
        coarser: a decoder of cells of `2 n` pixels, or where luma is halved for these, of n.
    """

    KEPT, RATIO = 0.6, 1.5

    def __init__(self, n, steps, coarser):
        super().__init__(n, "means")
        self.steps = steps
        self.coarser = coarser

    def inputs(self, rgb):
        """As of `DenseGridTask`."""
        ycbcr = rgb_to_ycbcr(rgb)
        luma, chroma = ops.round(ycbcr[..., :1]), ycbcr[..., 1:]
        step = RandomStep(*self.steps)(rgb)
        above = UniformNoise()(sample_grid(chroma, 2 * self.n, "means") * (self.RATIO / step)) * (step / self.RATIO)
        size = self.coarser.input["luma"].shape[1:3]
        seen = luma if luma.shape[1:3] == size else ops.round(sample_grid(luma, 2, "means"))
        found = self.coarser({"luma": seen, "grid": above})["chroma"]
        guess = sample_grid(found, self.n * size[0] // luma.shape[1], "means")
        missed = (sample_grid(chroma, self.n, "means") - guess) / step
        residuals = ops.sign(missed) * ops.floor(ops.abs(missed) + (1 - self.KEPT))
        return {"luma": luma, "grid": ops.stop_gradient(guess + residuals * step)}


def decibels(rgb, lab):
    """Mean squared error of each image over R, G and B, in dB: 48.13 less PSNR where that is well below 35 dB."""
    free = 255 * linear_to_srgb(ops.matmul(lab_to_white_xyz(lab), RGB_FROM_WHITE))
    return _decibels(ops.cast(rgb, "float32") - free, LEAST_ERROR_OF_MANY)


def mean_squared(rgb, lab):
    """Mean squared error of each image over a* and b*, in CIELAB units squared."""
    return ops.mean(ops.square(rgb_to_lab(rgb)[..., 1:] - lab[..., 1:]), axis=(1, 2, 3))


def huber(rgb, lab):
    """Huber's loss of each image over a* and b*: half of the squared error, of large errors less."""
    error = ops.abs(rgb_to_lab(rgb)[..., 1:] - lab[..., 1:])
    small = ops.minimum(error, HUBER_DELTA)
    return ops.mean(small * (error - small / 2), axis=(1, 2, 3))


LOSSES = {"decibels": decibels, "mse": mean_squared, "huber": huber}


def _decibels(error, least):
    return 10 * ops.log10(ops.mean(ops.square(error), axis=(1, 2, 3)) + least)


def compiled(network, task, size, optimizer):
    """A compiled Keras model from uint8 sRGB to the task's output of `network`.

    Args:
        network: a model of the zoo.
        task: one of those above.
        size: side of the images; None for any, batch by batch.
        optimizer: of Keras.
    """
    rgb = keras.Input((size, size, 3), dtype="uint8", name="rgb")
    model = keras.Model(rgb, network(task.inputs(rgb))[task.output])
    model.compile(optimizer, loss=task.loss, metrics=[task.psnr])
    return model
