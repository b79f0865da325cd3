"""Parts of a large image, one after the other through networks that see only so far.

Each part is given as much of what lies around it as its numbers or pixels depend on, so that it comes out as from the
whole image. What fits into one part is one.
"""

import itertools

# Of `zoo.adaptive_autoencoder`: blocks of 8 x 8 pixels around a part that matter to it, before and behind. Three
# strided convolutions look 7 pixels further to the right and down; three transposed ones and two others a block and a
# pixel to each side. And blocks of a part at most: a decoder takes more memory for each.
TO_ENCODE, TO_DECODE = (0, 1, 1 << 10), (2, 2, 1 << 9)


def tiles(shape, before, behind, most):
    """Yields parts of `shape` blocks, of `most` at the most; so many blocks `before` and `behind` a part matter to it.

    Each is three pairs of slices, of rows and columns: the part in the whole; the part and what matters around it, in
    the whole; the part in the latter.
    """
    # Sides that are powers of 2: by how they are cut up, sums of floats differ in their last bits.
    rows = min(shape[0], max(1 << (most.bit_length() - 1) // 2, most // shape[1]))
    sides = rows, max(1, most // rows)
    for firsts in itertools.product(range(0, shape[0], sides[0]), range(0, shape[1], sides[1])):
        parts = [_cut(*axis, before, behind) for axis in zip(firsts, sides, shape, strict=True)]
        yield tuple(zip(*parts, strict=True))


def _cut(first, side, length, before, behind):
    last = min(first + side, length)
    seen = min(before + side + behind, length)  # the same for all parts, so that one network serves them
    start = min(max(0, first - before), length - seen)
    return slice(first, last), slice(start, start + seen), slice(first - start, last - start)


def times(parts, factor):
    """Slices of blocks as slices of pixels."""
    return tuple(slice(part.start * factor, part.stop * factor) for part in parts)
