"""Trains a model of the zoo by its recipe: `python -m training.fit crayon`."""

import sys
from pathlib import Path

from training.command import ArgumentParser, CommandError, natural, positive, run
from training.loop.train import train
from training.outputs import check_folder, read_json

PRECISIONS = ("float32", "mixed_bfloat16")


def main(argv):
    """Trains a model by its recipe, on TFDS data, a folder of photographs or the samples in this package.

    Leaves in the run folder: model.keras (the lowest validation error), recipe.json, data.json, history.csv,
    preview.png, metrics.json, logs/ for TensorBoard, and what --resume needs.
    """
    settings, arguments = _arguments(argv)
    out, where = arguments.out, {name: getattr(arguments, name) for name in ("devices", "hosts", "host")}
    try:
        train(settings, out, arguments.data_dir, arguments.resume, arguments.progress, **where)
    except KeyboardInterrupt:
        print(f"interrupted: go on with `python -m training.fit {settings['recipe']} --out {out} --resume`")
        return 130
    if arguments.hosts:
        print(f"to score it: python -m training.evaluate {out}")
        return 0
    from training import evaluate
    from training.recipes import RECIPES

    report = [str(out), *RECIPES[settings["recipe"]].report(settings), "--results", str(out / "metrics.json")]
    return evaluate.main(report + (["--data-dir", arguments.data_dir] if arguments.data_dir else []))


def _arguments(argv):
    """The settings of the run, and all arguments; a resumed run has the settings it was started with."""
    parser = ArgumentParser(prog="python -m training.fit", description=main.__doc__)
    commands = recipe_parsers(parser)
    for command in commands.values():
        command.add_argument("--from", type=Path, dest="start", metavar="BEST", help="best.json of `training.tune`")
        command.add_argument(
            "--devices", choices=("one", "all"), default="one", help="of this machine, or of each host"
        )
        command.add_argument("--hosts", help="address:port of each machine, with commas between; needs the JAX backend")
        command.add_argument("--host", type=int, default=0, help="which of --hosts this is, from 0 on")
        command.add_argument("--out", type=Path, help="run folder; runs/RECIPE if not given")
        command.add_argument("--resume", action="store_true", help="go on with the run in --out; --epochs may change")
        command.add_argument("--progress", action="store_true", default=sys.stdout.isatty(), help="a bar each epoch")
    arguments = parser.parse_args(argv)
    if arguments.start:
        commands[arguments.recipe].set_defaults(**_tuned(arguments.start, arguments.recipe))
        arguments = parser.parse_args(argv)
    if arguments.out is None:
        arguments.out = Path("runs") / arguments.recipe
    stored = {}
    if arguments.resume:
        stored = _stored(arguments.out, arguments.recipe)
        commands[arguments.recipe].set_defaults(**stored, out=arguments.out)
        arguments = parser.parse_args(argv)
    elif (arguments.out / "recipe.json").exists():
        raise CommandError(f"{arguments.out} holds a run: --resume it, or choose another --out")
    check_folder(arguments.out, "recipe.json")
    settings = recipe_settings(arguments)
    changed = [name for name in stored if settings.get(name, stored[name]) != stored[name] and name != "epochs"]
    if changed:
        raise CommandError(f"the run in {arguments.out} was started with another {changed[0]}: resume it without that")
    return settings, arguments


def recipe_settings(arguments):
    """The settings of a recipe, of all arguments. CommandError for those that do not go together."""
    from training.recipes import RECIPES

    recipe = RECIPES[arguments.recipe]
    settings = {name: getattr(arguments, name) for name in ("recipe", *recipe.DEFAULTS, "precision")}
    recipe.check(settings)
    return settings


def recipe_parsers(parser):
    """Adds a command for each recipe, with its settings as flags; gives their parsers by name."""
    from training.recipes import RECIPES

    commands = {}
    recipes = parser.add_subparsers(dest="recipe", required=True, metavar="RECIPE", help=", ".join(RECIPES))
    for name, recipe in RECIPES.items():
        commands[name] = command = recipes.add_parser(name, help=recipe.__doc__.split("\n")[0])
        command.add_argument("--dataset", help="TFDS name, folder:PATH or samples")
        command.add_argument("--epochs", type=positive, help="passes over the training images")
        command.add_argument("--learning-rate", type=float, help="of Adam")
        command.add_argument("--seed", type=natural, help="of the weights, splits, crops and their order")
        command.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], help="of a network's layers")
        recipe.add_arguments(command)
        command.set_defaults(**recipe.DEFAULTS)
        command.add_argument("--data-dir", help="where TFDS finds or puts its data; TFDS_DATA_DIR if not given")
    return commands


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
