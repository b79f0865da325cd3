"""What is scored, and on what: kinds of systems, and names by which runs and data sets are told apart."""

import os
from pathlib import Path

from training.command import CommandError
from training.result_files import dataset_name, write_results

GRIDS, COLORIZERS, AUTOENCODERS = "decoders of grids", "colorizers", "auto-encoders"  # see `zoo.codecs.base.Codec.what`


def run_names(runs, own=None):
    """Names of `Run`s: of their recipe, and where several share it, with their folder behind it.

    Args:
        runs: `training.loop.run_folder.Run`s.
        own: names of the same number, in the place of those of recipes.

    Raises:
        CommandError: a run is given twice.
    """
    own = own or [run.settings.get("recipe", run.model.name) for run in runs]
    return told_apart(own, [run.path.parent if run.path.name == "model.keras" else run.path for run in runs])


def told_apart(names, paths):
    """Names, and behind equal ones as much of their paths as tells them apart. CommandError for equal paths."""
    places = [os.path.realpath(path) for path in paths]
    twice = next((path for path, place in zip(paths, places, strict=True) if places.count(place) > 1), None)
    if twice is not None:
        raise CommandError(f"{twice} is given twice: give each only once")
    found = list(names)
    for name in {name for name in names if names.count(name) > 1}:
        alike = [i for i, other in enumerate(names) if other == name]
        parts = [Path(os.path.abspath(paths[i])).parts for i in alike]
        count = next(k for k in range(1, max(map(len, parts)) + 1) if len({part[-k:] for part in parts}) == len(parts))
        for i, part in zip(alike, parts, strict=True):
            found[i] = f"{name} {'/'.join(part[-count:])}"
    return found


def file_name(names, spec):
    """What a result file is called, without its suffix, if that is not said: names of runs, and of a data set."""
    return "-".join([*names, dataset_name(spec)]).replace("/", "-").replace(" ", "-")


def write_scores(path, argv, rows, dataset, seed, **more):
    """Writes the result file of `training.evaluate` with these arguments, and says so; see `write_results`."""
    write_results(path, "python -m training.evaluate " + " ".join(argv), rows, dataset, seed, **more)
    print(f"written: {path}")


def split_to_score(arguments, photographs, is_own):
    """The split that is asked for; else all of a flat folder that is not that of the training (`is_own`), or test."""
    return arguments.split or ("all" if photographs.flat and not is_own else "test")


def own_dataset(run, usual):
    """The data set of a run's training, or `usual` for a bare .keras file. CommandError for weights of the zoo."""
    if not run.path.exists():
        raise CommandError(f"weights of the zoo, {run.path}, do not say where photographs are: give --dataset")
    return run.settings.get("dataset", usual)


def one_dataset(arguments, run, usual):
    """The one data set to score on: that of --dataset, or see `own_dataset`. CommandError for several."""
    if len(arguments.dataset or ()) > 1:
        raise CommandError(f"several --dataset are for {GRIDS}: give one")
    return arguments.dataset[0] if arguments.dataset else own_dataset(run, usual)
