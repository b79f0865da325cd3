"""Scores decoders, learned and classical, on the same images."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from training.decoders import LAB, Space, decode_image
from training.metrics import METRICS, paper_relative_size, relative_size
from training.views import compress_luma


@dataclass(frozen=True)
class Protocol:
    """What decoders are given and how they are scored.

    Attributes:
        kind: "points" or "means".
        space: of luma and grid.
        metrics: names in `training.metrics.METRICS`.
        luma: codec and quality that the luma goes through first, `("JPEG", 20)`; None for the original's.
    """

    kind: str = "points"
    space: Space = LAB
    metrics: tuple = tuple(METRICS)
    luma: tuple | None = None


PAPER = Protocol()


def score(images, decoders, steps, protocol=PAPER, subset="all"):
    """Scores decoders on images at each grid step.

    Args:
        images: uint8 sRGB `(H, W, 3)` each.
        decoders: by name, with the interface of `training.baselines`.
        steps: grid steps n.
        protocol: a `Protocol`; points in CIELAB, as in the Crayon paper, if not given.
        subset: what these images are, for the rows.

    Returns:
        Rows for a result file: for each step and decoder the mean of each metric, the relative size of the paper
        and ours, and each metric image by image.
    """
    decode = partial(decode_image, kind=protocol.kind, space=protocol.space)
    chosen = {metric: METRICS[metric] for metric in METRICS if metric in protocol.metrics}
    seen = images
    if protocol.luma:
        seen = [compress_luma(rgb, *protocol.luma) for rgb in images]
    rows = []
    for n in steps:
        size = relative_size(n, *images[0].shape[:2])
        for name, decoder in decoders.items():
            decoded = [decode(decoder, rgb, n) for rgb in seen]
            each = {m: [f(*pair) for pair in zip(images, decoded, strict=True)] for m, f in chosen.items()}
            metrics = {m: float(np.mean(values)) for m, values in each.items()}
            metrics["median_psnr"] = float(np.median(each["psnr"]))  # where some images are decoded without any error
            rows.append(
                {
                    "name": name,
                    "n": n,
                    "subset": subset,
                    "metrics": {**metrics, "relative_size": size},
                    "paper": {"relative_size": paper_relative_size(n)},
                    "each": each,
                }
            )
    return rows


def add_gain(rows, names):
    """Adds to the models' rows how far each is above the baselines at the same step, on the same images.

    Rows of other names are the baselines. `gain` is its PSNR less that of the best of them, `wins` the number of
    images on which it is above each.
    """
    for row in (row for row in rows if row["name"] in names):
        others = [other for other in rows if other["n"] == row["n"] and other["name"] not in names]
        row["metrics"]["gain"] = row["metrics"]["psnr"] - max(other["metrics"]["psnr"] for other in others)
        best = np.max([other["each"]["psnr"] for other in others], axis=0)
        row["metrics"]["wins"] = int((np.array(row["each"]["psnr"]) > best).sum())
