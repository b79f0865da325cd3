"""The list of models, and what every model on it must do."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from zoo.registry import MODELS
from zoo.weights import save_weights


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, photographs):
    """What every model makes of a photograph, here and by its file in one process that knows nothing of this project.

    Pairs of lists of arrays by name.
    """
    folder, here = tmp_path_factory.mktemp("models"), {}
    for name, entry in MODELS.items():
        size = [min(pair) for pair in zip(photographs[0].shape, entry.input_size, strict=False)]
        model = entry.build(input_size=size, width=4)
        rgb = photographs[0].astype("float32")
        tensors = {key: _like(x, rgb) for key, x in model.input.items()}
        model.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.inputs.npz", **tensors)
        here[name] = [keras.ops.convert_to_numpy(x) for x in keras.tree.flatten(model(tensors))]
    code = """
import sys
import keras, numpy as np
for name in sys.argv[1:]:
    model = keras.models.load_model(f"{name}.keras")
    outputs = model.predict(dict(np.load(f"{name}.inputs.npz")), verbose=0)
    np.savez(f"{name}.outputs.npz", *keras.tree.flatten(outputs))
assert not {"zoo", "training", "export"} & set(sys.modules)
"""
    # -I keeps the project off the path; without site-packages of its own, -E and -s would do the same.
    subprocess.run([sys.executable, "-I", "-c", code, *MODELS], cwd=folder, check=True, capture_output=True)
    there = {name: list(np.load(folder / f"{name}.outputs.npz").values()) for name in MODELS}
    return {name: (here[name], there[name]) for name in MODELS}


@pytest.mark.parametrize("name", MODELS)
def test_saves_and_loads_in_a_process_without_this_project(name, elsewhere):
    for here, there in zip(*elsewhere[name], strict=True):
        assert np.abs(there - here).max() < 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_every_builder_takes_weights(name, tmp_path):
    build = MODELS[name].build
    model = build(width=4)
    save_weights(model, tmp_path / "own.npz")
    loaded = build(width=4, weights=tmp_path / "own.npz")
    for own, weight in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.allclose(own, weight, rtol=1e-3, atol=1e-6)


def _like(x, rgb):
    """A batch of one of the shape of a model's input: a part of a photograph, or a few of its values."""
    if len(x.shape) == 4:
        return rgb[None, : x.shape[1], : x.shape[2], : x.shape[3]]
    values = np.resize(rgb, (1, *x.shape[1:]))
    return (values % 8).astype("int32") if x.dtype == "int32" else values


def test_listing(capsys):
    from zoo.__main__ import main

    assert main() == 0
    assert "24,109,572     138    320x320  luma, hints" in capsys.readouterr().out
