"""In which arithmetic layers compute while they train: what is kept is float32, and the losses are about the same."""

import keras
import numpy as np
import pytest
from keras import layers

from training.loop import devices
from training.loop.normalization import FusedBatchNormalization, with_fused_normalization
from training.loop.run_folder import history_of
from training.loop.train import train
from training.recipes import RECIPES


def test_it_is_chosen_by_the_machine(monkeypatch):
    for device, amx, capability, policy in (
        ("cpu", True, None, "mixed_bfloat16"),
        ("cpu", False, None, "float32"),
        ("NVIDIA H100", False, (9, 0), "mixed_bfloat16"),
        ("NVIDIA V100", True, (7, 0), "float32"),
        ("TPU v5", False, (float("inf"),), "mixed_bfloat16"),
    ):
        monkeypatch.setattr(devices, "device_name", lambda device=device: device)
        monkeypatch.setattr(devices, "has_amx", lambda amx=amx: amx)
        monkeypatch.setattr(devices, "cuda_capability", lambda capability=capability: capability)
        assert devices.dtype_policy("auto") == policy
        assert devices.dtype_policy("float32") == "float32"


def test_it_is_the_default():
    assert {recipe.precision for recipe in RECIPES.values()} == {"auto"}


def _trained(name, folder, precision, **settings):
    """The training loss of each epoch of a small run, and the model that it keeps."""
    recipe = RECIPES[name](dataset="samples", precision=precision, **settings)
    train(recipe, folder / precision)
    losses = np.array(history_of(folder / precision)["loss"])
    return losses, keras.models.load_model(folder / precision / "model.keras")


@pytest.mark.parametrize("network", ["classification", "regression"])
def test_losses_agree_and_what_is_kept_is_float32(network, tmp_path):
    settings = {"network": network, "width": 4, "batch_size": 4, "epochs": 6, "learning_rate": 3e-3}
    losses, model = _trained("champati", tmp_path, "float32", **settings)
    half, kept = _trained("champati", tmp_path, "mixed_bfloat16", **settings)
    for each in (model, kept):
        assert {layer.compute_dtype for layer in each.layers} == {"float32"}
        assert {type(layer) for layer in each.layers if "norm" in layer.name} == {layers.BatchNormalization}
    assert losses[-1] < 0.95 * losses[0]  # it learned something
    assert np.allclose(half, losses, rtol=0.05)


PHOTOGRAPHS = {"size": 96, "width": 8, "steps": 2}
SMALLEST = {
    "adaptive_autoencoder": {"size": 32, "width": 4, "batch_size": 4},
    "color_autoencoder": {"size": 32, "width": 4, "batch_size": 4},
    "crayon": {"size": 64, "width": 4, "batch_size": 4},
    "crayon_edge": PHOTOGRAPHS,
    "crayon_edge_m": PHOTOGRAPHS,
    "crayon_edge_pyramid": PHOTOGRAPHS,
    "crayon_photographs": PHOTOGRAPHS,
    "xiaonet": PHOTOGRAPHS,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALLEST)
def test_other_recipes_can(name, tmp_path):
    losses, _ = _trained(name, tmp_path, "float32", epochs=1, **SMALLEST[name])
    half, model = _trained(name, tmp_path, "mixed_bfloat16", epochs=1, **SMALLEST[name])
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert np.allclose(half, losses, rtol=0.1)


@pytest.fixture
def network():
    rgb = keras.Input((None, None, 3))
    x = layers.Conv2D(5, 3, padding="same")(rgb)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return keras.Model(rgb, layers.Conv2D(2, 3)(x))


def test_one_operation_is_what_keras_computes(network, photographs):
    """What comes out, the gradients of all weights, and the moving statistics."""
    import tensorflow as tf

    fused = with_fused_normalization(network)
    assert [type(layer) for layer in fused.layers].count(FusedBatchNormalization) == 1
    images = np.float32(photographs)[:, ::4, ::4] / 255
    found = []
    for model in (network, fused):
        with tf.GradientTape() as tape:
            outputs = model(images, training=True)
            loss = tf.reduce_mean(outputs**2)
        found.append([outputs, *tape.gradient(loss, model.trainable_variables), *model.get_weights(), model(images)])
    for ours, theirs in zip(*found, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_other_networks_stay_as_they_are(network, monkeypatch):
    plain = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 3)])
    assert with_fused_normalization(plain) is plain
    vectors = keras.Sequential([keras.Input((4,)), layers.BatchNormalization()])
    assert with_fused_normalization(vectors) is vectors
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert with_fused_normalization(network) is network
