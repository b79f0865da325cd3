"""Decodes an image of any size with a decoder of a fixed one."""

import numpy as np


def decode_tiled(decoder, luma, grid, n, overlap=10):
    """Decodes an image of any size with a decoder of a smaller or larger one, tile by tile.

    Tiles begin at cells of the grid, and of each the border is thrown away where another tile follows, so that no seam
    is seen. Beyond the image its border is repeated. What is returned is uint8 `(H, W, 3)`. ValueError for tiles that
    are no multiple of n or no larger than both overlaps, and for a grid that is not the image's.

    Args:
        decoder: see `open_decoder`; the sides of its images are multiples of n.
        luma: uint8 `(H, W, 1)`.
        grid: uint8 `(ceil(H/n), ceil(W/n), 2)`.
        n: grid step.
        overlap: cells at a tile's border that its neighbours decide.
    """
    shape, cells = luma.shape[:2], decoder.shapes["grid"][1:3]
    if decoder.shapes["luma"][1:3] != (cells[0] * n, cells[1] * n) or min(cells) <= 2 * overlap:
        raise ValueError(
            f"Tiles must be a multiple of n and larger than twice the overlap. Received: tiles of "
            f"{decoder.shapes['luma'][1:3]}, n={n}, overlap={overlap}"
        )
    if grid.shape[:2] != (-(-shape[0] // n), -(-shape[1] // n)):
        raise ValueError(f"`grid` is not that of the luma. Received: {grid.shape} for {luma.shape} and n={n}")
    rgb = np.empty((*shape, 3), np.uint8)
    down, across = (list(_tiles(*pair, overlap)) for pair in zip(grid.shape[:2], cells, strict=True))
    for top, above, below in down:
        for left, before, after in across:
            inputs = {
                "luma": _part(luma, (top, left), cells, n)[None],
                "grid": _part(grid, (top, left), cells, 1)[None],
            }
            tile = decoder(inputs)[0, (above - top) * n : (below - top) * n, (before - left) * n : (after - left) * n]
            part = rgb[above * n : below * n, before * n : after * n]
            part[:] = tile[: part.shape[0], : part.shape[1]]
    return rgb


def _tiles(length, tile, overlap):
    """(first cell, first kept, end of kept) of each tile along a side of `length` cells."""
    kept = first = 0
    while kept < length:
        first = max(0, min(kept - overlap, length - tile))
        end = length if first + tile >= length else first + tile - overlap
        yield first, kept, end
        kept = end


def _part(image, first, cells, n):
    """The pixels of a tile; what lies beyond the image repeats its border."""
    rows, columns = (slice(f * n, (f + c) * n) for f, c in zip(first, cells, strict=True))
    part = image[rows, columns]
    return np.pad(part, [(0, c * n - side) for c, side in zip(cells, part.shape[:2], strict=True)] + [(0, 0)], "edge")
