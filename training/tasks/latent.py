"""Few bits and little error at once."""

import numpy as np
from keras import ops

from training.tasks.random_layers import RandomInteger, UniformNoise
from zoo.models.adaptive_autoencoder import DEPTHS, LEVELS, bits, held


class LatentTask:
    """Few bits and little error at once, at eight levels of quality: for `zoo.adaptive_autoencoder`.

    Args:
        network: the model.
        depth: how many bits each position of a latent gets: one of `zoo.models.adaptive_autoencoder.DEPTHS`.
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
