"""How well colours were guessed: metrics of automatic colorization, over a set of images of one size.

Every metric takes uint8 sRGB, original and decoded, `(N, H, W, 3)`, and gives a float.
"""

import numpy as np

from training.rebalancing import bin_counts, chunks, smoothed_distribution
from zoo.color_bins import nearest_bin, zhang_bins
from zoo.color_spaces import rgb_to_lab

LARGEST_AB = 150  # Zhang, Isola and Efros's largest threshold


def threshold_accuracy(original, decoded, definition="channels to 255"):
    """Threshold accuracy of Champati, Houle and Zhang in per cent, by one of the ways in which it can be read.

    "Per cent of pixel values within a threshold, over every threshold, as a normalised integral, in RGB": `DISTANCES`
    has what is compared with the threshold and the largest threshold of each reading. The paper prints 91.05 for grey,
    which none of them gives on CIFAR-10; models are best compared by (TA - grey) / (100 - grey).
    """
    distance, largest = DISTANCES[definition]
    histogram = np.zeros(largest + 1)
    for a, b in chunks(original, decoded):
        error = np.ceil(distance(a.astype(float) - b)).clip(0, largest + 1).astype(int).ravel()
        histogram += np.bincount(error, minlength=largest + 2)[: largest + 1]
    # The histogram's running sum is the number within each threshold.
    return float(100 * histogram.cumsum().mean() / _values(original, definition))


DISTANCES = {
    "channels to 255": (np.abs, 255),
    "channels to 150": (np.abs, 150),
    "Euclidean to 255": (lambda difference: np.sqrt(np.square(difference).sum(-1)), 255),
}


def auc(original, decoded, rebalanced=False):
    """Mean over thresholds of 0 to 150 of the per cent of pixels within that distance in a* and b*.

    Zhang, Isola and Efros 2016, section 3.1. `rebalanced` weighs each pixel with the inverse of how frequent its
    true colour is, in the 313 bins, smoothed over three of them, of the originals given.
    """
    weights, bins = np.ones(1), zhang_bins()
    if rebalanced:
        p = smoothed_distribution(bin_counts(original, rgb_to_lab, bins), bins, 3.0)
        weights = 1 / np.maximum(p, 1e-12)
    histogram = np.zeros(LARGEST_AB + 2)
    for a, b in chunks(original, decoded):
        true, guessed = (np.asarray(rgb_to_lab(x))[..., 1:] for x in (a, b))
        error = np.ceil(np.hypot(*np.moveaxis(true - guessed, -1, 0))).clip(0, LARGEST_AB + 1).astype(int)
        weight = weights[np.asarray(nearest_bin(true, bins))] if rebalanced else np.ones(error.shape)
        histogram += np.bincount(error.ravel(), weight.ravel(), LARGEST_AB + 2)
    return float(100 * histogram[:-1].cumsum().mean() / histogram.sum())


def colorfulness(images):
    """Mean colourfulness of uint8 sRGB images, M^(3) of Hasler and Suesstrunk 2003: 0 for grey, above 80 for vivid."""
    red, green, blue = np.moveaxis(np.asarray(images, np.float32), -1, 0)
    planes = np.stack([red - green, (red + green) / 2 - blue])
    deviation, mean = planes.std(axis=(2, 3)), planes.mean(axis=(2, 3))
    return float(np.mean(np.hypot(*deviation) + 0.3 * np.hypot(*mean)))


def _values(images, definition):
    return images.size if definition.startswith("channels") else images.size // images.shape[-1]
