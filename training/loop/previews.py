"""Pictures of what a model makes of a few images, drawn after each epoch."""

import numpy as np
from keras import ops

from training.outputs import save_png, writing
from zoo.codecs.grid import Grid, through
from zoo.color_grid import paint_hints
from zoo.color_spaces import lab_to_rgb
from zoo.images import to_uint8


def kept(rgb, n):
    """What a grid of points keeps of uint8 sRGB `(H, W, 3)`: grey, with the grid's colours at their pixels."""
    luma, colors = Grid(n).encode(rgb)
    hints = ops.convert_to_numpy(paint_hints(colors[None], n, *luma.shape))[0]
    return to_uint8(lab_to_rgb(np.dstack([luma, hints])))


def preview(path, images, codec):
    """Writes one row an image: original, grey with its grid, recoloured, and four times the error."""
    rows, grid = [], codec.grid()
    for rgb in images:
        decoded = through(codec, rgb, grid)
        error = np.abs(rgb.astype(int) - decoded) * 4
        rows.append([rgb, kept(rgb, grid.n), decoded, error.clip(0, 255).astype(np.uint8)])
    save_rows(path, rows)


def save_rows(path, rows):
    """Writes rows of images of one size as one picture."""
    with writing(path) as temporary:
        save_png(temporary, np.vstack([np.hstack(row) for row in rows]))
