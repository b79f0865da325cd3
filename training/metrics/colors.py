"""How well colours were guessed: metrics of automatic colorization, over a set of images of one size.

Every metric gives a float. Images are uint8 sRGB `(N, H, W, 3)`.
"""

import numpy as np
from keras import ops

from training.tasks.rebalancing import smoothed_distribution
from zoo.color_bins import nearest_bin, zhang_bins
from zoo.color_spaces import rgb_to_lab
from zoo.images import chunks

LARGEST_AB = 150  # Zhang, Isola and Efros's largest threshold


def threshold_accuracy(original, decoded, definition="255"):
    """Threshold accuracy of Champati, Houle and Zhang in per cent, by one of the ways in which it can be read.

    "Per cent of pixel values within a threshold, over every threshold, as a normalised integral, in RGB": `DISTANCES`
    has what is compared with the threshold and the largest threshold of each reading. The paper prints 91.05 for grey,
    which none of them gives on CIFAR-10; models are best compared by (TA - grey) / (100 - grey). By "squared" that is
    about the share of the squared error of grey that a model saves, and by the others that of its plain error.
    """
    distance, largest = DISTANCES[definition]
    histogram = np.zeros(largest + 2)
    for a, b in chunks(original, decoded):
        error = distance(a.astype(np.float32) - b)
        histogram += np.bincount(np.ceil(error).clip(0, largest + 1).astype(int).ravel(), minlength=largest + 2)
    # The histogram's running sum is the number within each threshold.
    return float(100 * histogram[:-1].cumsum().mean() / histogram.sum())


# By the largest threshold: of the channels one by one, of their Euclidean distance, or of its square.
DISTANCES = {
    "255": (np.abs, 255),
    "150": (np.abs, 150),
    "euclidean": (lambda difference: np.sqrt(np.square(difference).sum(-1)), 255),
    "squared": (lambda difference: np.square(difference).sum(-1), LARGEST_AB**2),
}


def chroma(images):
    """a* and b* `(N, H, W, 2)` of uint8 sRGB images."""
    return np.concatenate([ops.convert_to_numpy(rgb_to_lab(part)[..., 1:]) for (part,) in chunks(images)])


def rarity(true):
    """Weight `(N, H, W)` of each pixel for `auc`: the inverse of how frequent its true a* and b* are, `(N, H, W, 2)`.

    In the 313 bins, smoothed over three of them, of the originals given.
    """
    bins = zhang_bins()
    labels = np.concatenate([ops.convert_to_numpy(nearest_bin(part, bins)) for (part,) in chunks(true)])
    counts = np.bincount(labels.ravel(), minlength=len(bins))
    return 1 / np.maximum(smoothed_distribution(counts, bins, 3.0), 1e-12)[labels]


def auc(true, guessed, weights=None):
    """Mean over thresholds of 0 to 150 of the per cent of pixels within that distance: Zhang et al. 2016, section 3.1.

    Args:
        true, guessed: a* and b* `(N, H, W, 2)`.
        weights: of the pixels, `(N, H, W)`, see `rarity`; None for equal ones.
    """
    error = np.ceil(np.hypot(*np.moveaxis(true - guessed, -1, 0))).clip(0, LARGEST_AB + 1).astype(int)
    weights = None if weights is None else weights.ravel()
    histogram = np.bincount(error.ravel(), weights, LARGEST_AB + 2)
    return float(100 * histogram[:-1].cumsum().mean() / histogram.sum())


def colorfulness(images):
    """Mean colourfulness of uint8 sRGB images, M^(3) of Hasler and Suesstrunk 2003: 0 for grey, above 80 for vivid."""
    red, green, blue = np.moveaxis(np.asarray(images, np.float32), -1, 0)
    planes = np.stack([red - green, (red + green) / 2 - blue])
    deviation, mean = planes.std(axis=(2, 3)), planes.mean(axis=(2, 3))
    return float(np.mean(np.hypot(*deviation) + 0.3 * np.hypot(*mean)))
