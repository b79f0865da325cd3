"""Parts of a large image, one after the other through the networks of `zoo.adaptive_autoencoder`.

Each part is given as much of what lies around it as its numbers or pixels depend on, so that it comes out as from the
whole image. What fits into one part is one.
"""

import itertools

TILE = 1 << 10  # blocks of 8 x 8 pixels for a part
# Blocks around a part that matter to it, before and behind: three strided convolutions look 7 pixels further to the
# right and down; three transposed ones and two others a block and a pixel to each side.
TO_ENCODE, TO_DECODE = (0, 1), (2, 2)


def tiles(shape, around, tile=TILE):
    """Parts of `shape` blocks, rows and columns.

    Args:
        shape: see above.
        around: blocks before and behind that matter, `TO_ENCODE` or `TO_DECODE`.
        tile: blocks of a part at most.

    Yields:
        Three pairs of slices, of rows and columns: the part in the whole; the part and what matters around it, in the
        whole; the part in the latter.
    """
    side = round(tile**0.5)
    rows = min(shape[0], max(side, tile // shape[1]))
    sides = rows, max(1, tile // rows)
    for firsts in itertools.product(range(0, shape[0], sides[0]), range(0, shape[1], sides[1])):
        parts = [_cut(*axis, around) for axis in zip(firsts, sides, shape, strict=True)]
        yield tuple(zip(*parts, strict=True))


def _cut(first, side, length, around):
    last = min(first + side, length)
    before, behind = max(0, first - around[0]), min(length, last + around[1])
    return slice(first, last), slice(before, behind), slice(first - before, last - before)


def times(parts, factor):
    """Slices of blocks as slices of pixels."""
    return tuple(slice(part.start * factor, part.stop * factor) for part in parts)
