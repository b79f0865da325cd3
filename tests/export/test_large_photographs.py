"""Commands for photographs take less than a gigabyte for 24 megapixels, TensorFlow and Pillow included."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo

MODELS = {"colorize": "champati_regression-cifar10", "latents": "adaptive_autoencoder-cifar100"}
COMMAND = """
import sys
from pathlib import Path
from export import {0}
from training.command import run
assert run({0}.main, sys.argv[1:]) == 0
print(Path("/proc/self/status").read_text())
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what a process took at most")
@pytest.mark.parametrize("command", MODELS)
def test_24_megapixels_take_less_than_a_gigabyte(command, photographs, tmp_path):
    """Of a photograph with noise, and for latents of the file that it becomes, each in a process of its own."""
    photograph = np.tile(photographs[0], (16, 24, 1))[:4000, :6000]
    noise = np.random.default_rng(0).integers(-8, 9, photograph.shape, np.int8)
    Image.fromarray((photograph.astype(np.int16) + noise).clip(0, 255).astype(np.uint8)).save(tmp_path / "large.png")
    sources = [tmp_path / "large.png"] + [tmp_path / "out" / "large.latent"] * (command == "latents")
    for source in sources:
        argv = [str(source), "--model", MODELS[command], "--out", str(tmp_path / "out")]
        argv = [sys.executable, "-c", COMMAND.format(command), *argv]
        done = subprocess.run(argv, cwd=Path(zoo.__file__).parents[1], capture_output=True, text=True, check=True)
        peak = int(re.search(r"VmHWM:\s+(\d+)", done.stdout)[1]) * 1024
        print(f"{command} of {source.name}: {peak / 1e6:.0f} MB")
        assert peak < 1e9
