"""Colour bins: chroma as one of Q colours, for colorization by classification.

Square lattices of Champati, Houle and Zhang ("Small-Scale Automatic Image Colorization"), in a* and b* or in U and V,
and the 313 bins of Zhang, Isola and Efros ("Colorful Image Colorization", ECCV 2016), those of a lattice of step 10
that lie in the gamut. All functions work on any Keras backend.
"""

import math

import numpy as np
from keras import ops

LATTICES = ("edge", "center")
# The lowest value and the width of each axis, as published.
_RANGES = {"lab": (-110.0, 220.0), "yuv": (-0.5, 1.0)}
# Zhang's bins: for a* = -90, -80, ... 100, the first and the last b*.
_ZHANG_B = (
    *((50, 90), (20, 90), (0, 90), (-20, 90), (-30, 100), (-40, 100), (-50, 100), (-50, 100), (-60, 100), (-70, 100)),
    *((-80, 90), (-80, 90), (-90, 90), (-100, 90), (-100, 80), (-110, 80), (-110, 80), (-110, 70), (-110, 70)),
    (-90, 0),
)


def square_bins(count, space="lab", lattice="edge"):
    """A square lattice of colours, float32 `(count, 2)`, the first channel slowest.

    The published lattice takes the left edge of each cell for its colour: it has a bin at grey for 64 and 100 bins,
    none for 49 and 81, and nothing near its upper end. With the cells' centres, which cover the range evenly, 49 and 81
    have the bin at grey.

    Args:
        count: number of bins, a square: 49, 64, 81 and 100 in the paper.
        space: "lab", a* and b* from -110 to 110, or "yuv", U and V from -0.5 to 0.5. Colours beyond, such as V up to
            0.61, belong to the nearest bin.
        lattice: "edge" as published, or "center".

    Raises:
        ValueError: a count that is no square, another space or lattice.
    """
    side = math.isqrt(max(count, 0))
    if count < 4 or side * side != count:
        raise ValueError(f"`count` must be the square of a whole number of at least 2. Received: count={count}")
    if space not in _RANGES:
        raise ValueError(f"`space` must be one of {tuple(_RANGES)}. Received: space={space!r}")
    if lattice not in LATTICES:
        raise ValueError(f"`lattice` must be one of {LATTICES}. Received: lattice={lattice!r}")
    low, width = _RANGES[space]
    axis = low + width / side * (np.arange(side) + (0.5 if lattice == "center" else 0))
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2).astype("float32")


def zhang_bins():
    """The 313 colours of Zhang, Isola and Efros 2016 in a* and b*, float32 `(313, 2)`."""
    rows = zip(range(-90, 101, 10), _ZHANG_B, strict=True)
    return np.array([(a, b) for a, (low, high) in rows for b in range(low, high + 1, 10)], "float32")


def nearest_bin(chroma, bins):
    """The number of the nearest bin, int32 `(...)`, of each chroma `(..., 2)`."""
    # |c - b|^2 less what is equal for all bins.
    return ops.cast(ops.argmax(_nearness(chroma, bins), axis=-1), "int32")


def soft_encode(chroma, bins, neighbours=5, sigma=5.0):
    """Weights of the nearest bins, `(..., Q)`, each chroma's sum 1: Zhang, Isola and Efros 2016, section 2.1.

    Args:
        chroma: `(..., 2)`.
        bins: `(Q, 2)`.
        neighbours: bins that get a weight.
        sigma: of the Gaussian in distance, in the units of the bins.
    """
    nearness, nearest = ops.top_k(_nearness(chroma, bins), neighbours)
    weights = ops.softmax(nearness / (2 * sigma**2), axis=-1)
    return ops.sum(ops.one_hot(nearest, len(bins)) * ops.expand_dims(weights, -1), axis=-2)


def annealed_mean(logits, bins, temperature=0.38):
    """Chroma `(..., 2)` of logits `(..., Q)` of bins: equations 6 and 7 of Champati, Houle and Zhang.

    Probabilities are raised to 1 / `temperature` and normalised, which is a softmax of the logits over it, and the
    bins' colours averaged by them: 1 gives the mean, towards 0 it becomes the mode. Logarithms of probabilities are
    logits. ValueError for a temperature that is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"`temperature` must be above 0. Received: temperature={temperature}")
    return ops.matmul(ops.softmax(ops.divide(logits, temperature), axis=-1), bins)


def _nearness(chroma, bins):
    """2 c b - |b|^2 of each chroma and bin, `(..., Q)`: the larger, the nearer."""
    return ops.subtract(ops.matmul(chroma, 2 * bins.T), np.square(bins).sum(-1))
