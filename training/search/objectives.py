"""Colour against bytes: what a trial measures, what it is worth, and where more colour stops to pay."""

import numpy as np

from training.baselines.image_codecs import grid_bytes
from training.command import CommandError
from training.data.luma import grey
from training.evaluation.colorizers import ColorScorer, add_share_of_grey_error
from training.evaluation.decoders import Protocol, score
from training.metrics.images import psnr
from training.metrics.rates import paper_relative_size
from zoo.codecs.latent import USUAL_LEVEL

OBJECTIVES = ("knee", "lagrangian", "psnr-at-rate")  # and every metric, the higher the better


def measure(run, values, images, labels=None, classifier=None):
    """Metrics of a trained model on images it has not seen: `psnr`, `bpp` and those of its kind, floats.

    Args:
        run: a `training.loop.run_folder.Run`.
        values: of what needs no training: `n`, `kind`, `level`, `temperature`.
        images: uint8 sRGB `(H, W, 3)` each.
        labels, classifier: for `feature_preservation`, see `training.evaluation.colorizers.ColorScorer`.

    Returns:
        `bpp` is of real bytes: of the grid of colours, as a lossless WebP, whatever the luma costs, or of the whole
        file of an auto-encoder. Colorizers need none. `relative_size` is Crayon's 1/3 + 1/n^2.
    """
    if run.codec.family not in MEASURES:
        raise CommandError(f"{run.path} is a {run.codec.family}, of which no colours can be measured")
    return MEASURES[run.codec.family](run.codec, values, images, labels, classifier)


def _of_grid(codec, values, images, *_):
    grid = codec.grid(values.get("n"), values.get("kind"))
    for rgb in images:
        grid.check(rgb.shape[:2])
    metrics = score(images, {"": codec}, [grid.n], Protocol(grid.kind, grid.space, ("psnr",)))[0]["metrics"]
    grids = [grid.encode(rgb)[1].round().clip(-128, 127) for rgb in images]
    bits = [8 * grid_bytes(colors) / rgb[..., 0].size for colors, rgb in zip(grids, images, strict=True)]
    return {"psnr": metrics["psnr"], "bpp": float(np.mean(bits)), "relative_size": paper_relative_size(grid.n)}


def _of_colorizer(codec, values, images, labels, classifier):
    images, temperature = np.stack(images), values.get("temperature")
    guessed = codec.annealed(images, temperature) if temperature else codec.colored(images)
    score_colors = ColorScorer(images, classifier, labels)
    rows = [{"name": name, "metrics": score_colors(view)} for name, view in (("grey", grey(images)), ("", guessed))]
    add_share_of_grey_error(rows)
    return {**rows[1]["metrics"], "bpp": 0.0}


def _of_autoencoder(codec, values, images, *_):
    coded = list(zip(images, codec.round_trip(images, values.get("level", USUAL_LEVEL)), strict=True))
    bits = [8 * sizes["bytes"] / rgb[..., 0].size for rgb, (_, sizes) in coded]
    quality = [psnr(rgb, decoded) for rgb, (decoded, _) in coded]
    return {"psnr": float(np.mean(quality)), "bpp": float(np.mean(bits))}


MEASURES = {"grid": _of_grid, "colorizer": _of_colorizer, "autoencoder": _of_autoencoder}


def worth(metrics, objective, multiplier=None, rate=None):
    """What a trial is worth by an objective, the more the better.

    Args:
        metrics: see `measure`.
        objective: `lagrangian`: less mean squared error (of the mean PSNR, in 8-bit RGB) and `multiplier` times bits a
            pixel. `psnr-at-rate`: PSNR in dB, or for more than `rate` bits a pixel less than any. `knee`: PSNR, until
            all trials are known. Or a metric.

    Raises:
        CommandError: no such metric.
    """
    if objective == "lagrangian":
        return -(255**2 / 10 ** (metrics["psnr"] / 10) + multiplier * metrics["bpp"])
    if objective == "psnr-at-rate":
        return metrics["psnr"] if metrics["bpp"] <= rate else -metrics["bpp"] / rate
    name = "psnr" if objective == "knee" else objective
    if name not in metrics:
        raise CommandError(f"--objective {objective} is not one of {', '.join((*OBJECTIVES, *metrics))}")
    return metrics[name]
