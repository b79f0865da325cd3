"""A trained model and what is known about its training."""

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras

from training.command import CommandError
from training.decoders import model_decoder
from zoo import weights
from zoo.registry import pretrained


@dataclass
class Run:
    """A model, the settings of its run (empty for a bare .keras file), and the digests of the images it has seen."""

    path: Path
    model: keras.Model
    settings: dict
    digests: set | None

    def decoder(self):
        """The model as a decoder (`training.decoders`). CommandError if it is none."""
        found = model_decoder(self.model)
        if found is None:
            inputs = sorted(tensor.name for tensor in self.model.inputs or ())
            raise CommandError(f"{self.path} is no model from luma and hints or grid: its inputs are {inputs}")
        return found


@contextmanager
def only_unseen(runs, photographs, split):
    """Within it `photographs` are read to score `runs`, without any image that one of them has seen.

    Those of a test split are skipped and counted: CIFAR-100 has ten of its test images among those for training, and
    a folder may hold a photograph twice. Prints what was read.

    Raises:
        CommandError: images of another split are known from training or validation.
    """
    if any(run.digests is None for run in runs):
        print("note: no data.json beside the model, so it cannot be checked whether it has seen these images")
    digests = frozenset().union(*(run.digests or () for run in runs))
    if split == "test":
        photographs.left_out = digests
    yield
    photographs.left_out = frozenset()
    print(f"photographs of {photographs.spec}: {photographs.account()}")
    images = [(name, digest) for names in photographs.seen.values() for name, digest in names.items()]
    known = [name for name, digest in images if digest in digests]
    if known:
        raise CommandError(
            f"the model was trained or validated on {len(known)} of these {len(images)} images, {known[0]} for "
            "one: choose another --dataset or --split, or pass --allow-overlap"
        )


def usual_step(settings):
    """The grid step at which a run is shown and exported: its own, or 20 for one that was trained at many."""
    n = settings.get("n", "random")
    return 20 if n == "random" else n


def load_run(path):
    """The `Run` in a run folder, of a .keras file or of weights of the zoo. CommandError if it cannot be had."""
    path = Path(path)
    if not path.exists() and (name := weights.find(str(path))):
        return _pretrained(name)
    file = path / "model.keras" if path.is_dir() else path
    if not file.is_file():
        raise CommandError(f"no run or model at {path}: train one with `python -m training.fit crayon --out {path}`")
    try:
        model = keras.models.load_model(file, compile=False)
    except Exception as error:  # zipfile, h5py, JSON or Keras, whatever is damaged
        reason = str(error).strip().split("\n")[0]
        raise CommandError(f"{file} is not a Keras model that can be read ({reason})") from None
    settings = _json(file.parent / "recipe.json") or {}
    data = _json(file.parent / "data.json")
    digests = None if data is None else {digest for split in ("train", "validation") for digest in data[split]}
    return Run(path, model, settings, digests)


def _pretrained(name):
    card = weights.card(name)
    try:
        model = pretrained(name)
    except ValueError as error:  # damaged
        raise CommandError(str(error)) from None
    settings = {key: value for key, value in card["settings"].items() if key != "dataset"}  # which is elsewhere
    return Run(Path(name), model, settings, set(_json(weights.FOLDER / card["seen"])))


def _json(path):
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise CommandError(f"{path} is damaged ({error})") from None
