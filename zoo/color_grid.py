"""The colour grid: the few colours that are kept beside a grey image.

A grid of step n holds one colour for every n x n pixels, the first cell at the top left: `ceil(size / n)` cells
a side, so 54 x 54 at n = 6 and 320 pixels. Two kinds:

- `points`: the pixel at each cell's top left corner, as in Crayon (arXiv 2502.05402, section 3.1);
- `means`: the mean of each cell, over the pixels that exist where n does not divide the size.

Either kind is a small dense image, `(batch, ceil(H/n), ceil(W/n), channels)`, and can be painted as sparse hints:
a full-size image that is zero everywhere but at the top left corner of each cell.
"""

from keras import ops

KINDS = ("points", "means")


def grid_shape(height, width, n):
    """Rows and columns of the grid of an image of `height` x `width` pixels. ValueError unless 2 <= n <= both."""
    if not 2 <= n <= min(height, width):
        raise ValueError(
            f"The grid step `n` must be at least 2 and no larger than the image. Received: n={n} for {height}x{width}"
        )
    return -(-height // n), -(-width // n)


def sample_grid(image, n, kind="points"):
    """Dense grid `(batch, ceil(H/n), ceil(W/n), channels)` of an image `(batch, H, W, channels)` of known size."""
    if len(image.shape) != 4:
        raise ValueError(f"`image` must be (batch, H, W, channels). Received: {tuple(image.shape)}")
    height, width = image.shape[1:3]
    rows, columns = grid_shape(height, width, n)
    if kind == "points":
        return image[:, ::n, ::n]
    if kind != "means":
        raise ValueError(f"`kind` must be one of {KINDS}. Received: kind={kind!r}")
    margin = [(0, 0), (0, rows * n - height), (0, columns * n - width), (0, 0)]
    total, pixels = (
        ops.average_pool(ops.pad(x, margin), n, n, padding="valid", data_format="channels_last")
        for x in (image, ops.ones_like(image))
    )
    return total / pixels


def paint_hints(grid, n, height, width):
    """Sparse hints `(batch, height, width, channels)` of a dense grid: each colour at its cell's top left corner."""
    rows, columns = grid_shape(height, width, n)
    batch, channels = grid.shape[0], grid.shape[-1]
    # One axis at a time, in at most four dimensions, which is what TFLite's fast kernels take.
    hints = ops.pad(ops.reshape(grid, (-1, 1, columns, channels)), [(0, 0), (0, n - 1), (0, 0), (0, 0)])
    hints = ops.pad(ops.reshape(hints, (-1, rows * n * columns, 1, channels)), [(0, 0), (0, 0), (0, n - 1), (0, 0)])
    hints = ops.reshape(hints, (-1 if batch is None else batch, rows * n, columns * n, channels))
    return hints[:, :height, :width]


def point_mask(height, width, n):
    """Float mask `(batch, height, width, 1)` that is one at the pixels a `points` grid keeps.

    `n` is an int, or an integer tensor `(batch, 1, 1, 1)` with a step for each image.
    """
    rows = ops.reshape(ops.arange(height), (1, height, 1, 1))
    columns = ops.reshape(ops.arange(width), (1, 1, width, 1))
    return ops.cast(ops.logical_and(ops.equal(ops.mod(rows, n), 0), ops.equal(ops.mod(columns, n), 0)), "float32")
