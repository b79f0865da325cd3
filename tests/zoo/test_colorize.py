"""Colours for photographs so large that they are converted in parts."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.color_spaces import lab_to_rgb, rgb_to_lab

module = sys.modules["zoo.codecs.colorizer"]


@pytest.fixture(scope="module")
def model():
    return zoo.pretrained("champati_regression")


@pytest.mark.parametrize("shape", [(256, 256), (201, 77), (3, 200), (1, 1), (20, 20)])
def test_parts_are_the_whole(model, photographs, monkeypatch, shape):
    """And that is what Keras makes of it at once."""
    image = photographs[0][: shape[0], : shape[1]]
    lab = np.asarray(rgb_to_lab(image))
    scale = 32 / min(shape)
    size = [min(round(side * scale), 256) for side in shape]
    resized = {"interpolation": "bilinear", "data_format": "channels_last"}
    seen = keras.ops.image.resize(lab[None, ..., :1], size, antialias=True, **resized)
    chroma = model({"luma": seen})["lab"][..., 1:]
    chroma = np.asarray(keras.ops.image.resize(chroma, shape, antialias=False, **resized))[0]
    once = np.asarray(lab_to_rgb(np.concatenate([lab[..., :1], chroma], -1))).round().clip(0, 255)
    whole = zoo.colorize(model, image)
    assert np.abs(whole - once).max() <= 1
    assert np.mean(whole != once) < 1e-3
    monkeypatch.setattr(module, "_PART", 1000)
    assert np.array_equal(zoo.colorize(model, image), whole)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what a process took at most")
def test_large_photographs_take_little_memory(photographs, tmp_path):
    """Of 3 megapixels: beside the image and what it becomes little that grows with it."""
    np.save(tmp_path / "photograph.npy", np.tile(photographs[0], (6, 8, 1)))
    code = r"""
import re, sys
from pathlib import Path
import numpy as np
import zoo

def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024

model, image = zoo.pretrained("champati_regression"), np.load(sys.argv[1])
zoo.colorize(model, image[:256, :256])
before = peak()
assert zoo.colorize(model, image).shape == image.shape
print(peak() - before)
"""
    argv = [sys.executable, "-c", code, str(tmp_path / "photograph.npy")]
    done = subprocess.run(argv, cwd=Path(zoo.__file__).parents[1], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 120


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0), (4, 4, 2), (1, 4, 4, 3), ()])
def test_it_says_what_an_image_is(model, shape):
    with pytest.raises(ValueError, match=r"`image` must be uint8 \(H, W\), or \(H, W, 1 or 3\)\. Received: uint8 \("):
        zoo.colorize(model, np.zeros(shape, np.uint8))
