"""The same on another backend of Keras: a training step of Crayon, and what colours are."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from training.tasks.grid import ColorGridTask, compiled
from zoo import color_spaces, crayon
from zoo.weights import save_weights

STEP = """
import sys
import keras, numpy as np
from training.tasks.grid import ColorGridTask, compiled
from zoo import color_spaces, crayon

folder = sys.argv[1]
rgb = np.load(f"{folder}/rgb.npy")
model = compiled(crayon(width=4, weights=f"{folder}/start.npz"), ColorGridTask(16), 64, keras.optimizers.Adam(1e-3))
losses = [model.train_on_batch(rgb, rgb, return_dict=True)["loss"] for _ in range(2)]
colors = {name: np.asarray(getattr(color_spaces, name)(rgb)) for name in %(conversions)r}
np.savez(f"{folder}/there.npz", losses=losses, lab_to_rgb=color_spaces.lab_to_rgb(colors["rgb_to_lab"]), **colors)
assert "tensorflow" not in sys.modules
"""
QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"  # compiled, not computed
CONVERSIONS = ("rgb_to_lab", "rgb_to_ycbcr", "rgb_to_yuv")


@pytest.fixture(scope="module")
def rgb(photographs):
    """Three parts of photographs, of 64x64."""
    return np.stack([image[:64, :64] for image in photographs])


@pytest.fixture(scope="module")
def there(rgb, tmp_path_factory):
    """Losses of two training steps and colours, by name, of a process in which JAX computes."""
    pytest.importorskip("jax")
    folder = tmp_path_factory.mktemp("jax")
    np.save(folder / "rgb.npy", rgb)
    keras.utils.set_random_seed(0)
    save_weights(crayon(width=4), folder / "start.npz")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": QUICKLY}
    code = STEP % {"conversions": CONVERSIONS}
    subprocess.run([sys.executable, "-c", code, str(folder)], env=environment, check=True, capture_output=True)
    return {**np.load(folder / "there.npz"), "start": folder / "start.npz"}


def test_training_steps_have_the_same_loss(rgb, there):
    """The second loss, a mean of both, tells what the first step has moved."""
    model = compiled(crayon(width=4, weights=str(there["start"])), ColorGridTask(16), 64, keras.optimizers.Adam(1e-3))
    losses = [model.train_on_batch(rgb, rgb, return_dict=True)["loss"] for _ in range(2)]
    assert np.allclose(there["losses"], losses, rtol=1e-4)
    assert losses[0] != pytest.approx(losses[1], rel=1e-3)


def test_colours_are_the_same(rgb, there):
    for name in CONVERSIONS:
        assert np.abs(there[name] - np.asarray(getattr(color_spaces, name)(rgb))).max() < 1e-3
    assert np.abs(there["lab_to_rgb"] - rgb).max() < 0.01
