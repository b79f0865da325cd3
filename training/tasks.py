"""Tasks: what is hidden from a model, and what it must predict. Vectorised, on the accelerator.

A task turns a batch of uint8 sRGB into model inputs, and knows the loss and the metrics in its own colour space.
It is the only place that knows what is hidden and what is predicted.
"""

import keras
import numpy as np
from keras import ops

from zoo.color_autoencoder import LEVELS, bits, held
from zoo.color_bins import nearest_bin, soft_encode
from zoo.color_grid import point_mask, sample_grid
from zoo.color_spaces import RGB_FROM_CHROMA, lab_to_rgb, rgb_to_lab, rgb_to_ycbcr, rgb_to_yuv
from zoo.latent_codec import DEPTHS

N_RANGE = (6, 100)
PAPER_STEPS = (6, 15, 20, 40, 50, 60, 80, 100)


class ColorGridTask:
    """Crayon's task: lightness and a colour grid in, all of CIELAB out (arXiv 2502.05402, section 3).

    Args:
        n: grid step: an int, or `random`: uniform in 6 to 100 for each training image, and the paper's eight
            steps in turn for validation.
    """

    def __init__(self, n):
        self.n = n

    def inputs(self, rgb):
        """`{"luma": (B, H, W, 1), "hints": (B, H, W, 2)}` of a symbolic batch `(B, H, W, 3)` of uint8 sRGB."""
        lab = rgb_to_lab(rgb)
        height, width = rgb.shape[1:3]
        n = self.n
        if n == "random":
            n = ops.reshape(RandomInteger(*N_RANGE, PAPER_STEPS, name="n")(rgb), (-1, 1, 1, 1))
        return {"luma": lab[..., :1], "hints": lab[..., 1:] * point_mask(height, width, n)}

    def loss(self, rgb, lab):
        """Mean squared error over a* and b*, in CIELAB units squared."""
        return ops.mean(ops.square(rgb_to_lab(rgb)[..., 1:] - lab[..., 1:]), axis=(1, 2, 3))

    def psnr(self, rgb, lab):
        """PSNR in dB of each image in 8-bit sRGB."""
        error = ops.cast(rgb, "float32") - ops.round(lab_to_rgb(lab))
        return 10 * ops.log10(255**2 / ops.maximum(ops.mean(ops.square(error), axis=(1, 2, 3)), 1e-3))


class DenseGridTask:
    """Luma and a dense colour grid in, chroma out, in Y'CbCr and in 8 bits, as a device has them.

    Args:
        n: grid step.
        kind: "means" or "points".
    """

    LEAST_ERROR = 0.5  # of a level squared: a flat image must not outweigh all others

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
        error = ops.matmul(rgb_to_ycbcr(rgb)[..., 1:] - chroma, RGB_FROM_CHROMA)
        return 10 * ops.log10(ops.mean(ops.square(error), axis=(1, 2, 3)) + self.LEAST_ERROR)


class LumaTask:
    """Colours from luma alone (Champati, Houle and Zhang).

    Args:
        space: "lab", "yuv" or "rgb", as in `zoo.champati`.
        bins: colours `(Q, 2)` of the bins, for classification.
        weights: of the bins, `(Q,)`; None for equal ones.
        soft: whether labels are soft, as in Zhang, Isola and Efros 2016; one-hot otherwise.
    """

    FROM_RGB = {"lab": rgb_to_lab, "yuv": rgb_to_yuv, "rgb": rgb_to_ycbcr}

    def __init__(self, space, bins=None, weights=None, soft=False):
        self.space = space
        self.bins = bins
        self.weights = weights
        self.soft = soft

    def inputs(self, rgb):
        """`{"luma": (B, H, W, 1)}` of a symbolic batch `(B, H, W, 3)` of uint8 sRGB."""
        return {"luma": self.FROM_RGB[self.space](rgb)[..., :1]}

    def squared_error(self, rgb, joined):
        """Equation 1: squared distance of each pixel, summed over channels, averaged over pixels; of each image."""
        return ops.mean(ops.sum(ops.square(self._error(rgb, joined)), axis=-1), axis=(1, 2))

    def absolute_error(self, rgb, joined):
        """Absolute error of each pixel, summed over channels, averaged over pixels; of each image. Ours.

        What is least is the median of the colours that may be, not their mean: less vivid, and nearer to the truth as
        threshold accuracy counts it.
        """
        return ops.mean(ops.sum(ops.abs(self._error(rgb, joined)), axis=-1), axis=(1, 2))

    def _error(self, rgb, joined):
        original = ops.cast(rgb, "float32") if self.space == "rgb" else self.FROM_RGB[self.space](rgb)
        return original - joined

    def cross_entropy(self, rgb, logits):
        """Equations 2 and 3, averaged over pixels, of each image."""
        chroma = self.FROM_RGB[self.space](rgb)[..., 1:]
        labels = nearest_bin(chroma, self.bins)
        truth = soft_encode(chroma, self.bins) if self.soft else ops.one_hot(labels, len(self.bins))
        entropy = -ops.sum(truth * ops.log_softmax(logits, axis=-1), axis=-1)
        if self.weights is not None:
            entropy = entropy * ops.take(self.weights, labels)
        return ops.mean(entropy, axis=(1, 2))


class LatentTask:
    """Few bits and little error at once, at eight levels of quality: for `zoo.adaptive_autoencoder`.

    Args:
        network: the model.
        depth: how many bits each position of a latent gets: one of `zoo.latent_codec.DEPTHS`.
    """

    # What a squared level of error is worth in bits for each pixel, from the lowest level to the highest.
    WORTH = 0.0016 * 2.0 ** np.arange(LEVELS, dtype="float32")

    def __init__(self, network, depth):
        self.parts = {name: network.get_layer(name) for name in ("encoder", "decoder", "entropy")}
        self.depth = depth

    def outputs(self, rgb):
        """Cost, bits for each pixel and PSNR, `(B, 3)`, of a symbolic batch of uint8 sRGB; each one's level is random.

        As in Minnen and Singh 2020: for its cost a number has noise in the place of rounding; the decoder is given what
        is rounded, and the gradient as if it were not.
        """
        rgb = ops.cast(rgb, "float32")
        color, pixels = ops.round(ops.mean(rgb, axis=(1, 2))), rgb.shape[1] * rgb.shape[2]
        level = RandomInteger(0, LEVELS - 1, tuple(range(LEVELS)), name="level")(rgb)
        inputs = {"rgb": rgb, "color": color, "level": level}
        latent = self.parts["encoder"](inputs)["latent"]
        depth = ops.stop_gradient(DEPTHS[self.depth](latent, inputs))
        # What is cut off has no gradient: it would grow for ever, to no effect.
        latent = held(latent, depth)
        numbers = latent + ops.stop_gradient(ops.round(latent) - latent)
        decoded = self.parts["decoder"]({"latent": numbers, "color": color, "level": level})["rgb"]
        bpp = bits(self.parts["entropy"], UniformNoise(name="noise")(latent), depth, level) / pixels
        error = ops.mean(ops.square(decoded - rgb), axis=(1, 2, 3))
        worth = ops.take(self.WORTH, level)
        # Divided by its root, so that all levels weigh about the same.
        cost = (bpp + worth * error) / ops.sqrt(worth)
        return ops.stack([cost, bpp, 10 * ops.log10(255**2 / ops.maximum(error, 1e-3))], axis=-1)


class UniformNoise(keras.layers.Layer):
    """Adds noise of -0.5 to 0.5 in training; rounds otherwise."""

    def __init__(self, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        if not training:
            return ops.round(x)
        return x + keras.random.uniform(ops.shape(x), -0.5, 0.5, seed=self.seed_generator)


class RandomInteger(keras.layers.Layer):
    """A whole number `(B,)` for each image of a batch: random in training, `turn` by turn otherwise.

    Args:
        low, high: the range, both included.
        turn: the numbers to take otherwise.
        seed: of what is random.
    """

    def __init__(self, low, high, turn, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.low = low
        self.high = high
        self.turn = turn
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, rgb, training=False):
        count = ops.shape(rgb)[0]
        if training:
            return keras.random.randint((count,), self.low, self.high + 1, seed=self.seed_generator)
        return ops.take(ops.convert_to_tensor(self.turn, "int32"), ops.arange(count) % len(self.turn))

    def compute_output_spec(self, rgb, training=False):
        return keras.KerasTensor((rgb.shape[0],), "int32")


def ssim(original, decoded):
    """Structural similarity `(B,)` over R, G and B in 0 to 1: that of `training.metrics`, for many images at once."""
    x = np.exp(-0.5 * np.square(np.arange(-5, 6) / 1.5))
    window = np.tile((np.outer(x, x) / x.sum() ** 2)[..., None, None], (1, 1, 3, 1)).astype("float32")

    def mean(image):
        return ops.depthwise_conv(image, window, padding="valid")

    a, b = mean(original), mean(decoded)
    square_a, square_b, product = ops.square(a), ops.square(b), a * b
    variance = mean(ops.square(original)) - square_a + mean(ops.square(decoded)) - square_b
    covariance = mean(original * decoded) - product
    structure = (2 * covariance + 0.03**2) / (variance + 0.03**2)
    return ops.mean(structure * (2 * product + 0.01**2) / (square_a + square_b + 0.01**2), axis=(1, 2, 3))


def compiled(network, task, size, learning_rate):
    """A compiled Keras model from uint8 sRGB `(batch, size, size, 3)` to what `network` makes of the task's inputs."""
    rgb = keras.Input((size, size, 3), dtype="uint8", name="rgb")
    model = keras.Model(rgb, network(task.inputs(rgb)))
    model.compile(keras.optimizers.Adam(learning_rate), loss=task.loss, metrics=[task.psnr])
    return model
