"""The recipe for Crayon on photographs: what it draws, its optimizer, and its averaged weights."""

import keras
import numpy as np
import pytest

from training import fit
from training.data.sources import open_dataset
from training.loop.muon import ConvolutionMuon
from training.metrics.images import psnr
from training.recipes.crayon_photographs import CrayonPhotographs
from training.recipes.xiaonet import XiaoNet
from training.tasks.grid import LEAST_ERROR_OF_MANY, LOSSES, ScatteredTask
from training.tasks.random_layers import RandomPoints
from zoo.color_spaces import lab_to_rgb, rgb_to_lab


def test_points_are_grids_of_all_steps_or_scattered():
    rgb = np.zeros((400, 120, 120, 3), "uint8")
    masks = np.asarray(RandomPoints(4, 110, (6,), scattered=0.25)(rgb, training=True))[..., 0]
    corners = np.argwhere(masks[:, 0].sum(1) * masks[:, :, 0].sum(1) == masks.sum((1, 2)))[:, 0]
    grids = [mask for mask in masks[corners] if mask[0, 0]]
    steps = np.array([np.flatnonzero(mask[0])[1] for mask in grids])
    for mask, n in zip(grids, steps, strict=True):
        assert np.array_equal(np.argwhere(mask), np.argwhere(np.add.outer(*[np.arange(120) % n] * 2) == 0))
    assert len(grids) == pytest.approx(300, abs=30)
    assert (steps.min(), steps.max()) == (4, 40)  # a third of the side
    assert np.median(steps) == pytest.approx(np.sqrt(4 * 41), abs=2)  # log-uniform
    assert masks.sum((1, 2)).max() < 120**2 / 4**2 * 1.2


def test_a_batch_has_steps_of_the_whole_range():
    masks = np.asarray(RandomPoints(4, 110, (6,))(np.zeros((8, 330, 330, 3), "uint8"), training=True))[..., 0]
    steps = [np.flatnonzero(mask[0])[1] for mask in masks]
    bounds = 4 * (111 / 4) ** (np.arange(9) / 8)
    assert all(np.floor(low) <= n <= high for n, low, high in zip(steps, bounds, bounds[1:], strict=False))


def test_steps_come_in_turn_where_it_does_not_train():
    masks = np.asarray(RandomPoints(4, 40, (6, 15))(np.zeros((3, 60, 40, 3), "uint8")))
    assert masks.sum((1, 2, 3)).tolist() == [10 * 7, 4 * 3, 10 * 7]


def test_views_grow_and_go_on_where_a_run_ended():
    recipe = CrayonPhotographs(size=64, steps=5, epochs=4)
    sources = [open_dataset("samples")]
    whole, late = (recipe.batches(sources, epoch)[0].as_numpy_iterator() for epoch in (0, 3))
    batches = [next(whole)[0] for _ in range(21)]
    assert [batch.shape[:2] for batch in batches] == [(8, 32)] * 15 + [(8, 48)] * 4 + [(8, 64)] * 2
    assert all(np.array_equal(batch, next(late)[0]) for batch in batches[15:])


def test_muon_moves_kernels_by_orthogonal_matrices():
    """All singular values of a step are about the same, of excluded kernels they are not."""
    kernels = [keras.Variable(np.zeros((3, 3, 8, 16), np.float32), name=name) for name in ("inner", "first")]
    gradient = np.random.default_rng(0).normal(size=(3, 3, 8, 16)) * np.linspace(0.01, 1, 16)
    gradient = gradient.astype(np.float32)
    ConvolutionMuon(1.0, ["first"]).apply([gradient, gradient], kernels)
    singular = [np.linalg.svd(np.reshape(kernel, (72, 16)), compute_uv=False) for kernel in kernels]
    assert singular[0].max() / singular[0].min() < 2
    assert singular[0].mean() == pytest.approx(0.2 * np.sqrt(72), rel=0.2)
    assert singular[1].max() / singular[1].min() > 2


def test_losses():
    """Of 8-bit grey that came out as other greys with too much a* here and there, by hand."""
    rgb, lab = np.full((2, 4, 4, 3), 119, "uint8"), np.zeros((2, 4, 4, 3), "float32")
    lab[..., 0] = np.asarray(rgb_to_lab(rgb))[..., 0]
    lab[0, ..., 1], lab[1, 0, 0, 1] = 10, 200
    found = {name: np.asarray(ScatteredTask("random", name).loss(rgb, lab)) for name in LOSSES}
    assert np.allclose(found["mse"], [100 / 2, 200**2 / 32], rtol=1e-2)
    assert np.allclose(found["huber"], [50 / 2, 127.5 * (200 - 127.5 / 2) / 32], rtol=1e-2)
    error = 255**2 / 10 ** (psnr(rgb[0], np.asarray(lab_to_rgb(lab[0]))) / 10)
    assert found["decibels"][0] == pytest.approx(10 * np.log10(error + LEAST_ERROR_OF_MANY), abs=0.1)
    assert ScatteredTask("random").loss is LOSSES["decibels"]


@pytest.mark.parametrize("argv", [["--size", "72"], ["--width", "3"]])
def test_bad_input(argv, refused):
    assert f"{argv[0]} must be" in refused(fit.main, ["crayon_photographs", "--dataset", "samples", *argv])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [CrayonPhotographs, XiaoNet])
def test_a_resumed_run_is_an_uninterrupted_one(kind, tmp_path, monkeypatch):
    """With averaged weights: the state holds them and those that are trained on."""
    recipe = kind(dataset="samples", width=4, size=64, steps=4, epochs=3, learning_rate=5e-3, precision="float32")
    fit.train(recipe, tmp_path / "whole")

    def interrupt(*_):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(kind, "preview", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit.train(recipe, tmp_path / "parts")
    fit.train(recipe, tmp_path / "parts", resume=True)
    ours, theirs = (
        np.loadtxt(tmp_path / name / "history.csv", delimiter=",", skiprows=1) for name in ("parts", "whole")
    )
    assert len(ours) == 3
    assert np.allclose(ours, theirs, rtol=1e-4)
