"""The list of models, and what every model on it must do."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from zoo.registry import MODELS


@pytest.mark.parametrize("name", MODELS)
def test_saves_and_loads_in_a_process_without_this_project(name, tmp_path, photographs):
    model = MODELS[name].build(input_size=photographs[0].shape[:2], width=4)
    rgb = photographs[0].astype("float32")
    tensors = {key: rgb[None, : x.shape[1], : x.shape[2], : x.shape[3]] for key, x in model.input.items()}
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "inputs.npz", **tensors)
    code = (
        "import sys; import keras, numpy as np; inputs = dict(np.load('inputs.npz')); "
        "m = keras.models.load_model('model.keras'); np.save('output.npy', m.predict(inputs, verbose=0)); "
        "assert not {'zoo', 'training', 'export'} & set(sys.modules)"
    )
    # -I keeps the project off the path; without site-packages of its own, -E and -s would do the same.
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, capture_output=True)
    difference = np.load(tmp_path / "output.npy") - keras.ops.convert_to_numpy(model(tensors))
    assert np.abs(difference).max() < 1e-3 * 0.1


def test_listing(capsys):
    from zoo.__main__ import main

    assert main() == 0
    assert "24,109,572   138.3    320x320  luma, hints" in capsys.readouterr().out
