"""What a recipe is: its settings, which are flags of `training.fit`, and what to do with them."""

import argparse
import dataclasses
import sys
from dataclasses import MISSING, dataclass

from training.command import natural, positive

PRECISIONS = ("auto", "float32", "mixed_bfloat16")


def setting(default, help, type=str, choices=None):
    """A field of a recipe, and its flag.

    Args:
        default: of both; MISSING for what each recipe must give. False makes it a switch.
        help: of the flag.
        type, choices: as of argparse.
    """
    flag = {"action": "store_true"} if default is False else {"type": type, "choices": choices}
    return dataclasses.field(default=default, metadata={"help": help, **flag})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of one run, and how it is trained by them.

    A recipe that only has another default for a setting of its base says `epochs: int = 30`: the flag stays the same.

    Attributes:
        name: of the recipe.
        TEST_IMAGES: positions of the test images, see `training.data.sources.open_dataset`.
        SEARCH: which settings `training.tune` searches, and over which values.
        SEARCH_TRAINED: the same of a trained model, where it has any.
        FASTER: what to type on a machine that is too slow for it.

    Raises:
        CommandError: settings that do not go together.
    """

    TEST_IMAGES = ()
    SEARCH = {}
    SEARCH_TRAINED = {}

    dataset: str = setting(MISSING, "TFDS name, folder:PATH or samples")
    epochs: int = setting(MISSING, "passes over the training images", positive)
    learning_rate: float = setting(MISSING, "of Adam", float)
    seed: int = setting(0, "of the weights, splits, crops and their order", natural)
    precision: str = setting(
        PRECISIONS[0], "of a network's layers; auto is bfloat16 where that is fast", choices=PRECISIONS
    )

    def __post_init__(self):
        self.check()

    def check(self):
        """CommandError for settings that do not go together."""

    def settings(self):
        """What recipe.json holds: the name of the recipe and all settings."""
        return {"recipe": self.name, **dataclasses.asdict(self)}

    def datasets(self):
        """The data sets to train on, the first of which is validated on as well."""
        return [self.dataset]

    def classes(self, sources):
        """Names of the classes that the network tells apart, in the order of their numbers; None if it does not."""

    def model(self):
        """The network to train."""
        raise NotImplementedError

    def training_model(self, network, sources):
        """A compiled model from photographs to what the network makes of them.

        Args:
            network: of `model`.
            sources: the `Photographs` of each of `datasets`.
        """
        raise NotImplementedError

    def batches(self, sources, epoch):
        """The tf.data set of training, endless, from `epoch` on; that of validation; how many steps are an epoch."""
        raise NotImplementedError

    def preview(self, path, images, network):
        """Writes a picture of what the network does to a few images, where there is something to be seen."""

    def report(self):
        """Arguments of the evaluation that ends a run."""
        raise NotImplementedError


def names(recipe):
    """Names of the settings of a class of recipes."""
    return [field.name for field in dataclasses.fields(recipe)]


def summary(recipe):
    """A class of recipes in one line: the first of its file."""
    return sys.modules[recipe.__module__].__doc__.partition("\n")[0]


def add_flags(parser, recipe):
    """Adds a flag for each setting of a class of recipes: what is not told will not be among the arguments."""
    for field in dataclasses.fields(recipe):
        flag = dict(_flag(recipe, field.name))
        flag["help"] += f" (default: {field.default})"
        parser.add_argument(f"--{field.name.replace('_', '-')}", **flag, default=argparse.SUPPRESS)


def _flag(recipe, name):
    """How argparse has a setting, by the class that says so: one with only another default does not."""
    fields = (vars(base).get("__dataclass_fields__", {}).get(name) for base in recipe.__mro__)
    return next(field.metadata for field in fields if field and field.metadata)
