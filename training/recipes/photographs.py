"""What recipes share that train on photographs for every grid step and for hints anywhere, ours.

Every batch is drawn anew (`training.data.views`), of views of 128 pixels, then of 192 and 256. Steps are log-uniform in
4 to 110, some of the whole range in each batch. Muon on the convolutions, warm-up, one cosine, averaged weights.
Layers compute in bfloat16 where that is fast: on CPUs with AMX it is about three times as fast as float32
(results/speed.md).

The loss, of training and of validation, is one of these (`training.tasks.grid`):

- `decibels`: the mean over images of the error in dB: mean PSNR, but for images that are nearly right already;
- `mse`: the mean squared error over a* and b*, that of arXiv 2502.05402;
- `huber`: Huber's over a* and b*, scaled to [-1, 1], with delta 1, as XiaoNet's authors have it. Such a delta is 127.5
  CIELAB units, more than any colour's a* or b* differ from grey's: below it this is half of `mse`, and trains alike.
"""

from dataclasses import dataclass
from itertools import pairwise

from training.command import CommandError, positive
from training.recipes.base import setting
from training.recipes.crops import MULTIPLE
from training.recipes.grids import PAPER_IMAGES, PAPER_STEPS, ViewsRecipe, grid_step

VALIDATION_BATCH = 8
ADAM_SHARE = 0.2  # of Muon's learning rate, for all that is no kernel between
AVERAGED = 20  # weights are averaged over so small a part of the training: a twentieth
# From which share of the training on views have which share of the largest side, and how many a batch has.
STAGES = ((0.0, 1 / 2, 8), (0.75, 3 / 4, 8), (0.93, 1.0, 8))
LOSSES = ("decibels", "mse", "huber")  # those of `training.tasks.grid`, which imports Keras


@dataclass(frozen=True, kw_only=True)
class PhotographsRecipe(ViewsRecipe):
    """A recipe for a network of hints.

    Attributes:
        ENDS: paths of the kernels that Muon is not made for: of the first and the last layers.
    """

    ENDS = ()
    TEST_IMAGES = PAPER_IMAGES
    SEARCH = {"width": (16, 24, 32), "learning_rate": (1e-4, 2e-4, 4e-4)}
    SEARCH_TRAINED = {"n": PAPER_STEPS}
    FASTER = "--width 16"
    WARM_UP = 50

    epochs: int = 24
    learning_rate: float = setting(2e-4, "of Muon", float)
    n: int | str = setting("random", "grid step, or random: one model for 4 to 110", grid_step)
    width: int = setting(32, "channels of the first layer, at least 4", positive)
    size: int = setting(256, "side of the last and largest views, a multiple of 32", positive)
    loss: str = setting(LOSSES[0], "of training and of validation", choices=LOSSES)

    def check(self):
        if self.size % (4 * MULTIPLE):
            raise CommandError(f"--size must be a multiple of {4 * MULTIPLE}, not {self.size}")
        if self.width < 4:
            raise CommandError(f"--width must be at least 4, not {self.width}")

    def training_model(self, network, sources):
        from training.loop.muon import ConvolutionMuon
        from training.tasks.grid import ScatteredTask, compiled

        momentum = max(0.0, 1 - AVERAGED / (self.steps * self.epochs))
        optimizer = ConvolutionMuon(
            self.schedule(),
            self.ENDS,
            adam_lr_ratio=ADAM_SHARE,
            adam_beta_2=0.99,
            use_ema=True,
            ema_momentum=momentum,
        )
        return compiled(network, ScatteredTask(self.n, self.loss), None, optimizer)

    def batches(self, sources, epoch):
        """As of every recipe; those of validation are central crops of the first source."""
        from training.data.batches import counted
        from training.data.views import RandomViews

        views = RandomViews(sources, "train", self.seed)
        crops = sources[0].crops("validation", self.size).map(lambda _, crop: (crop, crop))
        return self._staged(views, epoch * self.steps), counted(crops.batch(VALIDATION_BATCH)), self.steps

    def _staged(self, views, done):
        """What was seen of each view, twice: batches of one stage after the other, from the one after `done` on."""
        total = self.steps * self.epochs
        starts = [round(share * total) for share, _, _ in STAGES]
        train = None
        for stream, ((start, end), (_, share, count)) in enumerate(zip(pairwise([*starts, None]), STAGES, strict=True)):
            if end is not None and end <= done:
                continue
            first = max(done - start, 0)
            part = views.batches(round(self.size * share), count, stream, first).map(lambda seen, _: (seen, seen))
            part = part if end is None else part.take(end - start - first)
            train = part if train is None else train.concatenate(part)
        return train.prefetch(2)
