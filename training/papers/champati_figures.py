"""Figures of Champati, Houle and Zhang, drawn from our runs: distributions, temperatures, examples, best and worst."""

import numpy as np

from training.data.luma import grey
from training.loop.previews import save_rows
from training.metrics.images import psnr
from training.outputs import writing
from training.tasks.rebalancing import bin_counts, rebalancing_weights, smoothed_distribution
from zoo.color_spaces import rgb_to_lab
from zoo.models.champati import bin_colors

TEMPERATURES = (1.0, 0.77, 0.58, 0.38, 0.29, 0.14, 0.01)
SHOWN = 12


def distributions(path, images, bins=81):
    """Figure 3: how frequent colours are, smoothed, and the weights of the bins, for each lattice, as logarithms."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.5), layout="constrained")
    for line, lattice in zip(figure.subplots(2, 3), ("edge", "center"), strict=True):
        colors = bin_colors(bins, "lab", lattice)
        counts = bin_counts(images, rgb_to_lab, colors)
        smooth, weights = smoothed_distribution(counts, colors, 3.0), rebalancing_weights(counts, colors)
        side, reach = int(bins**0.5), (colors.min() - 110 / bins**0.5, colors.max() + 110 / bins**0.5)
        views = ("frequency", counts / counts.sum()), ("smoothed", smooth), ("weight", weights)
        for axes, (title, values) in zip(line, views, strict=True):
            shown = np.log10(np.maximum(values, 1e-7)).reshape(side, side)
            drawn = axes.imshow(shown, origin="lower", extent=reach * 2)
            axes.set(title=f"{title}, {bins} bins, {lattice}", xlabel="b*", ylabel="a*")
            figure.colorbar(drawn, ax=axes, label="log10")
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")


def passes(path, rows):
    """What more passes over the training images are worth: the validation error of each run of a result file, by pass.

    Regression and classification beside each other, where there are any, their errors those that they were trained by.
    """
    from matplotlib.figure import Figure

    curves = {}
    for row in rows:
        if row.get("validation_loss"):
            curves.setdefault(row["settings"]["network"], []).append(row)
    figure = Figure(figsize=(5.5 * max(1, len(curves)), 4.5), layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False)[0] if curves else ()
    for axes, (network, drawn) in zip(panels, curves.items(), strict=True):
        for row in drawn:
            losses = row["validation_loss"]
            label = f"{row['name']}, width {row['width']}, seed {row['seed']}"
            axes.plot(range(1, len(losses) + 1), losses, ".-", label=label)
        axes.set(title=network, xlabel="passes over the training images", ylabel="validation error")
        axes.legend(fontsize="small")
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")


def temperatures(path, run, images):
    """Figure 7: a column for the truth and one for each temperature of the annealed mean, from the mean to the mode."""
    columns = [images, *(run.codec.annealed(images, temperature) for temperature in TEMPERATURES)]
    save_rows(path, _large(zip(*columns, strict=True)))


def examples(path, images, decoded):
    """Figures 8 to 11: a row for the truth, one for grey and one for what each of several models made of them."""
    save_rows(path, _large([images, grey(images), *decoded]))


def best_and_worst(path, images, decoded):
    """Figures 12 and 13: the images with the highest and the lowest PSNR, each above what was made of it."""
    order = np.argsort([psnr(*pair) for pair in zip(images, decoded, strict=True)])
    best, worst = order[::-1][:SHOWN], order[:SHOWN]
    save_rows(path, _large([images[best], decoded[best], images[worst], decoded[worst]]))


def _large(rows, times=3):
    """Rows of images, enlarged."""
    return [[image.repeat(times, 0).repeat(times, 1) for image in row] for row in rows]
