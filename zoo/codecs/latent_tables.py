"""What numbers and depths of a latent are coded by: tables of whole numbers, the same on every machine."""

import functools
from decimal import Decimal, localcontext

import numpy as np

from zoo.codecs.range_coding import Table
from zoo.models.adaptive_autoencoder import MOST_BITS, SCALES

SCALE_STEPS = 8  # tables for a doubling of the scale
LOWEST, HIGHEST = (int(limit * SCALE_STEPS) for limit in SCALES)
CHANCE_STEPS = 8  # tables for a doubling of a probability
_SHARES = 16  # bits of a probability that is multiplied with others


def key(scale, is_first, bits):
    """How a number is coded, in one number, in whose order numbers are coded; or, with arrays, how each of many is.

    By its scale, in steps above the lowest, whether it is the first of its band and position to need all its bits, and
    how many these are, up to `MOST_BITS`.
    """
    return (scale * 2 + is_first) * (MOST_BITS + 1) + bits


KEYS = key(HIGHEST - LOWEST, True, MOST_BITS) + 1
NO_KEY = key(0, False, 0)  # of numbers that are not coded


def _limit(bits):
    """The largest number of so many bits; one bit, like none, holds zero alone."""
    return (1 << np.maximum(bits, 1) - 1) - 1


# By depth, the largest number for which a bit less is enough.
LIMITS = _limit(np.arange(MOST_BITS + 1) - 1).astype(np.int16)


@functools.cache
def _shares_of_less():
    """How likely a number is one that a bit less would hold, in 1/65536, by its scale and depth."""
    shares = np.zeros((HIGHEST - LOWEST + 1, MOST_BITS + 1), np.int64)
    largest, bits = _limit(MOST_BITS), np.arange(2, MOST_BITS + 1)
    for row, scale in enumerate(range(LOWEST, HIGHEST + 1)):
        weights = np.array(_laplacian_weights(scale, largest)[largest:])  # of 0, 1, 2 ...
        within = 2 * np.cumsum(weights) - weights[0]
        shares[row, bits] = (within[_limit(bits - 1)] << _SHARES) // within[_limit(bits)]
    return shares


def first_weights(scales, depth):
    """How likely each number of a band is the first to need all its bits, `(positions, numbers)`.

    By the scales of these numbers, in steps above the lowest, and the depth of each position.
    """
    less = _shares_of_less()[scales, depth[:, None]]
    left, weights = np.full(len(depth), 1 << 40), np.empty_like(less)  # how likely there was none so far
    for number, share in enumerate(less.T):
        weights[:, number] = (left >> _SHARES) * ((1 << _SHARES) - share)
        left = (left >> _SHARES) * share
    return weights.clip(1)


@functools.lru_cache(4096)
def key_table(number):
    """What codes numbers of a `key`, a Laplacian, and the largest of them, by which they are moved to 0 and up.

    It is over the whole numbers from minus to plus the largest; those that a bit less would hold do not occur where the
    key is that of a first.
    """
    rest, bits = divmod(number, MOST_BITS + 1)
    scale, is_first = divmod(rest, 2)
    limit, least = int(_limit(bits)), int(_limit(bits - 1)) + 1 if is_first else 0
    sized = zip(range(-limit, limit + 1), _laplacian_weights(scale + LOWEST, limit), strict=True)
    return Table([1 if abs(number) < least else weight for number, weight in sized]), limit


def _laplacian_weights(scale, limit):
    """Weights that are whole numbers themselves."""
    with localcontext(prec=40):
        half = (Decimal(-1) / (2 * Decimal(2) ** (Decimal(scale) / SCALE_STEPS))).exp()
        ratio = half * half
        sides = [(1 / half - half) / 2 * ratio**k for k in range(1, limit + 1)]
        return [max(1, int(x * 10**12)) for x in (*sides[::-1], 1 - half, *sides)]


@functools.lru_cache(4096)
def categorical(logarithms):
    """Depths with chances of 2^(k/8), as whole numbers."""
    with localcontext(prec=40):
        return Table([max(1, int(Decimal(2) ** (30 + Decimal(k) / CHANCE_STEPS))) for k in logarithms])
