"""What memory commands take at most for photographs of 24 megapixels, TensorFlow and Pillow included."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo

MODELS = {"colorize": "champati_regression-cifar10", "latents": "adaptive_autoencoder-cifar100"}
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what a process took at most")
COMMAND = """
import sys
from pathlib import Path
from export import {0}
from training.command import run
assert run({0}.main, sys.argv[1:]) == 0
print(Path("/proc/self/status").read_text())
"""


@pytest.fixture
def large(photographs, tmp_path):
    """A file of 24 megapixels, with noise."""
    photograph = np.tile(photographs[0], (16, 24, 1))[:4000, :6000]
    noise = np.random.default_rng(0).integers(-8, 9, photograph.shape, np.int8)
    path = tmp_path / "large.png"
    Image.fromarray((photograph.astype(np.int16) + noise).clip(0, 255).astype(np.uint8)).save(path)
    return path


def peak_of(command, *argv):
    """Bytes of memory that a command takes at most, in a process of its own."""
    argv = [sys.executable, "-c", COMMAND.format(command), *map(str, argv)]
    done = subprocess.run(argv, cwd=Path(zoo.__file__).parents[1], capture_output=True, text=True, check=True)
    peak = int(re.search(r"VmHWM:\s+(\d+)", done.stdout)[1]) * 1024
    print(f"{command} {argv[3]}: {peak / 1e6:.0f} MB")
    return peak


@pytest.mark.slow
@LINUX
@pytest.mark.parametrize("command", MODELS)
def test_24_megapixels_take_less_than_a_gigabyte(command, large, tmp_path):
    """For latents also of the file that it becomes."""
    for source in [large] + [tmp_path / "out" / "large.latent"] * (command == "latents"):
        assert peak_of(command, source, "--model", MODELS[command], "--out", tmp_path / "out") < 1e9


@pytest.mark.slow
@LINUX
def test_24_megapixels_with_their_colours_in_a_file(large, tmp_path):
    """TensorFlow and numba, 0.8 GB, included."""
    assert peak_of("codec", "encode", large, "--out", tmp_path / "out") < 2e9
    assert peak_of("codec", "decode", tmp_path / "out/large.jpg", "--out", tmp_path / "back") < 2e9
