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

`crayon_edge_pyramid` goes on from there for colour-grid files, ours too, where grids are levels of a colour pyramid and
luma went through an image codec:

    python -m training.fit crayon_edge_pyramid --dataset folder:data/cid22 --also folder:data/imagenette224
        --weights crayon_edge-photographs
"""

from dataclasses import dataclass

from training.command import CommandError, positive
from training.recipes.base import setting
from training.recipes.grids import PAPER_STEPS, ViewsRecipe

VALIDATION_BATCH = 7


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

    def side(self, largest):
        """The side of its views: whole cells, within the largest side."""
        return min(self.size, largest // self.n * self.n)


@dataclass(frozen=True, kw_only=True)
class CrayonEdge(ViewsRecipe):
    """The small edge decoder."""

    name = MODEL = "crayon_edge"
    BRANCHES = (
        Branch(4, "means", 64, 2),
        Branch(6, "means", 96, 2),
        Branch(10, "means", 120, 4),
        Branch(16, "means", 128, 12),
        Branch(20, "means", 160, 10),
        Branch(40, "means", 240, 4),
        Branch(80, "means", 320, 1),
        Branch(15, "points", 120, 3),
        Branch(40, "points", 240, 1),
    )
    SEARCH = {"width": (8, 16, 24), "learning_rate": (1e-3, 2e-3, 4e-3)}
    SEARCH_TRAINED = {"n": PAPER_STEPS, "kind": ("means", "points")}
    FASTER = "--steps 100"
    WARM_UP = 200
    COMPRESSED = 0.25  # the share of views whose luma went through an image codec

    epochs: int = 24
    learning_rate: float = 2e-3
    width: int = setting(16, "channels at half size", positive)
    size: int = setting(320, "largest side of the views", positive)

    def check(self):
        least = max(branch.n for branch in self.BRANCHES)
        if self.size < least:
            raise CommandError(f"--size must be at least {least}, the largest grid step, not {self.size}")

    def model(self):
        """The network to train, built for n = 16; the other grids share its layers."""
        from zoo.registry import MODELS

        return self.started(MODELS[self.MODEL].build((320, 320), 16, width=self.width), partial=True)

    def training_model(self, network, sources):
        """A compiled model from the views of all branches to what the network makes of them."""
        import keras

        from zoo.models.crayon_edge import rebuilt

        views, chroma, loss = {}, {}, {}
        for branch in self.BRANCHES:
            size, task = (branch.side(self.size),) * 2, self.task(network, branch)
            built = rebuilt(network, size, branch.n, branch.kind, views=1, name=f"edge_{branch.name}")
            views[branch.name] = rgb = keras.Input((*size, 3), dtype="uint8", name=branch.name)
            chroma[branch.name] = built(task.inputs(rgb))["chroma"]
            loss[branch.name] = task.loss
        trained = keras.Model(views, chroma)
        # Each view counts the same, of whichever branch it is.
        total = sum(branch.batch for branch in self.BRANCHES)
        weights = {branch.name: branch.batch / total for branch in self.BRANCHES}
        trained.compile(keras.optimizers.Adam(self.schedule()), loss, loss_weights=weights)
        return trained

    def task(self, network, branch):
        """What a branch learns."""
        from training.tasks.grid import DenseGridTask

        return DenseGridTask(branch.n, branch.kind)

    def batches(self, sources, epoch):
        """As of every recipe; those of validation are central crops of the first source."""
        from training.data.batches import counted
        from training.data.views import RandomViews

        views = RandomViews(sources, "train", self.seed, self.COMPRESSED)
        train, validation = {}, {}
        for stream, branch in enumerate(self.BRANCHES):
            size = branch.side(self.size)
            train[branch.name] = views.batches(size, branch.batch, stream, epoch * self.steps)
            crops = sources[0].crops("validation", size).map(lambda _, crop: (crop, crop))
            validation[branch.name] = crops.batch(VALIDATION_BATCH)
        return _by_branch(train).prefetch(2), counted(_by_branch(validation)), self.steps


@dataclass(frozen=True, kw_only=True)
class CrayonEdgeM(CrayonEdge):
    """The larger edge decoder, with fewer means and more points."""

    name = MODEL = "crayon_edge_m"
    BRANCHES = (
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
    )


@dataclass(frozen=True, kw_only=True)
class CrayonEdgePyramid(CrayonEdge):
    """The small edge decoder for colour-grid files: levels of colour pyramids as they come out of them."""

    name, MODEL = "crayon_edge_pyramid", "crayon_edge"
    BRANCHES = (Branch(4, "means", 64, 6), Branch(8, "means", 128, 6), Branch(16, "means", 160, 8))
    STEPS = {4: (1.5, 6.0), 8: (1.3, 12.0), 16: (0.3, 8.0)}  # of cells of so many pixels, in levels of chroma
    SEARCH_TRAINED = {}
    COMPRESSED = 0.9

    epochs: int = 8
    learning_rate: float = 1e-3

    def task(self, network, branch):
        """What a branch learns. Cells of more than 16 pixels are decoded at a luma with 16, as everywhere."""
        from training.tasks.grid import PyramidTask
        from zoo.codecs.pyramid import WORKING
        from zoo.models.crayon_edge import rebuilt

        n, side = branch.n, branch.side(self.size)
        size = (side * min(2 * n, WORKING) // (2 * n),) * 2
        coarser = rebuilt(network, size, min(2 * n, WORKING), "means", views=1, name=f"edge_above_{branch.name}")
        return PyramidTask(n, self.STEPS[n], coarser)


def _by_branch(parts):
    """One data set of ({branch: seen}, {branch: original}) out of one of (seen, original) for each branch."""
    import tensorflow as tf

    together = tf.data.Dataset.zip(parts)
    return together.map(lambda pairs: tuple({name: pair[i] for name, pair in pairs.items()} for i in (0, 1)))
