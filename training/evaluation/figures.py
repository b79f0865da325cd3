"""Pictures of decoders of colour grids beside baselines."""

import numpy as np
from scipy.ndimage import uniform_filter

from training.baselines.image_codecs import grid_bytes, jpeg_colors
from training.baselines.propagation import joint_bilateral
from training.metrics.images import psnr
from training.outputs import writing
from zoo.codecs.grid import through


def colors(path, images, codec, grid):
    """One row an image: original, JPEG with as many bytes of colour as the grid takes, joint bilateral, decoder."""
    lines = []
    for rgb in images:
        spent = grid_bytes(grid.encode(rgb)[1])
        jpeg, jpeg_bytes = jpeg_colors(rgb, spent)
        views = [
            (f"JPEG, {jpeg_bytes} bytes of colour", jpeg),
            (f"joint bilateral, {spent} bytes", through(joint_bilateral, rgb, grid)),
            (f"edge decoder, {spent} bytes", through(codec, rgb, grid)),
        ]
        lines.append(_beside(rgb, views))
    panels(path, lines)


def worst(path, sets, codec, grid):
    """One row for each (name, image): original, joint bilateral, decoder, and four times its error."""
    lines = []
    for name, rgb in sets:
        decoded = through(codec, rgb, grid)
        views = [("joint bilateral", through(joint_bilateral, rgb, grid)), ("edge decoder", decoded)]
        error = (np.abs(rgb.astype(int) - decoded) * 4).clip(0, 255).astype(np.uint8)
        part = _where_most(rgb, decoded)
        lines.append([*_beside(rgb, views, name), ("four times its error", error[part])])
    panels(path, lines)


def _beside(rgb, views, name="original"):
    """(title, detail) of an image and of its decoded views, where the last of them differs most."""
    part = _where_most(rgb, views[-1][1])
    return [(name, rgb[part]), *((f"{title}\n{psnr(rgb, view):.1f} dB", view[part]) for title, view in views)]


def _where_most(rgb, decoded, side=160):
    """The square of at most `side` pixels in which two images differ most."""
    error = uniform_filter(np.square(rgb.astype(float) - decoded).mean(-1), side, mode="constant")
    centre = np.unravel_index(error.argmax(), error.shape)
    corners = [max(0, min(c - side // 2, length - side)) for c, length in zip(centre, error.shape, strict=True)]
    return tuple(slice(corner, corner + side) for corner in corners)


def panels(path, lines):
    """Rows of (title, image) as one figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.4 * len(lines[0]), 2.8 * len(lines)), layout="constrained")
    panels = figure.subplots(len(lines), len(lines[0]), squeeze=False)
    for axes, (title, rgb) in zip(panels.ravel(), (panel for line in lines for panel in line), strict=True):
        axes.imshow(rgb)
        axes.set_title(title, fontsize=8)
        axes.axis("off")
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=100, format="png")
