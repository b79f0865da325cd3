"""What a site holds: the page, the packages it needs, the decoder for every size, and what it checks itself by."""

import json
import shutil

import numpy as np

import zoo
from export.devices.colorizer import DeviceColorizer
from export.lite_codec import converted
from export.web import LISTING, packages
from export.web.packages import HERE
from export.web.templates import template
from training.command import CommandError
from training.data.sources import SAMPLES
from zoo.codecs import payload
from zoo.codecs.grid import Grid
from zoo.color_spaces import YCBCR

STEPS = 16, 8, 4  # pixels of the cells that are decoded
GOLDEN = 3, 4  # cells, of which the last ones are cut
PRIORS = {"probabilities": "<u2", "counts": "<u1", "weights": "<i4"}
COLORIZER = "champati_regression-cifar10"
EXAMPLE = "test/4099238.webp"  # of the samples: no weights have seen it


def write(folder, weights):
    """Writes the site into an empty folder. CommandError where weights decode no colour-grid files."""
    if weights not in payload.DECODERS:
        raise CommandError(f"{weights} is no decoder of colour-grid files: choose of {', '.join(payload.DECODERS)}")
    codec = zoo.load(weights)
    shutil.copytree(HERE / "page", folder, dirs_exist_ok=True)
    packages.copy(folder / "vendor")
    shutil.copyfile(SAMPLES / EXAMPLE, folder / "example.webp")
    site = {"decoder": weights, "weights": payload.weights_of(weights).hex(), "templates": [], "golden": []}
    for n in STEPS:
        made, name = template(codec, n), f"decoder-{n}.tflite"
        (folder / name).write_bytes(made.content)
        site["templates"].append({"n": n, "file": name, "words": made.words.tolist()})
        size, values = _golden(codec, n)
        values.astype("<f4").tofile(folder / f"golden-{n}.bin")
        site["golden"].append({"n": n, "size": size, "file": f"golden-{n}.bin"})
    (folder / "colorizer.tflite").write_bytes(converted(_colorizer(), "float32"))
    for (name, kind), values in zip(PRIORS.items(), payload.priors(), strict=True):
        values.astype(kind).tofile(folder / f"{name}.bin")
    files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    site["files"] = [file for file in files if "compat" not in file]  # for older browsers: 9 MB
    (folder / LISTING).write_text(json.dumps(site) + "\n")


def _colorizer():
    """A model from grey to RGB, both uint8, of the only size that the page needs."""
    device = DeviceColorizer(zoo.load(COLORIZER))
    return device.build(device.size)


def _golden(codec, n):
    """Height and width, and luma, grid and chroma one after the other, float32."""
    random = np.random.default_rng(n)
    size = [n * cells - 3 for cells in GOLDEN]
    luma = random.integers(0, 256, size).astype(np.uint8)
    grid = random.normal(0, 20, (*GOLDEN, 2)).astype(np.float32)
    chroma = codec(luma, grid, Grid(n, "means", YCBCR))
    return size, np.concatenate([part.astype(np.float32).ravel() for part in (luma, grid, chroma)])
