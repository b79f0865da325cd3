"""What recipes share whose networks colour photographs by a grid of colours."""

from argparse import ArgumentTypeError
from dataclasses import dataclass

import numpy as np

from training.command import CommandError, positive
from training.recipes.base import Recipe, setting

PAPER_STEPS = (6, 15, 20, 40, 50, 60, 80, 100)  # those of `training.tasks.grid`, which imports Keras
# Crayon's test images: positions in Imagenette's 3,925 validation images, in TFDS order or that of sorted file names.
PAPER_IMAGES = tuple(sorted(np.random.default_rng(0).permutation(3925)[:50].tolist()))


def grid_step(text):
    """The step of a grid that a flag says, a whole number or `random`."""
    if text == "random":
        return text
    if not text.isdigit() or int(text) < 2:
        raise ArgumentTypeError(f"a grid step is a whole number of at least 2, or random, not {text!r}")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class GridRecipe(Recipe):
    """A recipe for a decoder of colour grids, which may start from weights."""

    dataset: str = "imagenette/320px-v2"
    weights: str | None = setting(None, "weights to start from: a name in the zoo or a .npz file")

    def started(self, network, partial=False):
        """The network, with the weights to start from if there are any; see `zoo.weights.load_weights`."""
        from zoo.weights import load_weights

        try:
            if self.weights:
                load_weights(network, self.weights, partial)
        except (ValueError, FileNotFoundError) as error:
            raise CommandError(f"cannot start from --weights {self.weights} ({error})") from None
        return network

    def preview(self, path, images, network):
        """Writes one row an image; see `training.loop.previews.preview`."""
        from training.loop import previews
        from zoo.codecs.loading import codec_of

        previews.preview(path, images, codec_of(network, self.settings()))

    def report(self):
        from zoo.codecs.grid import usual_step

        return ["--n", str(usual_step(self.settings())), "--levin", "0"]


@dataclass(frozen=True, kw_only=True)
class ViewsRecipe(GridRecipe):
    """A recipe that draws views of photographs anew for every batch, of as many steps an epoch as it is told.

    Attributes:
        WARM_UP: steps of the learning rate's way up.
    """

    WARM_UP = 0

    also: str | None = setting(None, "more photographs, which give as many views: a TFDS name or folder:PATH")
    steps: int = setting(500, "steps an epoch", positive)

    def datasets(self):
        return [self.dataset, *filter(None, [self.also])]

    def schedule(self):
        """The learning rate: a warm-up, and one cosine to zero over all steps of a run."""
        from keras.optimizers.schedules import CosineDecay

        rate, steps = self.learning_rate, self.steps * self.epochs
        return CosineDecay(rate / 100, steps, warmup_target=rate, warmup_steps=self.WARM_UP)
