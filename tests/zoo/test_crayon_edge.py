"""The edge decoder: any size, step and kind of grid with one set of weights; where its colours come from."""

import keras
import numpy as np
import pytest

from training.baselines import bicubic
from training.decoders import YCBCR, GridDecoder, decode_image
from training.metrics import psnr
from zoo import crayon_edge
from zoo.color_grid import sample_grid
from zoo.crayon_edge import cell_size

CASES = [(4, "means"), (6, "points"), (7, "means"), (16, "means"), (20, "points"), (37, "means"), (50, "points")]


@pytest.fixture(scope="module")
def trained():
    return crayon_edge(weights="crayon_edge-photographs")


@pytest.mark.parametrize(("n", "kind"), CASES)
def test_better_than_interpolation_at_odd_sizes(trained, photographs, n, kind):
    decoder, quality = GridDecoder(trained), []
    for decode in (decoder, bicubic):
        small = [rgb[:151, :97] for rgb in photographs]
        quality.append(np.mean([psnr(rgb, decode_image(decode, rgb, n, kind, YCBCR)) for rgb in small]))
    assert quality[0] > quality[1] + 0.5


@pytest.mark.parametrize(("n", "kind"), CASES)
def test_a_flat_colour_hardly_changes(trained, photographs, n, kind):
    """Under a photograph's luma; what is left is learned, that colours follow luma a little."""
    luma = np.float32(photographs[0][None, :128, :128, :1])
    model = crayon_edge((128, 128), n, kind, share=trained)
    grid = np.zeros((1, *model.input["grid"].shape[1:]), np.float32) + np.float32([20, -30])
    assert np.abs(model.predict_on_batch({"luma": luma, "grid": grid}) - [20, -30]).mean() < 2


@pytest.mark.parametrize("kind", ["means", "points"])
@pytest.mark.parametrize("n", [8, 15, 16, 20])
def test_colours_are_not_shifted(n, kind):
    """A ramp of colour under flat luma comes back in place, within half a pixel."""
    model = crayon_edge((160, 160), n, kind)
    for name in ("query", "residual_b", "sharpness"):
        model.get_layer(name).kernel.assign(keras.ops.zeros_like(model.get_layer(name).kernel))
    model.get_layer("sharpness").bias.assign([3.0])
    ramp = np.stack(np.mgrid[:160, :160], -1)[None].astype(np.float32) / 2 - 40
    grid = sample_grid(ramp, n, kind)
    decoded = model.predict_on_batch({"luma": np.full((1, 160, 160, 1), 128, np.float32), "grid": grid})
    inside = slice(3 * n, 160 // n * n - 3 * n)
    assert np.abs((decoded - ramp)[0, inside, inside].mean((0, 1)) / 0.5).max() < 0.55


def test_one_set_of_layers_serves_all(trained):
    names = {layer.name for layer in trained.layers if layer.weights}
    for n, kind in CASES:
        model = crayon_edge((112, 112), n, kind, share=trained)
        own = [layer for layer in model.layers if layer.weights]
        assert {layer.name for layer in own} <= names
        assert all(layer is trained.get_layer(layer.name) for layer in own)


def test_cells():
    sizes = {8: (4, 6, 8), 16: (9, 16, 22), 32: (23, 40, 45), 64: (46, 80, 100)}
    assert {p: tuple(n for n in steps if cell_size(n) == p) for p, steps in sizes.items()} == sizes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "median"}, "Received: kind='median'"),
        ({"width": 0}, "Received: width=0"),
        ({"n": 400}, "Received: n=400 for 320x320"),
        ({"n": 1}, "Received: n=1"),
        ({"weights": "crayon_edge-nothing"}, "Received: weights='crayon_edge-nothing'"),
        ({"weights": "crayon_edge-photographs", "width": 8}, r"holds no \S+ of shape"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        crayon_edge(**arguments)
