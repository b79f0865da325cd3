"""Structural similarity as a loss."""

import numpy as np
from keras import ops


def ssim(original, decoded):
    """Structural similarity `(B,)` over R, G and B in 0 to 1: `training.metrics.images.ssim`, for a batch."""
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
