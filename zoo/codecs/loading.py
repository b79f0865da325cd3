"""Opens a model with all that stands between a photograph and it."""

import hashlib
import json
from pathlib import Path

import keras

from zoo import weights
from zoo.codecs.autoencoder import AutoencoderCodec
from zoo.codecs.classifier import Classifier
from zoo.codecs.colorizer import Colorizer
from zoo.codecs.grid import EdgeCodec, HintsCodec, input_names
from zoo.codecs.latent import LatentCodec
from zoo.errors import ZooError
from zoo.registry import pretrained

# In this order: an adaptive auto-encoder is an auto-encoder as well.
CODECS = (EdgeCodec, HintsCodec, LatentCodec, AutoencoderCodec, Colorizer, Classifier)


def load(source):
    """The codec of weights of the zoo, of a run folder of `training.fit`, or of a .keras file.

    Args:
        source: a name of `zoo.list_weights()`, or of a model, which stands for its first weights; or a path.

    Returns:
        By what the model is: `GridCodec` (Crayon, the edge decoders), `LatentCodec` (the adaptive auto-encoder),
        `AutoencoderCodec`, `Colorizer` or `Classifier`, all in `zoo.codecs`, with the Keras model as `.model`.

    Raises:
        ZooError: none of these, damaged, or a model of another kind. It is a ValueError, of one line.

    Example:

        codec = zoo.load("crayon_edge-photographs")
        seen = codec.encode(photo, n=16)  # uint8 (H, W, 3) -> .luma (H, W), .grid (h, w, 2), uint8
        photo = codec.decode(seen)
    """
    path = Path(source)
    if name := _weights(path):
        settings = {key: value for key, value in weights.card(name)["settings"].items() if key != "dataset"}
        try:
            return codec_of(pretrained(name), settings)
        except ValueError as error:  # damaged
            raise ZooError(str(error)) from None
    file = _file(path)
    try:
        model = keras.models.load_model(file, compile=False)
    except Exception as error:  # zipfile, h5py, JSON or Keras, whatever is damaged
        reason = str(error).strip().split("\n")[0]
        raise ZooError(f"{file} is not a Keras model that can be read ({reason})") from None
    return codec_of(model, _settings(file.with_name("recipe.json")), path)


def fingerprint(source):
    """SHA-256, in hexadecimal, of the weights or the .keras file that `load` would open. ZooError if there are none."""
    path = Path(source)
    if name := _weights(path):
        return weights.card(name)["sha256"]
    return hashlib.sha256(_file(path).read_bytes()).hexdigest()


def _weights(path):
    """The name of the weights of the zoo that are meant, None for a path."""
    return None if path.exists() else weights.find(str(path))


def _file(path):
    """The .keras file of a run folder, or the file itself. ZooError if there is none."""
    file = path / "model.keras" if path.is_dir() else path
    if not file.is_file():
        raise ZooError(f"no run or model at {path}: train one with `python -m training.fit crayon --out {path}`")
    return file


def codec_of(model, settings=None, path="the model"):
    """The codec of a Keras model: the one place that asks what kind of system a model is.

    Args:
        model: see above.
        settings: of the recipe that it was trained by, where they are known.
        path: as which an error names it.

    Raises:
        ZooError: a model of another kind.
    """
    found = next((codec for codec in CODECS if codec.takes(model)), None)
    if found is None:
        raise ZooError(f"{path} is no model of the zoo: its inputs are {input_names(model)}")
    return found(model, settings)


def _settings(file):
    """What a recipe.json says; empty if there is none. The data set stays, unlike that of weights: it is there."""
    try:
        found = json.loads(file.read_text()) if file.exists() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise ZooError(f"{file} is damaged ({error}): put the run's own file there again") from None
    if not isinstance(found, dict):
        raise ZooError(f"{file} is damaged (it holds no names and values): put the run's own file there again")
    return found
