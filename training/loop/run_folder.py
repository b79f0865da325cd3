"""A trained model and what is known about its training."""

import csv
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import zoo
from training.command import CommandError
from training.outputs import read_json
from zoo import weights
from zoo.codecs.base import Codec

REMEDY = "put the run's own file there again"


@dataclass
class Run:
    """A model and what is known of its training.

    Attributes:
        path: of the run folder or .keras file, or the name of weights of the zoo.
        codec: the model with all that stands between a photograph and it, see `zoo.load`.
        digests: of the images that it, or the weights that it started from, were trained or validated on.
        all_known: whether these are all: not for a bare .keras file, nor after a start from weights of unknown data.
        validated: of these digests, those that it was validated on and no more; none are known of weights of the zoo.
        classes: names of those that a classifier tells apart, in the order of their numbers; None if not known.
    """

    path: Path
    codec: Codec
    digests: set
    all_known: bool
    validated: set = field(default_factory=set)
    classes: list | None = None

    @property
    def model(self):
        """The Keras model."""
        return self.codec.model

    @property
    def settings(self):
        """Those of its recipe; empty for a bare .keras file."""
        return self.codec.settings

    @property
    def described(self):
        """What result files say of it: how many parameters, and its settings."""
        return {"parameters": self.model.count_params(), **self.settings}


@contextmanager
def only_unseen(runs, photographs, split, choosing=False):
    """Within it `photographs` are read to score `runs`, without any image that one of them has seen.

    Those of a test split are skipped and counted: CIFAR-100 has ten of its test images among those for training, and
    a folder may hold a photograph twice. Where the scores are for `choosing` settings, what a run was validated on may
    serve again. Prints what was read.

    Raises:
        CommandError: images of another split are known from training or validation.
    """
    for run in runs:
        if not run.all_known:
            print(f"note: it is not known what all {run.path} was trained on, so it may have seen these images")
    of_runs = [(run.path, run.digests - (run.validated if choosing else set())) for run in runs]
    digests = frozenset().union(*(known for _, known in of_runs))
    if split == "test":
        photographs.left_out = digests
    yield
    photographs.left_out = frozenset()
    print(f"photographs of {photographs.spec}: {photographs.account()}")
    images = [(name, digest) for names in photographs.seen.values() for name, digest in names.items()]
    known = [(name, digest) for name, digest in images if digest in digests]
    if known:
        name, digest = known[0]
        run = next(path for path, of_run in of_runs if digest in of_run)
        raise CommandError(
            f"{run} was trained or validated on {len(known)} of these {len(images)} images, {name} for "
            "one: choose another --dataset or --split"
        )


def load_run(path):
    """The `Run` in a run folder, of a .keras file or of weights of the zoo. ZooError if it cannot be had."""
    path, codec = Path(path), zoo.load(path)
    if not path.exists():
        name = weights.find(str(path))
        return Run(Path(name), codec, set(weights.seen(name)), True, classes=weights.card(name).get("classes"))
    return Run(path, codec, *_seen(path / "model.keras" if path.is_dir() else path))


def history_of(folder):
    """The columns of a run's history.csv, a number an epoch: `{"epoch": [...], "loss": [...], "val_loss": [...], ...}`.

    Empty where there is none, as with weights of the zoo.
    """
    path = Path(folder) / "history.csv"
    if not path.is_file():
        return {}
    with path.open() as file:
        lines = list(csv.DictReader(file))
    return {key: [float(line[key]) for line in lines] for key in lines[0]}


def _seen(file):
    """By the data.json beside a model: digests of what it has seen, if these are all, what it was validated on, and the
    names of its classes.
    """
    path = file.with_name("data.json")
    data = read_json(path, REMEDY) if path.exists() else {}
    parts = [data.get("train"), data.get("validation"), data.get("before", [])]
    if not all(part is None or isinstance(part, list) for part in parts):
        raise CommandError(f"{path} is damaged: {REMEDY}")
    train, validation, before = (set(part or ()) for part in parts)
    return train | validation | before, None not in parts, validation - train - before, data.get("classes")


def seen_before(settings):
    """Sorted digests of the images that the weights a run starts from have seen; None if that is not known."""
    if not settings.get("weights"):
        return []
    name = weights.find(settings["weights"])
    digests, all_known, *_ = (weights.seen(name), True) if name else _seen(Path(settings["weights"]))
    return sorted(digests) if all_known else None


def check_held_out(settings, seen, before):
    """CommandError if a run would train on photographs that the weights it starts from held out, by another seed.

    Nothing would be left by which what comes of it can be judged.

    Args:
        settings: of the run.
        seen: the `training.data.splits.digests` of its photographs.
        before: what `seen_before` gives.
    """
    known = set(before or ()) & set(seen["train"])
    if not 0 < len(known) < len(seen["train"]):
        return
    name = weights.find(settings["weights"])
    path = Path(settings["weights"]).with_name("recipe.json")
    theirs = weights.card(name)["settings"] if name else read_json(path, REMEDY) if path.exists() else {}
    if theirs.get("seed", settings["seed"]) != settings["seed"]:
        raise CommandError(
            f"--seed {settings['seed']} divides the photographs otherwise than the seed of {settings['weights']}, and "
            f"trains on some that they held out: give --seed {theirs['seed']}"
        )


def check_photographs(folder, seen):
    """CommandError unless the photographs that a resumed run finds are those that it began with, in the same splits.

    `seen` are the `training.data.splits.digests` of what is there now.
    """
    stored = read_json(folder / "data.json", "without it the run cannot be resumed, start another one")
    changed = [split for split, found in seen.items() if found != stored.get(split)]
    if changed:
        raise CommandError(
            f"these are not the photographs that the run in {folder} began with: those of {' and '.join(changed)} have "
            "changed. Put them back, or start another run"
        )
