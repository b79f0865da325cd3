"""Photographs, a small trained run and a small TFDS directory, shared by the tests.

TensorFlow is imported by what needs it: not in the process that only hands out tests, and not amid the dots.
"""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:  # workers side by side, a thread each, and so what they start
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import pytest
from PIL import Image

from export import benchmark
from training import fit
from training.command import run
from training.data.pixels import read_image

SMALL = ["--dataset", "samples", "--width", "8", "--size", "64", "--batch-size", "8", "--n", "20"]
SMALL += ["--precision", "float32"]  # the same on all machines


@pytest.fixture(scope="session")
def small():
    """Arguments of the smallest run that trains at all: 8 channels, 64 x 64 crops of the samples, three steps."""
    return SMALL


@pytest.fixture
def refused(capfd):
    """A function that runs a command which must exit with 2, and gives its one line on stderr."""

    def check(main, argv):
        capfd.readouterr()
        assert run(main, argv) == 2
        lines = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("INFO: ")]
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: ")
        return lines[0]

    return check


@pytest.fixture
def benchmarked(tmp_path, monkeypatch):
    """A function that times an export for a moment, in this process, and gives the names of what was timed."""

    def check(folder):
        monkeypatch.setattr(benchmark, "in_fresh_process", lambda function, *arguments: function(*arguments))
        monkeypatch.setattr(benchmark, "LEAST_MS", 1)
        path = tmp_path / "benchmark.json"
        assert benchmark.main([str(folder), "--threads", "1", "--repeats", "1", "--results", str(path)]) == 0
        rows = json.loads(path.read_text())["rows"]
        assert all(row["metrics"]["latency_ms"] > 0 for row in rows)
        return [row["name"] for row in rows]

    return check


@pytest.fixture(scope="session")
def photographs():
    """Three real photographs of 256x256, uint8."""
    from training.data.sources import SAMPLES

    return [read_image(SAMPLES / f"{name}.webp")[0] for name in ("validation/1391487", "train/1583339", "train/60003")]


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A run of two epochs on the samples."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert fit.main(["crayon", *SMALL, "--epochs", "2", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def tfds_directory(tmp_path_factory):
    """A TFDS directory with `imagenette/320px-v2`, prepared from four photographs each for train and validation."""
    from unittest import mock

    import tensorflow_datasets as tfds

    from training.data.sources import SAMPLES

    archive = tmp_path_factory.mktemp("archive")
    photographs = sorted((SAMPLES / "train").glob("*.webp"))
    builder = tfds.builder("imagenette/320px-v2", data_dir=tmp_path_factory.mktemp("tfds"))
    tree = archive / "imagenette2-320"
    for i, path in enumerate(photographs[:8]):
        folder = tree / ("train" if i < 4 else "val") / ("n01440764" if i % 2 else "n02102040")
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.convert("RGB").resize((360, 320)).save(folder / f"ILSVRC2012_val_{i:08}.JPEG", quality=90)
    with mock.patch.object(tfds.download.DownloadManager, "download_and_extract", return_value=str(archive)):
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    return builder.data_path.parent.parent.parent
