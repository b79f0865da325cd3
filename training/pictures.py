"""Pictures: previews of a run, and the figures of the Crayon paper."""

import numpy as np
from keras import ops
from scipy.ndimage import uniform_filter

from training.baselines import joint_bilateral
from training.decoders import decode_image, encode_image, to_uint8
from training.metrics import psnr
from training.outputs import save_png, writing
from training.peers import grid_bytes, jpeg_colors
from zoo.color_grid import paint_hints
from zoo.color_spaces import lab_to_rgb


def kept(rgb, n):
    """What a grid of points keeps of uint8 sRGB `(H, W, 3)`: grey, with the grid's colours at their pixels."""
    luma, grid = encode_image(rgb, n, "points")
    hints = ops.convert_to_numpy(paint_hints(grid[None], n, *luma.shape))[0]
    return to_uint8(lab_to_rgb(np.dstack([luma, hints])))


def preview(path, images, decoder, n):
    """Writes one row an image: original, grey with its grid, recoloured, and four times the error."""
    rows = []
    for rgb in images:
        decoded = decode_image(decoder, rgb, n, decoder.kind, decoder.space)
        error = np.abs(rgb.astype(int) - decoded) * 4
        rows.append([rgb, kept(rgb, n), decoded, error.clip(0, 255).astype(np.uint8)])
    save_rows(path, rows)


def save_rows(path, rows):
    """Writes rows of images of one size as one picture."""
    with writing(path) as temporary:
        save_png(temporary, np.vstack([np.hstack(row) for row in rows]))


def figure1(path, rgb, n=3):
    """Figure 1 of the paper: an image, and the same with every n-th pixel's colour alone, four times enlarged."""
    side = min(*rgb.shape[:2], 96)
    top, left = ((length - side) // 2 for length in rgb.shape[:2])
    detail = rgb[top : top + side, left : left + side]
    _enlarged(path, np.hstack([detail, kept(detail, n)]), 4)


def figure2(path, rows):
    """Figure 2 of the paper: quality and relative size against n, for each decoder of the result rows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    quality, size = figure.subplots(1, 2)
    for name in dict.fromkeys(row["name"] for row in rows):
        mine = [row for row in rows if row["name"] == name]
        quality.plot([row["n"] for row in mine], [row["metrics"]["psnr"] for row in mine], marker=".", label=name)
    steps = sorted({row["n"] for row in rows})
    for key, label in (("metrics", "two bytes a cell"), ("paper", "paper: three bytes a cell")):
        sizes = {row["n"]: row[key]["relative_size"] for row in rows}
        size.plot(steps, [sizes[n] for n in steps], marker=".", label=label)
    quality.set(xlabel="grid step n", ylabel="psnr (dB)")
    size.set(xlabel="grid step n", ylabel="size relative to raw RGB")
    for axes in (quality, size):
        axes.grid(alpha=0.3)
        axes.legend()
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=110)


def figure3(path, rgb, decoder, steps):
    """Figure 3 of the paper: one image across n: what is kept above, what is decoded below; the original first."""
    above = [rgb, *(kept(rgb, n) for n in steps)]
    below = [np.zeros_like(rgb), *(decode_image(decoder, rgb, n, decoder.kind, decoder.space) for n in steps)]
    _enlarged(path, np.vstack([np.hstack(above), np.hstack(below)]), 1)


def colors(path, images, decoder, n):
    """One row an image: original, JPEG with as many bytes of colour as the grid takes, joint bilateral, decoder."""
    lines = []
    for rgb in images:
        spent = grid_bytes(encode_image(rgb, n, decoder.kind, decoder.space)[1])
        jpeg, jpeg_bytes = jpeg_colors(rgb, spent)
        views = [
            (f"JPEG, {jpeg_bytes} bytes of colour", jpeg),
            (f"joint bilateral, {spent} bytes", _decoded(joint_bilateral, rgb, n, decoder)),
            (f"edge decoder, {spent} bytes", _decoded(decoder, rgb, n, decoder)),
        ]
        lines.append(_beside(rgb, views))
    _panels(path, lines)


def worst(path, sets, decoder, n):
    """One row for each (name, image): original, joint bilateral, decoder, and four times its error."""
    lines = []
    for name, rgb in sets:
        decoded = _decoded(decoder, rgb, n, decoder)
        views = [("joint bilateral", _decoded(joint_bilateral, rgb, n, decoder)), ("edge decoder", decoded)]
        error = (np.abs(rgb.astype(int) - decoded) * 4).clip(0, 255).astype(np.uint8)
        part = _where_most(rgb, decoded)
        lines.append([*_beside(rgb, views, name), ("four times its error", error[part])])
    _panels(path, lines)


def _decoded(decode, rgb, n, decoder):
    return decode_image(decode, rgb, n, decoder.kind, decoder.space)


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


def _panels(path, lines):
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


def _enlarged(path, rgb, times):
    with writing(path) as temporary:
        save_png(temporary, rgb.repeat(times, 0).repeat(times, 1))
