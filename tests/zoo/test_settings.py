"""What keras.json says, or somebody set, does not change what a model of the zoo is, nor what its files hold."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.color_grid import sample_grid
from zoo.settings import pinned

OTHERS = {"floatx": "float16", "image_data_format": "channels_first", "backend": "tensorflow", "epsilon": 1e-7}
CODE = """
import json, sys
import keras, numpy as np
from zoo import adaptive_autoencoder
from zoo.codecs.latent import LatentCodec
from zoo.registry import MODELS

photograph = np.load("photograph.npy")
assert (keras.config.floatx(), keras.config.image_data_format()) == ("float16", "channels_first")

def like(x):
    rgb = photograph.astype("float32")
    if len(x.shape) == 4:
        return rgb[None, : x.shape[1], : x.shape[2], : x.shape[3]]
    values = np.resize(rgb, (1, *x.shape[1:]))
    return (values % 8).astype("int32") if x.dtype == "int32" else values

def built():
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    models = {}
    for name, entry in MODELS.items():
        models[name] = entry.build(input_size=(64, 64) if name != "champati_baseline" else (32, 32), width=4)
    return models

def made(model):
    outputs = keras.tree.flatten(model({name: like(x) for name, x in model.input.items()}))
    return [keras.ops.convert_to_numpy(x) for x in outputs]

def packed():
    model = adaptive_autoencoder(width=4)
    return [LatentCodec(model, {"depth": depth}).encode(photograph[:61, :43], level)
            for level, depth in ((0, "latent"), (5, "latent"), (3, "colors"), (2, "uniform"))]

def facts(models):
    return {name: (model.get_config(), made(model)) for name, model in models.items()}

models = built()
here, bytes_here = facts(models), packed()
assert (keras.config.floatx(), keras.config.image_data_format()) == ("float16", "channels_first")
keras.config.set_floatx("float32")
keras.config.set_image_data_format("channels_last")
keras.config.set_dtype_policy("float32")
usual = built()
there, bytes_there = facts(usual), packed()
for name, model in usual.items():
    model.save(f"{name}.keras")
keras.config.set_floatx("float16")
keras.config.set_image_data_format("channels_first")
loaded = {name: made(keras.models.load_model(f"{name}.keras")) for name in MODELS}

def differ(one, other):
    return any(a.dtype != b.dtype or a.shape != b.shape or np.abs(a - b).max() > 1e-6 for a, b in zip(one, other))

wrong = [f"{name} is another model" for name in MODELS if here[name][0] != there[name][0]]
wrong += [f"{name} gives something else" for name in MODELS if differ(here[name][1], there[name][1])]
wrong += [f"{name} loaded gives something else" for name in MODELS if differ(loaded[name], there[name][1])]
if bytes_here != bytes_there:
    wrong += ["bytes"]
print(json.dumps(wrong))
"""


@pytest.mark.slow
def test_keras_json_changes_no_model(photographs, tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(OTHERS))
    np.save(tmp_path / "photograph.npy", photographs[0])
    root = str(Path(zoo.__file__).parents[1])
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "PYTHONPATH": root, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.fixture
def other_settings():
    """Keras as it is for somebody who set channels first and float16."""
    before = keras.config.image_data_format(), keras.config.floatx()
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    yield
    keras.config.set_image_data_format(before[0])
    keras.config.set_floatx(before[1])


def test_photographs_are_what_they_were(other_settings, photographs):
    """Functions that compute at once, and those that are given a model."""
    rgb, model = photographs[0][:64, :48], zoo.champati_regression(width=2)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    means, colored = np.asarray(sample_grid(rgb[None].astype("float32"), 8, "means")), zoo.colorize(model, rgb)
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    assert np.array_equal(np.asarray(sample_grid(rgb[None].astype("float32"), 8, "means")), means)
    assert np.array_equal(zoo.colorize(model, rgb), colored)


def test_settings_are_as_before(other_settings):
    """Also after an error; and a dtype policy that was set is followed within."""
    policy = keras.config.dtype_policy()
    with pytest.raises(ValueError, match="width"):
        zoo.color_autoencoder(width=0)
    assert (keras.config.image_data_format(), keras.config.floatx()) == ("channels_first", "float16")
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert zoo.champati_regression(width=2).get_layer("conv01").compute_dtype == "bfloat16"
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(policy)


def test_what_is_pinned():
    seen = pinned(lambda: (keras.config.image_data_format(), keras.config.floatx()))()
    assert seen == ("channels_last", "float32")
