"""The edge decoder: any size, step and kind of grid with one set of weights; where its colours come from."""

import re
import zipfile

import keras
import numpy as np
import pytest

from training import evaluate
from training.baselines.propagation import bicubic
from training.loop.run_folder import load_run
from training.metrics.images import psnr
from zoo import crayon_edge, crayon_edge_m
from zoo.codecs import grid
from zoo.codecs.grid import EdgeCodec, Grid, through
from zoo.color_grid import sample_grid
from zoo.color_spaces import RGB_FROM_CHROMA, YCBCR
from zoo.errors import ZooError
from zoo.models.crayon_edge import LARGEST_STEPS, LARGEST_STEPS_M, cell_size, rebuilt

OLD = {"name": "crayon_edge"}  # and yet with the layers of the other
CASES = [(4, "means"), (6, "points"), (7, "means"), (16, "means"), (20, "points"), (37, "means"), (50, "points")]


@pytest.fixture(scope="module")
def trained():
    return crayon_edge(weights="crayon_edge-photographs")


@pytest.mark.parametrize(("n", "kind"), CASES)
def test_better_than_interpolation_at_odd_sizes(trained, photographs, n, kind):
    decoder, quality = EdgeCodec(trained), []
    for decode in (decoder, bicubic):
        small = [rgb[:151, :97] for rgb in photographs]
        quality.append(np.mean([psnr(rgb, through(decode, rgb, Grid(n, kind, YCBCR))) for rgb in small]))
    assert quality[0] > quality[1] + 0.5


@pytest.mark.parametrize(("n", "kind"), CASES)
def test_a_flat_colour_hardly_changes(trained, photographs, n, kind):
    """Under a photograph's luma; what is left is learned, that colours follow luma a little."""
    luma = np.float32(photographs[0][None, :128, :128, :1])
    model = rebuilt(trained, (128, 128), n, kind)
    grid = np.zeros((1, *model.input["grid"].shape[1:]), np.float32) + np.float32([20, -30])
    assert np.abs(model.predict_on_batch({"luma": luma, "grid": grid})["chroma"] - [20, -30]).mean() < 2


@pytest.mark.parametrize("build", [crayon_edge, crayon_edge_m])
@pytest.mark.parametrize("kind", ["means", "points"])
@pytest.mark.parametrize("n", [8, 15, 16, 20])
def test_colours_are_not_shifted(n, kind, build):
    """A ramp of colour under flat luma comes back in place, within half a pixel."""
    model = build((160, 160), n, kind)
    for name in ("query", "residual_b", "sharpness"):
        model.get_layer(name).kernel.assign(keras.ops.zeros_like(model.get_layer(name).kernel))
    model.get_layer("sharpness").bias.assign([3.0])
    ramp = np.stack(np.mgrid[:160, :160], -1)[None].astype(np.float32) / 2 - 40
    grid = sample_grid(ramp, n, kind)
    decoded = model.predict_on_batch({"luma": np.full((1, 160, 160, 1), 128, np.float32), "grid": grid})["chroma"]
    inside = slice(3 * n, 160 // n * n - 3 * n)
    assert np.abs((decoded - ramp)[0, inside, inside].mean((0, 1)) / 0.5).max() < 0.55


def test_several_views_do_not_care_which_side_is_up(trained, photographs):
    rgb = photographs[2][:160, :128]
    luma, grid = (x[None] for x in Grid(16, "means", YCBCR).encode(rgb))
    for views, axes in ((2, [(1, 2)]), (4, [(1,), (2,), (1, 2)])):
        model = crayon_edge((160, 128), 16, views=views, weights="crayon_edge-photographs")
        chroma = model.predict_on_batch({"luma": luma[..., None], "grid": grid})["chroma"]
        for reverse in axes:
            turned = {"luma": np.flip(luma[..., None], reverse), "grid": np.flip(grid, reverse)}
            assert np.allclose(np.flip(model.predict_on_batch(turned)["chroma"], reverse), chroma, atol=0.05)


def test_points_may_be_transposed(photographs):
    luma, grid = (x[None] for x in Grid(20, "points", YCBCR).encode(photographs[2][:96, :81]))
    model = crayon_edge_m((96, 81), 20, "points", weights="crayon_edge_m-photographs")
    other = rebuilt(model, (81, 96), 20, "points")
    chroma = model.predict_on_batch({"luma": luma[..., None], "grid": grid})["chroma"]
    turned = other.predict_on_batch({"luma": luma.swapaxes(1, 2)[..., None], "grid": grid.swapaxes(1, 2)})["chroma"]
    assert np.allclose(turned.swapaxes(1, 2), chroma, atol=0.01)
    assert np.abs(chroma).max() > 5


def test_a_matrix_takes_chroma_to_rgb(trained, photographs):
    luma, grid = (x[None] for x in Grid(20, "means", YCBCR).encode(photographs[0][:96, :96]))
    inputs = {"luma": luma[..., None], "grid": grid}
    chroma, rgb = (
        rebuilt(trained, (96, 96), 20, "means", matrix).predict_on_batch(inputs)["chroma"]
        for matrix in (None, RGB_FROM_CHROMA)
    )
    assert np.allclose(rgb, chroma @ RGB_FROM_CHROMA, atol=1e-2)


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (crayon_edge, {"views": 2}),
        (crayon_edge, {"name": "of_another_name"}),
        (crayon_edge_m, {"views": 1}),
        (crayon_edge_m, {"name": "crayon_edge"}),
    ],
)
def test_what_is_rebuilt_is_the_same_model(build, options, tmp_path, photographs):
    """Whatever it is called, and out of a file: with all its layers, sizes of cells and views."""
    model = build((64, 64), 16, width=4, **options)
    model.save(tmp_path / "m.keras")
    rgb = photographs[0][:64, :64]
    decoder = load_run(tmp_path / "m.keras").codec
    luma, grid = Grid(16, "means", YCBCR).encode(rgb)
    inputs = {"luma": luma[None, ..., None], "grid": grid[None]}
    assert np.allclose(
        decoder(luma, grid, Grid(16, "means", YCBCR)), model.predict_on_batch(inputs)["chroma"][0], atol=1e-3
    )
    other = decoder.build((48, 80), Grid(16, "points", YCBCR))
    assert [layer.name for layer in other.layers if layer.weights] == [x.name for x in model.layers if x.weights]


@pytest.mark.parametrize("size", [pytest.param((64, 64), marks=pytest.mark.slow), (96, 80)])
def test_points_of_two_views_come_out_of_a_file(size, tmp_path, photographs):
    """The image and the transposed one go through the same layers; what is loaded knows that, and so goes on."""
    model = crayon_edge_m(size, 16, "points", width=4)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    luma, grid = Grid(16, "points", YCBCR).encode(photographs[0][: size[0], : size[1]])
    inputs = {"luma": luma[None, ..., None], "grid": grid[None]}
    expected = model.predict_on_batch(inputs)["chroma"]
    assert np.abs(loaded.predict_on_batch(inputs)["chroma"] - expected).max() < 1e-6
    assert np.abs(rebuilt(loaded, size, 16, "points").predict_on_batch(inputs)["chroma"] - expected).max() < 1e-6
    means = crayon_edge_m(size, 16, width=4)
    means.set_weights(model.get_weights())
    assert np.allclose(
        rebuilt(loaded, size, 16, "means").predict_on_batch(inputs)["chroma"], means.predict_on_batch(inputs)["chroma"]
    )


def test_training_sees_one_view(photographs):
    """Its networks share the layers of one that sees several."""
    model = rebuilt(crayon_edge_m((64, 64), 16, width=4), (64, 64), 8, "points", views=1, name="edge_points8")
    alone = crayon_edge_m((64, 64), 8, "points", width=4, views=1)
    assert model.name == "edge_points8"
    assert len(model.layers) == len(alone.layers)
    with pytest.raises(ValueError, match="Received: views=3"):
        rebuilt(model, (64, 64), 8, "means", views=3)


def test_layers_that_are_missing_are_not_made_anew(photographs):
    """Built for a small step a model lacks layers that larger cells need: new ones would give wrong colours."""
    decoder = EdgeCodec(crayon_edge((64, 64), 4, width=4))
    through(decoder, photographs[0][:64, :64], Grid(8, "means", YCBCR))
    with pytest.raises(ZooError, match="lacks the layer encoder4b"):
        through(decoder, photographs[0][:64, :64], Grid(16, "means", YCBCR))


def test_files_of_older_builds(tmp_path):
    """Whose layers do not say how they were built: their name does, unless it cannot be true."""
    for build, options, known in ((crayon_edge, {}, True), (crayon_edge_m, {}, True), (crayon_edge_m, OLD, False)):
        model = build((64, 64), 16, width=4, **options)
        path = tmp_path / "m.keras"
        model.save(path)
        old = tmp_path / "old.keras"
        with zipfile.ZipFile(path) as file, zipfile.ZipFile(old, "w") as copy:
            for name in file.namelist():
                content = file.read(name)
                if name == "config.json":
                    content = re.sub(rb"cell_concat_steps[0-9x_]*_views\d", b"cell_concat", content)
                copy.writestr(name, content)
        loaded = keras.models.load_model(old)
        if known:
            built = rebuilt(loaded, (64, 64), 16, "means")
            inputs = {"luma": np.full((1, 64, 64, 1), 99.0), "grid": np.full((1, 4, 4, 2), 9.0)}
            assert np.allclose(
                built.predict_on_batch(inputs)["chroma"], model.predict_on_batch(inputs)["chroma"], atol=1e-3
            )
        else:
            with pytest.raises(ValueError, match="whose layers say how it was built"):
                rebuilt(loaded, (64, 64), 16, "means")


def test_another_model_is_not_taken_for_one(tmp_path, refused):
    """Of the same inputs, but other layers."""
    luma, grid = keras.Input((64, 64, 1), name="luma"), keras.Input((4, 4, 2), name="grid")
    chroma = keras.layers.UpSampling2D(16)(grid) + 0 * luma
    keras.Model({"luma": luma, "grid": grid}, chroma, name="crayon_edge").save(tmp_path / "m.keras")
    argv = [str(tmp_path / "m.keras"), "--dataset", "samples", "--n", "16", "--size", "64"]
    assert "whose layers say how it was built" in refused(evaluate.main, argv)


def test_one_set_of_layers_serves_all(trained):
    names = {layer.name for layer in trained.layers if layer.weights}
    for n, kind in CASES:
        model = rebuilt(trained, (112, 112), n, kind)
        own = [layer for layer in model.layers if layer.weights]
        assert {layer.name for layer in own} <= names
        assert all(layer is trained.get_layer(layer.name) for layer in own)


@pytest.mark.parametrize(("n", "kind"), [(16, "means"), (4, "means"), (11, "points")])
def test_large_images_in_tiles_are_the_same(n, kind, trained, photographs, monkeypatch):
    rgb = np.tile(photographs[0], (3, 2, 1))[:531, :417]
    decoder, kept = EdgeCodec(trained), Grid(n, kind, YCBCR)
    luma, colors = kept.encode(rgb)
    whole = decoder(luma, colors, kept)
    monkeypatch.setattr(grid, "MOST_PIXELS", 1 << 16)
    assert np.abs(decoder(luma, colors, kept) - whole).max() < 0.02


@pytest.mark.parametrize(
    ("largest_steps", "sizes"),
    [
        (LARGEST_STEPS, {8: (4, 6, 8), 16: (9, 16, 22), 32: (23, 40, 45), 64: (46, 80, 100)}),
        (LARGEST_STEPS_M, {8: (4, 6, 8), 16: (9, 11), 32: (12, 16, 22), 64: (23, 40, 100)}),
    ],
)
def test_cells(largest_steps, sizes):
    assert {p: tuple(n for n in steps if cell_size(n, largest_steps) == p) for p, steps in sizes.items()} == sizes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "median"}, "Received: kind='median'"),
        ({"width": 0}, "Received: width=0"),
        ({"n": 400}, "Received: n=400 for 320x320"),
        ({"n": 1}, "Received: n=1"),
        ({"views": 3}, "Received: views=3"),
        ({"views": 2, "kind": "points"}, "Received: views=2 of points"),
        ({"weights": "crayon_edge-nothing"}, "Received: weights='crayon_edge-nothing'"),
        ({"weights": "crayon_edge-photographs", "width": 8}, r"holds no \S+ of shape"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        crayon_edge(**arguments)


def test_bad_views_of_the_larger():
    for views, kind in ((3, "means"), (0, "means"), (4, "points")):
        with pytest.raises(ValueError, match=f"Received: views={views} of {kind}"):
            crayon_edge_m((64, 64), 16, kind, views=views)
