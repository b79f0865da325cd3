"""Searches settings with KerasTuner: `python -m training.tune crayon --search n=6,15,20`."""

import os
import sys
from pathlib import Path

from training.command import ArgumentParser, CommandError, positive, run
from training.outputs import check_folder, read_json, result_file, write_json
from training.recipes import add_recipes, recipe_of
from training.search.tuner import Search, distributed

ORACLES = ("grid", "random", "bayesian", "hyperband")  # of `training.search.oracles`


def main(argv):
    """Searches settings of a recipe, each trial a training, or with --trained what needs no training.

    Trials are scored on validation images. Leaves in --out: trials.json and trials.png with all of them, unless
    --results says where, best.json for `training.fit --from`, a run folder for each trial, and what --resume needs.
    What is searched, and over which values, is SEARCH of the recipe or, with --trained, SEARCH_TRAINED.
    """
    search, arguments = _arguments(argv)
    if arguments.workers:
        from training.search.chief import launch

        return launch(argv, arguments.workers)

    from keras_tuner.errors import FatalError

    from training.search.trials import report

    tuner = search.tuner()
    role = os.environ.get("KERASTUNER_TUNER_ID", "")
    if "chief" in role:
        from training.search.chief import serve

        serve(tuner.oracle, search.budget, arguments.lost)
    else:
        try:
            tuner.search()
        except FatalError as error:
            raise error.__cause__ from None
    return 0 if "worker" in role else report(search, tuner.oracle.trials, argv)


def _arguments(argv):
    """The `Search` and all arguments; a search that is resumed must be the same."""
    parser = ArgumentParser(prog="python -m training.tune", description=main.__doc__)
    for command in add_recipes(parser).values():
        add = command.add_argument
        add("--search", nargs="+", metavar="NAME=VALUES", help="n=6,15,20 or n=6..100 or n; the usual one if not given")
        add("--objective", default="knee", help="knee, lagrangian, psnr-at-rate or a metric")
        add("--multiplier", type=float, default=100.0, help="lagrangian: of bits a pixel, beside mean squared error")
        add("--rate", type=float, default=0.1, help="psnr-at-rate: bits a pixel at most")
        add("--oracle", choices=ORACLES, default="grid", help="how trials are chosen")
        add("--trials", type=positive, help="at most; grid: all if not given")
        add("--minutes", type=float, help="of the whole search: no trial begins that would end later")
        add("--patience", type=positive, help="end a training after so many epochs without a lower validation error")
        add("--images", type=positive, default=50, help="validation images on which a trial is scored")
        add("--trained", help="run folder or name of weights: search what needs no training")
        add("--classifier", help="colorizers: run folder of the classifier of feature preservation")
        add("--workers", type=positive, help="processes on this machine that run trials side by side")
        add(
            "--lost",
            type=float,
            default=60.0,
            help="seconds without a word from a worker until its trial is given away",
        )
        add("--out", type=Path, help="folder of the search; runs/tune-RECIPE if not given")
        add("--results", type=result_file, help="result file, with a PNG beside it; trials.json in --out if not given")
        add("--resume", action="store_true", help="go on with the search in --out")
    arguments = parser.parse_args(argv)
    arguments.out = arguments.out or Path("runs") / f"tune-{arguments.recipe}"
    recipe = recipe_of(vars(arguments))
    if arguments.oracle in ("random", "bayesian") and not arguments.trials:
        raise CommandError(f"--oracle {arguments.oracle} does not end by itself: say how many --trials at most")
    kept = ("search", "objective", "multiplier", "rate", "oracle", "images", "trained", "classifier", "patience")
    search = Search(recipe, arguments)
    wanted = {**recipe.settings(), **{name: getattr(arguments, name) for name in kept}}
    _same_search(arguments.out / "search.json", wanted, arguments.resume or distributed())
    return search, arguments


def _same_search(path, wanted, resume):
    if path.exists():
        if not resume:
            raise CommandError(f"{path.parent} holds a search: --resume it, or choose another --out")
        stored = read_json(path, "begin the search anew, with another --out")
        changed = [name for name in wanted if wanted[name] != stored.get(name)]
        if changed:
            raise CommandError(f"the search in {path.parent} had another {changed[0]}: resume it with the same")
    elif resume and not distributed():
        raise CommandError(f"no search to resume in {path.parent}: start it without --resume")
    else:
        check_folder(path.parent, path.name)
        write_json(path, wanted)


if __name__ == "__main__":
    sys.exit(run(main))
