"""A trained model and what is known about its training."""

import json
from dataclasses import dataclass
from pathlib import Path

import keras

from training.command import CommandError


@dataclass
class Run:
    """A model, the settings of its run (empty for a bare .keras file), and the digests of the images it has seen."""

    path: Path
    model: keras.Model
    settings: dict
    digests: set | None

    def require_inputs(self, *names):
        """CommandError unless the model's inputs are these."""
        found = sorted(tensor.name for tensor in self.model.inputs or ())
        if found != sorted(names):
            raise CommandError(f"{self.path} is no model from {' and '.join(names)}: its inputs are {found}")

    def refuse_overlap(self, photographs):
        """CommandError if any image read so far is one this model was trained or validated on."""
        if self.digests is None:
            print("note: no data.json beside the model, so it cannot be checked whether it has seen these images")
            return
        images = [(name, digest) for names in photographs.seen.values() for name, digest in names.items()]
        known = [name for name, digest in images if digest in self.digests]
        if known:
            raise CommandError(
                f"the model was trained or validated on {len(known)} of these {len(images)} images, {known[0]} for "
                "one: choose another --dataset or --split, or pass --allow-overlap"
            )


def load_run(path):
    """The `Run` in a run folder, or of a .keras file. CommandError if there is none or it cannot be read."""
    path = Path(path)
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


def _json(path):
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise CommandError(f"{path} is damaged ({error})") from None
