"""Figures 1 to 3 of the Crayon paper (arXiv 2502.05402)."""

import numpy as np

from training.evaluation import figures
from training.loop.previews import kept, save_rows
from training.outputs import writing
from zoo.codecs.grid import through


def draw(folder, sets, rows, codecs, steps):
    """Draws the first codec: figures 1 to 3 of the paper, or JPEG beside it, or the worst of several data sets.

    Args:
        folder: where to.
        sets: for each data set how result files name it, the names of its images, and the images.
        rows: of `training.evaluation.decoders.score`.
        codecs: `zoo.codecs.grid.GridCodec` by name.
        steps: grid steps.
    """
    name, codec = next(iter(codecs.items()))
    images, n = sets[0][2], 16 if 16 in steps else steps[0]
    if codec.kind == "points":
        figure1(folder / "figure1.png", images[0])
        figure2(folder / "figure2.png", rows)
        figure3(folder / "figure3.png", images[0], codec, steps)
    elif len(sets) == 1:
        figures.colors(folder / "colors.png", images[:: -(-len(images) // 4)], codec, codec.grid(n))
    else:
        own = (row["each"]["psnr"] for row in rows if row["name"] == name and row["n"] == n)
        lowest = [(one[0]["name"], one[2][int(np.argmin(each))]) for one, each in zip(sets, own, strict=True)]
        figures.worst(folder / "worst.png", lowest, codec, codec.grid(n))


def figure1(path, rgb, n=3):
    """Figure 1 of the paper: an image, and the same with every n-th pixel's colour alone, four times enlarged."""
    side = min(*rgb.shape[:2], 96)
    top, left = ((length - side) // 2 for length in rgb.shape[:2])
    detail = rgb[top : top + side, left : left + side]
    save_rows(path, [[view.repeat(4, 0).repeat(4, 1) for view in (detail, kept(detail, n))]])


def figure2(path, rows):
    """Figure 2 of the paper: quality, with each decoder's knee, and relative size against n, of the result rows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    quality, size = figure.subplots(1, 2)
    for name in dict.fromkeys(row["name"] for row in rows):
        mine = [row for row in rows if row["name"] == name]
        line = [[row["n"], row["metrics"]["psnr"]] for row in mine]
        quality.plot(*zip(*line, strict=True), "o-", markevery=[bool(row.get("knee")) for row in mine], label=name)
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


def figure3(path, rgb, codec, steps):
    """Figure 3 of the paper: one image across n: what is kept above, what is decoded below; the original first."""
    above = [rgb, *(kept(rgb, n) for n in steps)]
    below = [np.zeros_like(rgb), *(through(codec, rgb, codec.grid(n)) for n in steps)]
    save_rows(path, [above, below])
