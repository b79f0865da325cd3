"""Recipes: a class for each published experiment, in a file whose docstring has the command, the time and the result.

An instance holds the settings of one run; see `training.recipes.base.Recipe`. Recipes import Keras, TensorFlow and
what needs them only in the methods that do, so that the flags of all are known in no time.
"""

from training.recipes.adaptive_autoencoder import AdaptiveAutoencoder
from training.recipes.base import add_flags, names, summary
from training.recipes.champati import Champati
from training.recipes.champati_features import ChampatiFeatures
from training.recipes.color_autoencoder import ColorAutoencoder
from training.recipes.crayon import Crayon
from training.recipes.crayon_edge import CrayonEdge, CrayonEdgeM

RECIPES = {
    recipe.name: recipe
    for recipe in (AdaptiveAutoencoder, Champati, ChampatiFeatures, ColorAutoencoder, Crayon, CrayonEdge, CrayonEdgeM)
}


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
