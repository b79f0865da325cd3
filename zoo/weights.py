"""Pretrained weights: files in zoo/pretrained, each beside a card that says what it is, where from, and how good.

A file holds float16 arrays, or float32 where values are too large, by layer and variable name, so that it serves every
model that is built of the same layers, for whatever image size or grid step. Large ones are stored in parts. Which
files they are the card says: it is written last, so that it always speaks of files that are there.
"""

import hashlib
import json
from pathlib import Path

import keras
import numpy as np

from zoo.arrays import read_arrays

FOLDER = Path(__file__).parent / "pretrained"
SUFFIX = ".card.json"


def names():
    """Names of all weights in the zoo, `<model>-<variant>` each."""
    return sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob(f"*{SUFFIX}"))


def find(name):
    """The weights of this name, or the first of the model of this name; None if there are none."""
    return next((each for each in names() if name in (each, each.rsplit("-", 1)[0])), None)


def card(name):
    """The card of weights as a dict: model, sha256, bytes, licence, data, settings, time and metrics."""
    return json.loads((FOLDER / f"{name}{SUFFIX}").read_text())


def seen(name):
    """Digests of the images that weights were trained or validated on; see `training.data.sources`."""
    return json.loads((FOLDER / card(name)["seen"]).read_text())


def parts(name):
    """The files of weights in the zoo, in the order in which they are put together."""
    return [FOLDER / file for file in card(name)["files"]]


def with_weights(model, weights):
    """The model, with these weights (see `load_weights`) unless they are None."""
    if weights is not None:
        load_weights(model, weights)
    return model


def load_weights(model, weights, partial=False):
    """Sets the weights of a model.

    Args:
        model: a Keras model of named layers.
        weights: name of weights in the zoo, or path of a .npz file.
        partial: whether layers that the file lacks stay as they are.

    Raises:
        ValueError: unknown weights, a file whose sha256 is not its card's, that cannot be read, or that lacks an array
            of the right shape. The model is then as it was.
    """
    path, files, expected = Path(weights), [weights], None
    if path.suffix != ".npz":
        name = find(str(weights))
        if name is None:
            raise ValueError(f"`weights` must be a .npz file or one of {names()}. Received: weights={weights!r}")
        path, expected = name, card(name)["sha256"]
        files = [file for file in parts(name) if file.exists()]
    content = b"".join(Path(file).read_bytes() for file in files)
    if expected not in (None, hashlib.sha256(content).hexdigest()):
        raise ValueError(f"The sha256 of {path} is not its card's: a file is damaged or missing. Fetch it again")
    variables = dict(_variables(model))
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    # All of them are read before the first is set: a file that cannot be used leaves the model as it is.
    for name, array in read_arrays(content, shapes, path, partial).items():
        variables[name].assign(array)


def save_weights(model, path):
    """Writes the weights of a model to a .npz file, as float16 but for arrays with values beyond its range."""
    np.savez_compressed(path, **{name: _smallest(np.asarray(value)) for name, value in _variables(model)})


def _smallest(array):
    return array.astype("float16" if np.abs(array).max() <= np.finfo("float16").max else "float32")


def _variables(model, prefix=""):
    """Names and variables, `<layer>/<variable>`; of models within the model `<model>/<layer>/<variable>`."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _variables(layer, f"{prefix}{layer.name}/")
        else:
            yield from ((f"{prefix}{layer.name}/{variable.name}", variable) for variable in layer.weights)
