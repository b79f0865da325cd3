"""The list of models, and what every model on it must do."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from zoo.registry import MODELS


@pytest.mark.parametrize("name", MODELS)
def test_saves_and_loads_in_a_process_without_this_project(name, tmp_path, photographs):
    size = [min(pair) for pair in zip(photographs[0].shape, MODELS[name].input_size, strict=False)]
    model = MODELS[name].build(input_size=size, width=4)
    rgb = photographs[0].astype("float32")
    tensors = {key: _like(x, rgb) for key, x in model.input.items()}
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "inputs.npz", **tensors)
    code = (
        "import sys; import keras, numpy as np; inputs = dict(np.load('inputs.npz')); "
        "m = keras.models.load_model('model.keras'); "
        "np.savez('outputs.npz', *keras.tree.flatten(m.predict(inputs, verbose=0))); "
        "assert not {'zoo', 'training', 'export'} & set(sys.modules)"
    )
    # -I keeps the project off the path; without site-packages of its own, -E and -s would do the same.
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, capture_output=True)
    with np.load(tmp_path / "outputs.npz") as loaded:
        for there, here in zip(loaded.values(), keras.tree.flatten(model(tensors)), strict=True):
            assert np.abs(there - keras.ops.convert_to_numpy(here)).max() < 1e-4


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
