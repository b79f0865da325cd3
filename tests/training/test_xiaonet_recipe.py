"""The recipe for XiaoNet on photographs, which is Crayon's with another network."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from training import fit
from training.recipes.xiaonet import XiaoNet

SMALL = ["xiaonet", "--dataset", "samples", "--width", "4", "--size", "64", "--steps", "2", "--epochs", "2"]


@pytest.fixture
def eagerly():
    """Functions run as they are: to compile Muon for all kernels takes longer than a few steps."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Even though the .tf.config")
def test_what_a_run_leaves(tmp_path, eagerly):
    assert fit.main([*SMALL, "--loss", "huber", "--precision", "float32", "--out", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["loss"] == "huber"
    history = np.loadtxt(tmp_path / "run" / "history.csv", delimiter=",", skiprows=1)
    assert history.shape == (2, 5)
    assert np.isfinite(history).all()
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    assert model.get_layer("conv1_2_norm").moving_mean.numpy().any()
    scored = json.loads((tmp_path / "run" / "metrics.json").read_text())["rows"]
    assert "xiaonet" in {row["name"] for row in scored}


def test_muon_leaves_the_ends():
    """First and last layers of both networks are there, and all other kernels are Muon's."""
    recipe = XiaoNet(dataset="samples", width=4)
    network = recipe.model()
    optimizer = recipe.training_model(network, None).optimizer
    kernels = [weight for weight in network.trainable_weights if weight.name == "kernel"]
    left = [weight.path.split("/")[-2] for weight in kernels if optimizer._should_use_adamw(weight)]
    assert sorted(left) == sorted(recipe.ENDS)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["--size", "72"], "--size must be a multiple of 32"),
        (["--width", "3"], "--width must be at least 4"),
        (["--loss", "l1"], "--loss: invalid choice"),
        (["--weights", "crayon-photographs"], "cannot start from --weights crayon-photographs"),
    ],
)
def test_bad_input(argv, line, refused, tmp_path):
    assert line in refused(fit.main, [*SMALL, *argv, "--out", str(tmp_path / "run")])
