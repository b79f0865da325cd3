"""Colours for photographs so large that they are converted in parts."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from training.metrics.images import psnr
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


class Knowing:
    """In the place of a colorizer: knows the colours of one photograph."""

    inputs, output_names = [keras.Input((None, None, 1))], ["lab"]

    def __init__(self, image):
        self.lab = np.asarray(rgb_to_lab(image))

    def predict_on_batch(self, inputs):
        small = keras.ops.image.resize(self.lab, inputs["luma"].shape[1:3], antialias=True, data_format="channels_last")
        return {"lab": np.asarray(small)[None]}


@pytest.fixture(scope="module")
def decoder():
    return zoo.load("crayon_edge")


def test_a_decoder_keeps_colours_within_edges(photographs, decoder):
    """Right colours of 32x32 pixels come out nearer to the truth than by resizing them, on every photograph."""
    for image in photographs:
        model = Knowing(image)
        resized, painted = (psnr(image, zoo.colorize(model, image, how)) for how in (None, decoder))
        assert painted > resized + 1


@pytest.mark.parametrize("shape", [(256, 180), (90, 250), (63, 63), (1, 1)])
@pytest.mark.parametrize("input_size", [(None, None), (32, 32)])
def test_a_decoder_changes_colours_alone(model, photographs, decoder, shape, input_size):
    """Those of models of any size and of a static one; where a picture is hardly larger than what they see, nothing."""
    image, luma = photographs[0][: shape[0], : shape[1]], np.float32([0.299, 0.587, 0.114])
    model = model if None in input_size else zoo.champati_baseline(width=2)
    colored = zoo.colorize(model, image, decoder)
    assert colored.shape == image.shape
    if min(shape) < 64:
        assert np.array_equal(colored, zoo.colorize(model, image))
    else:
        assert np.abs(colored @ luma - image @ luma).mean() < 2


def test_another_decoder(model, photographs):
    with pytest.raises(ValueError, match="must be an edge decoder"):
        zoo.colorize(model, photographs[0], model)


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
