"""Trains a model of the zoo by its recipe: `python -m training.fit crayon`."""

import sys
from pathlib import Path

from training.command import ArgumentParser, CommandError, run
from training.loop.train import train
from training.outputs import check_folder, read_json
from training.recipes import add_recipes, recipe_of


def main(argv):
    """Trains a model by its recipe, on TFDS data, a folder of photographs or the samples in this package.

    Leaves in the run folder: model.keras (the lowest validation error), recipe.json, data.json, history.csv,
    preview.png, metrics.json, logs/ for TensorBoard, and what --resume needs.
    """
    recipe, arguments = _arguments(argv)
    out, where = arguments.out, {name: getattr(arguments, name) for name in ("devices", "hosts", "host")}
    try:
        train(recipe, out, arguments.data_dir, arguments.resume, arguments.progress, **where)
    except KeyboardInterrupt:
        print(f"interrupted: go on with `python -m training.fit {recipe.name} --out {out} --resume`")
        return 130
    if arguments.hosts:
        print(f"to score it: python -m training.evaluate {out}")
        return 0
    from training import evaluate

    report = [str(out), *recipe.report(), "--results", str(out / "metrics.json")]
    return evaluate.main(report + (["--data-dir", arguments.data_dir] if arguments.data_dir else []))


def _arguments(argv):
    """The recipe with its settings, and all arguments; a resumed run has the settings it was started with."""
    parser = ArgumentParser(prog="python -m training.fit", description=main.__doc__)
    for command in add_recipes(parser).values():
        add = command.add_argument
        add("--from", type=Path, dest="start", metavar="BEST", help="best.json of `training.tune`")
        add("--devices", choices=("one", "all"), default="one", help="of this machine, or of each host")
        add("--hosts", help="address:port of each machine, with commas between; needs the JAX backend")
        add("--host", type=int, default=0, help="which of --hosts this is, from 0 on")
        add("--out", type=Path, help="run folder; runs/RECIPE if not given")
        add("--resume", action="store_true", help="go on with the run in --out; --epochs may change")
        add("--progress", action="store_true", default=sys.stdout.isatty(), help="a bar each epoch")
    arguments = parser.parse_args(argv)
    tuned = _tuned(arguments.start, arguments.recipe) if arguments.start else {}
    arguments.out = arguments.out or Path("runs") / arguments.recipe
    stored = {}
    if arguments.resume:
        stored = _stored(arguments.out, arguments.recipe)
    elif (arguments.out / "recipe.json").exists():
        raise CommandError(f"{arguments.out} holds a run: --resume it, or choose another --out")
    check_folder(arguments.out, "recipe.json")
    recipe = recipe_of({**tuned, **stored, **vars(arguments)})
    wanted = vars(recipe)
    changed = [name for name in stored if wanted.get(name, stored[name]) != stored[name] and name != "epochs"]
    if changed:
        raise CommandError(f"the run in {arguments.out} was started with another {changed[0]}: resume it without that")
    return recipe, arguments


def _stored(folder, recipe):
    """The settings of the run in a folder, which must be one of this recipe."""
    if not (folder / "recipe.json").exists():
        raise CommandError(f"no run to resume in {folder}: start it without --resume")
    stored = read_json(folder / "recipe.json", "start another run")
    if stored.get("recipe") != recipe:
        raise CommandError(f"the run in {folder} is one of {stored.get('recipe')}, not of {recipe}: resume it as such")
    return stored


def _tuned(path, recipe):
    """The settings in a best.json of `training.tune`."""
    remedy = "give the best.json that `training.tune` wrote"
    found = read_json(path, remedy).get("settings")
    if not isinstance(found, dict):
        raise CommandError(f"no settings in {path}: {remedy}")
    if found.pop("recipe", None) != recipe:
        raise CommandError(f"{path} has settings of another recipe than {recipe}")
    return found


if __name__ == "__main__":
    sys.exit(run(main))
