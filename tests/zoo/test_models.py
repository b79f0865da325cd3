"""What every model of the zoo must do, on one list: a new model adds a line, and gets all of these tests."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from zoo.registry import MODELS
from zoo.weights import save_weights

# name, height and width, shapes of the inputs and of the outputs, without the batch.
MODEL_LIST = [
    ("crayon", (64, 48), {"luma": (64, 48, 1), "hints": (64, 48, 2)}, {"lab": (64, 48, 3)}),
    ("xiaonet", (64, 48), {"luma": (64, 48, 1), "hints": (64, 48, 2)}, {"lab": (64, 48, 3)}),
    ("crayon_edge", (64, 48), {"luma": (64, 48, 1), "grid": (4, 3, 2)}, {"chroma": (64, 48, 2)}),
    ("crayon_edge_m", (64, 48), {"luma": (64, 48, 1), "grid": (4, 3, 2)}, {"chroma": (64, 48, 2)}),
    ("color_autoencoder", (32, 24), {"rgb": (32, 24, 3)}, {"rgb": (32, 24, 3)}),
    (
        "adaptive_autoencoder",
        (32, 24),
        {"rgb": (32, 24, 3), "color": (3,), "level": ()},
        {"rgb": (32, 24, 3), "bits": ()},
    ),
    ("champati_baseline", (32, 32), {"luma": (32, 32, 1)}, {"lab": (32, 32, 3)}),
    ("champati_regression", (32, 24), {"luma": (32, 24, 1)}, {"lab": (32, 24, 3)}),
    ("champati_classification", (32, 24), {"luma": (32, 24, 1)}, {"bins": (32, 24, 81), "lab": (32, 24, 3)}),
    ("champati_features", (32, 32), {"rgb": (32, 32, 3)}, {"classes": (10,)}),
]
WIDTH = 4


def test_all_models_are_on_the_list():
    assert [name for name, *_ in MODEL_LIST] == list(MODELS)


@pytest.fixture(scope="module")
def models():
    """All of them, narrow, by name; as if trained, for some begin with kernels of zeros."""
    built = {name: MODELS[name].build(input_size=size, width=WIDTH) for name, size, *_ in MODEL_LIST}
    random = np.random.default_rng(0)
    for weight in (weight for model in built.values() for weight in model.trainable_weights):
        weight.assign_add(random.normal(0, 0.01, weight.shape))
    return built


@pytest.fixture(scope="module")
def reloaded(models, photographs, tmp_path_factory):
    """What every model makes of a photograph: here, and by its file in one process that knows nothing of this project.

    Pairs of lists of arrays by name. The file is loaded in safe mode, which runs no code that it holds.
    """
    folder, here = tmp_path_factory.mktemp("models"), {}
    for name, model in models.items():
        tensors = {key: _like(x, photographs[0]) for key, x in model.input.items()}
        model.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.inputs.npz", **tensors)
        here[name] = model.predict(tensors, verbose=0)
    code = """
import sys
import keras, numpy as np
for name in sys.argv[1:]:
    model = keras.models.load_model(f"{name}.keras", safe_mode=True)
    outputs = model.predict(dict(np.load(f"{name}.inputs.npz")), verbose=0)
    np.savez(f"{name}.outputs.npz", *keras.tree.flatten(outputs))
assert not {"zoo", "training", "export"} & set(sys.modules)
"""
    # -I keeps the project off the path; without site-packages of its own, -E and -s would do the same.
    subprocess.run([sys.executable, "-I", "-c", code, *models], cwd=folder, check=True, capture_output=True)
    there = {name: list(np.load(folder / f"{name}.outputs.npz").values()) for name in models}
    return {name: (keras.tree.flatten(here[name]), there[name]) for name in models}


@pytest.mark.parametrize(("name", "inputs", "outputs"), [(name, *shapes) for name, _, *shapes in MODEL_LIST])
def test_inputs_and_outputs(name, inputs, outputs, models):
    model = models[name]
    assert model.name == name
    assert {key: x.shape[1:] for key, x in model.input.items()} == inputs
    assert keras.tree.map_structure(lambda x: x.shape[1:], model.output) == outputs


@pytest.mark.parametrize("name", MODELS)
def test_saves_and_loads_in_a_process_without_this_project(name, reloaded):
    here, there = reloaded[name]
    for ours, theirs in zip(here, there, strict=True):
        assert np.abs(ours).max() > 0
        assert np.abs(theirs - ours).max() < 1e-4


@pytest.mark.parametrize(("name", "size"), [(name, size) for name, size, *_ in MODEL_LIST])
def test_mixed_precision_gives_float32(name, size, photographs):
    """Its layers compute in bfloat16, what comes out does not."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = MODELS[name].build(input_size=size, width=WIDTH)
    finally:
        keras.config.set_dtype_policy("float32")
    kernels = [layer for layer in model._flatten_layers() if hasattr(layer, "kernel")]
    assert kernels[0].compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.weights} <= {"float32", "uint32"}  # and seeds of dropout
    outputs = keras.tree.flatten(model({key: _like(x, photographs[0]) for key, x in model.input.items()}))
    assert {keras.backend.standardize_dtype(x.dtype) for x in outputs} == {"float32"}
    assert all(np.isfinite(keras.ops.convert_to_numpy(x)).all() for x in outputs)


def _like(x, photograph):
    """A batch of one of the shape of a model's input: a part of a photograph, or a few of its values."""
    rgb = photograph.astype("float32")
    if len(x.shape) == 4:
        return rgb[None, : x.shape[1], : x.shape[2], : x.shape[3]]
    values = np.resize(rgb, (1, *x.shape[1:]))
    return (values % 8).astype("int32") if x.dtype == "int32" else values


@pytest.mark.parametrize("name", MODELS)
def test_every_builder_takes_weights(name, models, tmp_path):
    build, model = MODELS[name].build, models[name]
    save_weights(model, tmp_path / "own.npz")
    size = next(size for each, size, *_ in MODEL_LIST if each == name)
    loaded = build(input_size=size, width=WIDTH, weights=tmp_path / "own.npz")
    for own, weight in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.allclose(own, weight, rtol=1e-3, atol=1e-6)
