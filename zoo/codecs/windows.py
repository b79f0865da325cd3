"""Windows of one size over a large image, for a decoder of grids that sees no further than some cells."""

OVERLAP = 10  # cells around a pixel beyond which a `zoo.crayon_edge` sees nothing


def windows(length, size, overlap=OVERLAP):
    """Yields (first cell, first kept, end of kept) of each window along a side of `length` cells.

    Of a window of `size` cells, `overlap` are thrown away at each border where another one follows.
    """
    kept = 0
    while kept < length:
        first = max(0, min(kept - overlap, length - size))
        end = length if first + size >= length else first + size - overlap
        yield first, kept, end
        kept = end
