"""The edge decoders on photographs: one set of weights for every grid step, ours.

    python -m training.fit crayon_edge --dataset folder:data/cid22 --also folder:data/imagenette224

A step trains nine grids at once (`BRANCHES`), whose networks share all weights: steps 4 to 80, so that cells are
enlarged and reduced to each of the four sizes that the network knows, most of them means, a few points. Every batch is
drawn anew (`training.data.views`). The loss is the mean over images of the error in dB, that is, mean PSNR itself: the
mean squared error would be spent on the few images that are hard. Adam, warm-up and one cosine to zero.

12,000 steps take an hour and a half on two idle CPU cores. The shipped weights, `crayon_edge-photographs`, had about as
many in three runs, each from the weights of the one before, when no view was made noisy or grey: 5,000 with more views
of the smallest and the largest steps, 500 with these branches, and 6,000 as

    python -m training.fit crayon_edge --dataset folder:data/cid22 --also folder:data/imagenette224 --weights BEFORE
        --learning-rate 1.5e-3 --epochs 12

Those of `crayon_edge_m-photographs` began with them. They had 8,500 steps at 1.5e-3 with fewer points and no noise, and
3,000 as

    python -m training.fit crayon_edge_m --dataset folder:data/cid22 --also folder:data/imagenette224 --weights BEFORE
        --learning-rate 1e-3 --epochs 6

What they reach stands in results/edge-kodak.json.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from training.command import CommandError, positive
from training.data.views import RandomViews
from training.recipes.crayon import preview, report, started
from training.tasks.grid import PAPER_STEPS, DenseGridTask
from zoo.models.crayon_edge import rebuilt
from zoo.registry import MODELS


@dataclass(frozen=True)
class Branch:
    """One of the grids that are trained together: step, kind, side of the views and views in a batch."""

    n: int
    kind: str
    size: int
    batch: int

    @property
    def name(self):
        return f"{self.kind}{self.n}"


BRANCHES = {
    "crayon_edge": (
        Branch(4, "means", 64, 2),
        Branch(6, "means", 96, 2),
        Branch(10, "means", 120, 4),
        Branch(16, "means", 128, 12),
        Branch(20, "means", 160, 10),
        Branch(40, "means", 240, 4),
        Branch(80, "means", 320, 1),
        Branch(15, "points", 120, 3),
        Branch(40, "points", 240, 1),
    ),
    "crayon_edge_m": (
        Branch(4, "means", 64, 1),
        Branch(6, "means", 96, 1),
        Branch(10, "means", 120, 1),
        Branch(16, "means", 128, 4),
        Branch(20, "means", 160, 2),
        Branch(40, "means", 240, 1),
        Branch(80, "means", 320, 1),
        Branch(15, "points", 120, 3),
        Branch(20, "points", 160, 2),
        Branch(40, "points", 240, 3),
    ),
}
__all__ = ["preview", "report"]  # those of Crayon

VALIDATION_BATCH = 7
WARM_UP = 200
LEAST_SIZE = max(branch.n for branches in BRANCHES.values() for branch in branches)

TEST_IMAGES = ()

DEFAULTS = {
    "dataset": "imagenette/320px-v2",
    "also": None,
    "weights": None,
    "width": 16,
    "size": 320,
    "steps": 500,
    "epochs": 24,
    "learning_rate": 2e-3,
    "seed": 0,
}

FASTER = "--steps 100"
SEARCH = {"width": (8, 16, 24), "learning_rate": (1e-3, 2e-3, 4e-3)}
SEARCH_TRAINED = {"n": PAPER_STEPS, "kind": ("means", "points")}


def add_arguments(parser):
    """The flags that only this recipe has."""
    parser.add_argument("--also", help="more photographs, which give as many views: a TFDS name or folder:PATH")
    parser.add_argument("--weights", help="weights to start from: a name in the zoo or a .npz file")
    parser.add_argument("--width", type=positive, help="channels at half size")
    parser.add_argument("--size", type=positive, help="largest side of the views")
    parser.add_argument("--steps", type=positive, help="steps an epoch")


def check(settings):
    """CommandError for settings that do not go together."""
    if settings["size"] < LEAST_SIZE:
        raise CommandError(f"--size must be at least {LEAST_SIZE}, the largest grid step, not {settings['size']}")


def model(settings):
    """The network to train, built for n = 16; the other grids share its layers."""
    return started(_build(settings, (320, 320), 16, width=settings["width"]), settings, partial=True)


def training_model(network, settings, _):
    """A compiled model from the views of all branches to what the network makes of them."""
    views, chroma, loss = {}, {}, {}
    branches = BRANCHES[settings["recipe"]]
    for branch in branches:
        size, task = (_side(branch, settings),) * 2, DenseGridTask(branch.n, branch.kind)
        built = rebuilt(network, size, branch.n, branch.kind, views=1, name=f"edge_{branch.name}")
        views[branch.name] = rgb = keras.Input((*size, 3), dtype="uint8", name=branch.name)
        chroma[branch.name] = built(task.inputs(rgb))
        loss[branch.name] = task.loss
    trained = keras.Model(views, chroma)
    rate, steps = settings["learning_rate"], settings["steps"] * settings["epochs"]
    schedule = keras.optimizers.schedules.CosineDecay(rate / 100, steps, warmup_target=rate, warmup_steps=WARM_UP)
    # Each view counts the same, of whichever branch it is.
    total = sum(branch.batch for branch in branches)
    weights = {branch.name: branch.batch / total for branch in branches}
    trained.compile(keras.optimizers.Adam(schedule), loss, loss_weights=weights)
    return trained


def batches(sources, settings, epoch):
    """The tf.data set of training, endless, from `epoch` on; that of validation; and how many steps are an epoch.

    Those of validation are central crops of the first source.
    """
    views = RandomViews(sources, "train", settings["seed"])
    train, validation = {}, {}
    for stream, branch in enumerate(BRANCHES[settings["recipe"]]):
        size = _side(branch, settings)
        train[branch.name] = views.batches(size, branch.batch, stream, epoch * settings["steps"])
        crops = sources[0].crops("validation", size).map(lambda _, crop: (crop, crop))
        validation[branch.name] = crops.batch(VALIDATION_BATCH).cache()
    validation = _by_branch(validation)
    usable = validation.reduce(np.int64(0), lambda count, _: count + 1)  # this pass fills the caches as well
    validation = validation.apply(tf.data.experimental.assert_cardinality(usable))
    return _by_branch(train).prefetch(2), validation, settings["steps"]


def _build(settings, *arguments, **options):
    return MODELS[settings["recipe"]].build(*arguments, **options)


def _side(branch, settings):
    """The side of a branch's views: whole cells, within the largest side."""
    return min(branch.size, settings["size"] // branch.n * branch.n)


def _by_branch(parts):
    """One data set of ({branch: seen}, {branch: original}) out of one of (seen, original) for each branch."""
    together = tf.data.Dataset.zip(parts)
    return together.map(lambda pairs: tuple({name: pair[i] for name, pair in pairs.items()} for i in (0, 1)))
