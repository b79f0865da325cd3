"""Recipes: a class for each published experiment, in a file whose docstring has the command, the time and the result.

An instance holds the settings of one run; see `training.recipes.base.Recipe`. Recipes import Keras, TensorFlow and
what needs them only in the methods that do, so that the flags of all are known in no time. A new file in this folder
is a new recipe.
"""

import importlib
import pkgutil

from training.recipes.base import Recipe, add_flags, names, summary


def _found():
    """The recipes in the files of this folder: classes that have a name, in the order of the files."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Recipe) and "name" in vars(value):
                yield value


RECIPES = {recipe.name: recipe for recipe in _found()}


def recipe_of(settings):
    """The recipe of settings such as recipe.json holds; it has the defaults of those that are missing.

    Raises:
        CommandError: settings that do not go together.
    """
    recipe = RECIPES[settings["recipe"]]
    return recipe(**{name: settings[name] for name in names(recipe) if name in settings})


def add_recipes(parser):
    """Adds a command for each recipe, with its settings as flags; gives their parsers by name.

    Of the settings, only those that are told will be among the arguments: `recipe_of(vars(arguments))` has the others.
    """
    commands = {}
    recipes = parser.add_subparsers(dest="recipe", required=True, metavar="RECIPE", help=", ".join(RECIPES))
    for name, recipe in RECIPES.items():
        commands[name] = command = recipes.add_parser(name, help=summary(recipe))
        add_flags(command, recipe)
        command.add_argument("--data-dir", help="where TFDS finds or puts its data; TFDS_DATA_DIR if not given")
    return commands
