"""Charts of the report on auto-encoders, one function each: a title, axes with units, and a matplotlib figure."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from scipy.ndimage import uniform_filter

from zoo.models.nwala import STRIDE

PAPER_LOSS = (0.0170, 0.0029)  # of its first and its fiftieth epoch
PAPER_CORRELATION = 0.52
QUALITY = (25.0, 30.0)  # dB: below is poor, above is good
SHOWN_CLASSES = 10


def training_loss(history):
    """Mean squared error of the training images by epoch, the paper's first and last beside it."""
    figure, axes = _axes("Training loss", "epoch", "mean squared error, R, G and B in 0 to 1")
    axes.plot(history["epoch"], history["loss"], label="ours")
    axes.plot([1, 50], PAPER_LOSS, "x", label="the paper's first and last")
    axes.legend()
    return figure


def both_losses(history):
    """Errors of training and of validation images by epoch."""
    figure, axes = _axes("Training and validation loss", "epoch", "mean squared error (logarithmic)")
    for key, label in (("loss", "training images"), ("val_loss", "images held out")):
        axes.semilogy(history["epoch"], history[key], label=label)
    axes.legend()
    return figure


def loss_and_accuracy(history):
    """Error of the images held out, and 100 (1 - error), the only reading of the paper's 99.88 % that is near it."""
    figure, axes = _axes("Loss and reconstruction accuracy", "epoch", "mean squared error")
    axes.plot(history["epoch"], history["val_loss"], color="C0", label="error, images held out")
    right = axes.twinx()
    accuracy = 100 * (1 - np.asarray(history["val_loss"]))
    right.plot(history["epoch"], accuracy, color="C1", label="accuracy, 100 (1 - error)")
    right.axhline(99.88, color="C1", linestyle=":", label="the paper's 99.88 %, undefined there")
    right.set_ylabel("reconstruction accuracy, per cent")
    figure.legend(loc="center right", bbox_to_anchor=(0.88, 0.5))
    return figure


def reconstructions(images, decoded):
    """Originals above what was made of them."""
    columns = min(10, len(images))
    lines = -(-len(images) // columns)
    figure = Figure(figsize=(1.4 * columns, 3 * lines), layout="constrained", dpi=100)
    figure.suptitle("Original above reconstruction")
    grid = figure.subplots(2 * lines, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for i, pair in enumerate(zip(images, decoded, strict=True)):
        for below, image in enumerate(pair):
            grid[2 * (i // columns) + below, i % columns].imshow(image)
    return figure


def latent_map(latents, labels, names):
    """t-SNE of latents in the plane, some classes coloured."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    flat = PCA(min(50, len(latents)), random_state=0).fit_transform(latents.reshape(len(latents), -1))
    places = TSNE(perplexity=min(30, len(flat) // 4), random_state=0, init="pca").fit_transform(flat)
    figure, axes = _axes("t-SNE of the latent, by class", "first dimension, no unit", "second dimension, no unit")
    for label in np.unique(labels)[:SHOWN_CLASSES]:
        chosen = labels == label
        axes.scatter(*places[chosen].T, s=14, label=names[label])
    rest = labels > np.unique(labels)[:SHOWN_CLASSES].max()
    axes.scatter(*places[rest].T, s=4, color="0.85", zorder=0, label="other classes")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def error_histogram(errors):
    """How many images have which mean squared error."""
    label = "mean squared error of an image, R, G and B in 0 to 1"
    figure, axes = _axes("Reconstruction error", label, "images")
    axes.hist(errors, bins=50)
    return figure


def ssim_histogram(values):
    """How many images have which SSIM; the paper's peak lies at 0.8 to 0.9."""
    figure, axes = _axes("SSIM of the reconstructions", "SSIM of an image", "images")
    axes.hist(values, bins=50)
    axes.axvspan(0.8, 0.9, color="C1", alpha=0.2, label="the paper's peak")
    axes.legend()
    return figure


def quality_pie(values):
    """The share of images of poor, average and good PSNR."""
    figure, axes = _axes("Quality of the reconstructions, by PSNR", size=(8, 4))
    (low, high), values = QUALITY, np.asarray(values)
    shares = [np.mean(values < low), np.mean((values >= low) & (values < high)), np.mean(values >= high)]
    labels = [f"poor, below {low:g} dB", f"average, {low:g} to {high:g} dB", f"good, {high:g} dB and more"]
    wedges, _ = axes.pie(shares)
    texts = [f"{label}: {share:.1%}" for label, share in zip(labels, shares, strict=True)]
    axes.legend(wedges, texts, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def psnr_by_class(values, labels, names):
    """Mean PSNR of each class, sorted."""
    classes = np.unique(labels)
    means = np.array([np.mean(np.asarray(values)[labels == label]) for label in classes])
    order = np.argsort(means)
    figure, axes = _axes("Mean PSNR by class", y="PSNR, dB", size=(14, 4.5))
    axes.bar(np.arange(len(order)), means[order])
    axes.set_xticks(np.arange(len(order)), [names[classes[i]] for i in order], rotation=90, fontsize=7)
    axes.set(ylim=(means.min() - 1, None), xlim=(-1, len(order)))
    return figure


def ssim_against_psnr(psnrs, ssims):
    """SSIM of each image against its PSNR, with Pearson's correlation."""
    r = np.corrcoef(psnrs, ssims)[0, 1]
    title = f"SSIM against PSNR: r = {r:.2f} (paper: {PAPER_CORRELATION})"
    figure, axes = _axes(title, "PSNR of an image, dB", "SSIM of an image")
    axes.scatter(psnrs, ssims, s=4, alpha=0.4)
    return figure


def rate_curves(rows, quality, label):
    """Quality over bits for each pixel, of every curve of the result rows."""
    figure, axes = _axes(f"{label} over rate", "bits for each pixel, of whole files", label, size=(9, 6))
    curves = {}
    for row in rows:
        if "bpp" in row["metrics"]:
            curves.setdefault(row["name"], []).append((row["metrics"]["bpp"], row["metrics"][quality]))
    axes.set_prop_cycle(color=colormaps["tab20"].colors)
    for name, points in curves.items():
        own = name.startswith(("adaptive", "uniform"))
        dashed = "--" if "dithered" in name else "-"
        axes.plot(*zip(*sorted(points), strict=True), dashed, marker=".", linewidth=2.5 if own else 1, label=name)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def bit_maps(images, depths):
    """Images, how complex each region is, and how many bits its position of the latent gets.

    Args:
        images: uint8 `(H, W, 3)` of one size.
        depths: mean bits of a number at each position, `(h, w)` each.
    """
    figure = Figure(figsize=(2.2 * len(images), 6.6), layout="constrained", dpi=100)
    figure.suptitle("Image, complexity of each region, bits its numbers get")
    grid = figure.subplots(3, len(images))
    for column, (rgb, depth) in enumerate(zip(images, depths, strict=True)):
        shown = (rgb, complexity(rgb), depth)
        titles = ("", "deviation, levels of 255", "mean bits of a number")
        for axes, picture, title in zip(grid[:, column], shown, titles, strict=True):
            drawn = axes.imshow(picture, **({} if picture is rgb else {"cmap": "viridis"}))
            axes.set_title(title, fontsize=8)
            axes.axis("off")
            if picture is not rgb:
                figure.colorbar(drawn, ax=axes, shrink=0.8)
    return figure


def complexity(rgb):
    """Standard deviation of the colours around each pixel, in levels of 255, over as much as a position covers."""
    rgb = rgb.astype(float)
    mean, square = (uniform_filter(x, (STRIDE, STRIDE, 0)) for x in (rgb, rgb**2))
    return np.sqrt(np.maximum(square - mean**2, 0).mean(-1))


def _axes(title, x="", y="", size=(7, 4.5)):
    figure = Figure(figsize=size, layout="constrained", dpi=100)
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes
