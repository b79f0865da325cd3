"""Placements of single pixels of colour, hints, beside a luma: which pixels they keep, and what telling them costs.

A placement is a callable `place(luma, chroma, count, error)`:

    luma    (H, W) float32: L*
    chroma  (H, W, 2) float32: a* and b* of the photograph
    count   how many pixels to keep
    error   what a decoder leaves wrong: from kept pixels to squared errors (H, W)

and returns the kept pixels, int `(count,)` positions in the flattened image, in the order in which they were chosen.
"""

import math
import zlib
from bisect import bisect_right

import numpy as np
from scipy import ndimage

from training.command import CommandError
from zoo.images import to_uint8

HINT_BYTES = 2  # a byte each for a* and b*, as `training.metrics.rates.relative_size` counts them

# The best, of a few values, on training photographs of the samples through Crayon and Levin's optimisation.
COMPACTNESS = 0.1  # of superpixels, for luma in 0 to 1; 1, with which they are nearly squares, is as good
SPACING = 1.0  # side of the square around a kept pixel in which no other is, in steps of a grid of as many; at most 1
REGION, SURROUNDINGS = 0.25, 1.0  # sigmas of Gaussians, in the same steps, that are told apart by their colours
BLUR = 0.125  # sigma of the Gaussian over a decoder's errors, in the same steps

# A round of `greedy` adds so many pixels at least, and a sixth of those that are there: more rounds find a little more.
FIRST, GROWTH = 8, 6


def grid_pixels(shape, n):
    """The pixels of an image `(height, width)` that a grid of points of step n keeps."""
    return _lattice(*(np.arange(0, side, n) for side in shape), shape)


def centred_pixels(shape, n):
    """The same grid in the middle of the image: its points stand as far from the right and below as from the others."""
    lines = (np.arange(0, side, n) for side in shape)
    return _lattice(*(line + (side - 1 - line[-1]) // 2 for line, side in zip(lines, shape, strict=True)), shape)


def random(luma, chroma, count, error):
    """Uniform, without repetition. The seed is a checksum of the luma, so that a decoder has it."""
    return np.random.default_rng(zlib.crc32(_eight_bits(luma))).choice(luma.size, count, replace=False)


def segments(luma, chroma, count, error):
    """One pixel for each superpixel of the luma alone: that of the segment's pixels which is nearest its centroid.

    Superpixels are SLIC's (Achanta et al. 2012), of the 8-bit luma that a decoder has. SLIC makes about as many as it
    is asked for: it is asked for more until there are enough, and the largest are taken.
    """
    labels, largest = _superpixels(_eight_bits(luma), count)
    centroids = np.array(ndimage.center_of_mass(np.ones_like(luma), labels, range(labels.max() + 1)))
    distance = np.square(np.indices(luma.shape) - np.moveaxis(centroids[labels], -1, 0)).sum(0)
    nearest = ndimage.minimum_position(distance, labels, largest)
    return np.ravel_multi_index(np.transpose(nearest), luma.shape)


def dissimilar(luma, chroma, count, error):
    """The middles of regions whose colour, a* and b*, is farthest from that of their surroundings, spaced.

    Both are Gaussian means. The region is no single pixel: one that differs from all around it tells nothing of them.
    """
    step = _step(luma, count)
    region, around = (ndimage.gaussian_filter(chroma, sigma * step, axes=(0, 1)) for sigma in (REGION, SURROUNDINGS))
    return _spaced(np.linalg.norm(region - around, axis=-1), count, _radius(luma, count))


def greedy(luma, chroma, count, error):
    """The pixels where the decoder is most wrong, spaced, in rounds; each sees what the rounds before have kept.

    A mark of what placement can give: the encoder runs the decoder in each round. It is not the most there is. Errors
    are blurred a little, which draws it to wrong regions rather than to single odd pixels. Fewer pixels are the first
    of more.
    """
    chosen = np.empty(0, int)
    while len(chosen) < count:
        more = max(FIRST, len(chosen) // GROWTH)
        total = len(chosen) + more
        wrong = ndimage.gaussian_filter(error(chosen), BLUR * _step(luma, total))
        chosen = np.append(chosen, _spaced(wrong, more, _radius(luma, total), chosen))
    return chosen[:count]


KNOWN = {"random": random, "segments": segments}  # a decoder finds these by itself
TOLD = {"dissimilar": dissimilar, "greedy": greedy}  # these have to be told, in bytes


def position_bytes(pixels, count):
    """Bytes that tell which `count` of an image's pixels are kept: log2 C(pixels, count) bits, the number of a subset.

    That is what an ideal code takes for which all subsets of that size are equally likely.
    """
    return -(-(math.comb(pixels, count) - 1).bit_length() // 8)


def told_bytes(pixels, count):
    """Bytes of hints whose positions have to be told: colours and positions."""
    return HINT_BYTES * count + position_bytes(pixels, count)


def affordable(pixels, budget):
    """How many hints whose positions have to be told so many bytes pay for."""
    return bisect_right(range(budget // HINT_BYTES + 1), budget, key=lambda count: told_bytes(pixels, count)) - 1


def _lattice(rows, columns, shape):
    """The pixels where rows and columns of an image meet."""
    return np.ravel_multi_index(np.meshgrid(rows, columns, indexing="ij"), shape).ravel()


def _eight_bits(luma):
    """Luma as a file holds it, uint8."""
    return to_uint8(luma * np.float32(2.55))


def _superpixels(luma, count):
    """Labels `(H, W)` from 0 of at least so many superpixels of uint8 luma, and the labels of the largest `count`."""
    from skimage.segmentation import slic

    asked = count
    while asked <= luma.size:
        labels = slic(luma, asked, COMPACTNESS, channel_axis=None, start_label=0)
        sizes = np.bincount(labels.ravel())
        if len(sizes) >= count:
            return labels, np.argsort(-sizes, kind="stable")[:count]
        asked += 1 + asked // 20
    raise CommandError(f"a luma of {luma.shape[0]}x{luma.shape[1]} has no {count} segments: choose a larger n")


def _step(luma, count):
    """The step of a grid of so many pixels."""
    return math.sqrt(luma.size / count)


def _radius(luma, count):
    """How far around a kept pixel no other is. As the squares fit the image `count` times, so many are found."""
    return max(0, int((SPACING * _step(luma, count) - 1) / 2))


def _spaced(score, count, radius, taken=()):
    """The pixels of the highest score, in its order, no two of them, nor one and a taken one, within the radius."""
    free, found = np.ones(score.shape, bool), []
    width = score.shape[1]

    def take(pixel):
        row, column = divmod(int(pixel), width)
        free[max(0, row - radius) : row + radius + 1, max(0, column - radius) : column + radius + 1] = False

    for pixel in taken:
        take(pixel)
    for pixel in np.argsort(-score, axis=None, kind="stable"):
        if len(found) == count:
            break
        if free.flat[pixel]:
            found.append(pixel)
            take(pixel)
    return np.array(found, int)
