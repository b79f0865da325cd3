"""Colour-grid files beside colour files of the same encoders: bytes on disk, and quality decoded from disk."""

import itertools
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from export.bases import encode_base
from export.benches import of_each
from export.color_files import Encoder, decoded, opened
from export.kinds import SUBSAMPLINGS, encode
from export.photographs import Photograph
from training.data.pixels import read_image
from training.metrics.images import chroma_psnr, ciede2000, psnr, ssim
from training.metrics.perceptual import PACKAGES, flip, ssimulacra2
from training.metrics.rates import bd_rate

QUALITIES = {"jpeg": (5, 10, 20, 40, 70, 90), "webp": (5, 15, 30, 50, 75, 90), "avif": (5, 15, 30, 45, 65, 90)}
METRICS = {
    "psnr": psnr,
    "chroma_psnr": chroma_psnr,
    "ssim": ssim,
    "ciede2000": ciede2000,
    "ssimulacra2": ssimulacra2,
    "flip": flip,
}
BETTER_WHEN_SMALL = ("ciede2000", "flip")
OURS = "colour-grid"


def measured(photographs, arguments):
    """See `export.benches`: gains by kind and metric, and all files."""

    def of_kinds(name, rgb, codec, decoder):
        made = (rows_of(name, rgb, kind, codec, decoder, arguments.effort) for kind in arguments.kinds)
        return itertools.chain.from_iterable(made)

    rows = of_each(photographs, of_kinds, arguments.decoder)
    return gains(rows), rows, PACKAGES


def rows_of(name, rgb, kind, codec, decoder, effort):
    """Rows of one photograph through one kind of file, at each quality: ours and those of its colour files.

    Args:
        name: of the photograph.
        rgb: uint8 sRGB `(H, W, 3)`.
        kind: jpeg, webp or avif.
        codec, decoder, effort: see `export.color_files.Encoder`.
    """
    encoder = Encoder(Photograph(rgb), kind, codec, decoder, effort=effort)
    for quality in QUALITIES[kind]:
        file = encoder.at(quality)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            path.write_bytes(file.data)
            ours = decoded(opened(path.read_bytes()), codec).rgb
            sizes = {"bytes": len(file.data), "color_bytes": file.color_bytes}
            yield _row(f"{OURS} {kind}", name, kind, quality, rgb, ours, sizes)
            grey = len(encode_base(encoder.luma, kind, quality))
            for subsampling in SUBSAMPLINGS[kind]:
                data = encode(Image.fromarray(rgb), kind, quality, subsampling=subsampling)
                path.write_bytes(data)
                sizes = {"bytes": len(data), "color_bytes": len(data) - grey}
                yield _row(f"{kind} {subsampling}", name, kind, quality, rgb, read_image(path)[0], sizes)


def _row(name, image, kind, quality, rgb, found, sizes):
    metrics = sizes | {metric: measure(rgb, found) for metric, measure in METRICS.items()}
    return {"name": name, "image": image, "kind": kind, "quality": quality, "metrics": metrics}


def gains(rows):
    """Rows of how many bytes more, in per cent, ours needs than the best colour file, by kind and metric.

    A BD-rate for each photograph, against the subsampling that does best by that metric and photograph; `mean` over
    photographs, and on how many of them ours needs fewer bytes.
    """
    found = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        for metric in METRICS:
            rates = []
            for image in dict.fromkeys(row["image"] for row in rows):
                curves = _curves([row for row in rows if (row["kind"], row["image"]) == (kind, image)], metric)
                ours = curves.pop(f"{OURS} {kind}")
                against = [rate for curve in curves.values() if (rate := bd_rate(curve, ours)) is not None]
                rates += [max(against)] if against else []
            if not rates:
                continue
            wins = sum(rate < 0 for rate in rates)
            metrics = {"bd_rate": float(np.mean(rates)), "wins": wins, "images": len(rates)}
            found.append({"name": kind, "metric": metric, "metrics": metrics})
    return found


def _curves(rows, metric):
    """By name, pairs of bytes and quality, larger for better."""
    sign = -1 if metric in BETTER_WHEN_SMALL else 1
    curves = {}
    for row in rows:
        curves.setdefault(row["name"], []).append((row["metrics"]["bytes"], sign * row["metrics"][metric]))
    return curves
