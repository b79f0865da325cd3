"""Class rebalancing: rare colour bins count more."""

import numpy as np
from keras import ops
from scipy.ndimage import gaussian_filter

from zoo.color_bins import nearest_bin
from zoo.images import chunks


def bin_counts(images, from_rgb, bins):
    """How many pixels of uint8 sRGB images `(N, H, W, 3)` fall into each of the bins `(Q, 2)`, int64 `(Q,)`.

    `from_rgb` leads to the colour space of the bins, see `zoo.color_spaces`.
    """
    parts = (ops.convert_to_numpy(nearest_bin(from_rgb(part)[..., 1:], bins)) for (part,) in chunks(images))
    return sum(np.bincount(labels.ravel(), minlength=len(bins)) for labels in parts)


def smoothed_distribution(counts, bins, sigma):
    """The empirical distribution over bins, `(Q,)`, smoothed with a Gaussian of `sigma` bins on their lattice."""
    places = [np.unique(axis.round(4), return_inverse=True)[1] for axis in bins.T]
    lattice = np.zeros([place.max() + 1 for place in places])
    lattice[tuple(places)] = counts / counts.sum()
    smoothed = gaussian_filter(lattice, sigma, mode="constant")[tuple(places)] if sigma else lattice[tuple(places)]
    return smoothed / smoothed.sum()


def rebalancing_weights(counts, bins, mix=0.2, sigma=3.0):
    """Weight of each bin, float32 `(Q,)`: equation 5 of Champati, Houle and Zhang.

    w is proportional to 1 / ((1 - mix) p + mix / Q), and the sum of p w is 1.

    Args:
        counts: pixels of each bin, of training images only.
        bins: `(Q, 2)`, on a lattice.
        mix: share of the uniform distribution, lambda: 0.2 in the paper, 0.1 in its code.
        sigma: of the Gaussian that smooths p, in bins.
    """
    p = smoothed_distribution(counts, bins, sigma)
    weights = 1 / ((1 - mix) * p + mix / len(bins))
    return (weights / (p @ weights)).astype("float32")
