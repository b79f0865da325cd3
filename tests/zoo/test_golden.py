"""Files that earlier versions wrote, in tests/zoo/golden: what they held then, they hold now.

They were made at commit f67507e. The `.keras` files were packed once more, to be smaller; what is in them is as it was.
"""

from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.codecs.grid import EdgeCodec, Grid, HintsCodec
from zoo.codecs.latent import LatentCodec
from zoo.color_grid import paint_hints
from zoo.color_spaces import YCBCR
from zoo.models.adaptive_autoencoder import depths

FOLDER = Path(__file__).parent / "golden"
SIZE, N = (32, 48), 8


@pytest.fixture(scope="module")
def codec():
    return LatentCodec(zoo.pretrained("adaptive_autoencoder-cifar100"))


@pytest.fixture(scope="module")
def written():
    return (FOLDER / "photograph.latent").read_bytes()


def test_a_latent_file_is_the_image_that_it_was(codec, written):
    with Image.open(FOLDER / "photograph.png") as image:
        expected = np.asarray(image).astype(int)
    assert np.abs(codec.decode(written) - expected).max() <= 1


def test_the_coder_writes_the_same_bytes(codec, written):
    """Of the same numbers: a new version of the range coder cannot change the format."""
    numbers, color, level, size = codec.unpack(written)
    depth = np.asarray(depths(numbers[None].astype("float32")))[0]
    assert codec.pack(numbers, depth, color, level, size) == written


def test_a_photograph_becomes_the_same_file(codec, written, photographs):
    """Or nearly: where the network runs on other hardware a few numbers may be rounded the other way."""
    again = codec.encode(photographs[0][:64, :64])
    assert len(again) == pytest.approx(len(written), abs=8)
    numbers, of_then = (codec.unpack(data)[0].astype(int) for data in (again, written))
    assert np.mean(numbers != of_then) < 0.01
    assert np.abs(numbers - of_then).max() <= 1


@pytest.mark.parametrize("name", ["crayon", "crayon_edge"])
def test_old_models_load_and_compute_what_they_did(name, photographs):
    """Also as decoders, though their outputs had no names then; `crayon_edge` is built anew around a file's layers."""
    model = keras.models.load_model(FOLDER / f"{name}.keras")
    luma, colors = np.split(photographs[0][None, : SIZE[0], : SIZE[1]].astype("float32"), [1], axis=-1)
    colors = colors / 2 - 64
    grid = colors[:, ::N, ::N]
    inputs = {"luma": luma / 2.55, "hints": colors} if name == "crayon" else {"luma": luma, "grid": grid}
    with np.load(FOLDER / f"{name}.output.npz") as file:
        (expected,) = file.values()
    assert np.abs(model.predict_on_batch(inputs) - expected).max() < 1e-3
    if name == "crayon":
        inputs["hints"] = np.asarray(paint_hints(grid, N, *SIZE))
        decoded = HintsCodec(model)(inputs["luma"][0, ..., 0], grid[0], Grid(N))
        assert np.array_equal(decoded, model.predict_on_batch(inputs)[0, ..., 1:])
    else:
        decoder = EdgeCodec(model)
        assert np.abs(decoder(luma[0, ..., 0], grid[0], Grid(N, "means", YCBCR)) - expected[0]).max() < 1e-3
