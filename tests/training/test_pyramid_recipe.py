"""The recipe for colour-grid files: what a decoder is given there is what the codec gives it."""

import keras
import numpy as np
import pytest

import zoo
from training.recipes import RECIPES
from training.tasks.grid import PyramidTask
from training.tasks.random_layers import RandomStep
from zoo.codecs import payload
from zoo.codecs.pyramid import CELLS, STEPS, UNIT, Layout, Pyramid, luma_and_grids
from zoo.models.crayon_edge import rebuilt

SIDE = 64


@pytest.fixture(scope="module")
def decoder():
    return zoo.pretrained("crayon_edge-photographs", input_size=(SIDE, SIDE))


@pytest.mark.parametrize(("n", "side"), [(16, SIDE // 2), (8, SIDE), (4, SIDE)])
def test_grids_are_like_those_of_files(decoder, photographs, n, side):
    """Of known steps: as far from the photograph's means as a file's, and not those means."""
    rgb = photographs[0][:SIDE, :SIDE]
    luma, grids = luma_and_grids(rgb)
    layout = Layout(luma.shape, n, 64)
    step = np.mean(np.divide(layout.steps(n), STEPS)) * 16 / UNIT
    coarser = rebuilt(decoder, (side, side), min(2 * n, 16), "means", views=1)
    seen = keras.Input((SIDE, SIDE, 3), dtype="uint8")
    inputs = keras.Model(seen, PyramidTask(n, (step, step), coarser).inputs(seen))(rgb[None])
    assert np.array_equal(inputs["luma"][0, ..., 0], luma)
    found = np.asarray(inputs["grid"][0])
    _, filed = Pyramid(layout, luma, zoo.load("crayon_edge-photographs")).encode(grids, payload.priors())
    errors = [np.abs(each - grids[n]) for each in (found, filed)]
    assert errors[0].max() <= (PyramidTask.KEPT + 0.01) * step
    assert errors[0].mean() == pytest.approx(errors[1].mean(), rel=0.5)
    assert errors[0].mean() > 0.05 * step


def test_steps_are_log_uniform():
    rgb = np.zeros((400, 4, 4, 3), "uint8")
    steps = np.asarray(RandomStep(1.0, 16.0)(rgb, training=True))
    assert steps.shape == (400, 1, 1, 1)
    assert 1 <= steps.min() < steps.max() <= 16
    assert np.mean(steps < 4) == pytest.approx(0.5, abs=0.1)
    assert np.allclose(RandomStep(1.0, 16.0)(rgb[:2]), 4)


def test_a_step_of_training():
    """All branches at once; the loss of what it was trained for is one of files."""
    recipe = RECIPES["crayon_edge_pyramid"](dataset="samples", weights="crayon_edge-photographs", size=80, steps=1)
    assert {branch.n for branch in recipe.BRANCHES} == set(recipe.STEPS) <= set(CELLS)
    model = recipe.training_model(recipe.model(), [])
    views = {name: np.full((2, *tensor.shape[1:]), 90, np.uint8) for name, tensor in model.input.items()}
    losses = model.train_on_batch(views, views, return_dict=True)
    assert {"means4_loss", "means8_loss", "means16_loss"} <= set(losses)
    assert all(np.isfinite(value) for value in losses.values())
