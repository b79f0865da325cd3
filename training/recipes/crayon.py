"""Crayon on Imagenette, the protocol of arXiv 2502.05402, section 3.

    python -m training.fit crayon

Photographs cropped to 320x320: 9,469 to train, 3,875 to validate and 50 to test, out of Imagenette v2's 3,925.
Mean squared error in CIELAB, Adam at 1e-4, 30 epochs; the checkpoint of the lowest validation error is kept, the
paper's "canonical model". The published network has 24 million parameters and 138 GMAC an image: a full run takes
weeks on two CPU cores, hours on one large GPU. It has not been run to its end here; what was trained, and how
it did, is in results/crayon-kodak.json.

The paper leaves open, and here is chosen:

- batch size: what fits in 8 GB on a CPU, at most 16; 16 on an accelerator (`--batch-size 0`);
- crop position: seeded random in training, the same every epoch; central in validation and test. No augmentation;
- the error: over a* and b*. The network copies L*, so the mean over Lab is two thirds of it, with the same minimum;
- the 50 test images: `TEST_IMAGES`, drawn with NumPy's `default_rng(0)`;
- "validation accuracy": not defined for this task. The checkpoint is chosen by validation error alone;
- PSNR: over 8-bit R, G and B, per image, then averaged.
"""

import dataclasses
import functools
from dataclasses import dataclass

import numpy as np

from training.command import CommandError, natural, positive
from training.recipes.base import setting
from training.recipes.crops import CropRecipe
from training.recipes.grids import PAPER_IMAGES, PAPER_STEPS, GridRecipe, grid_step

CPU_BYTES = 8 << 30
MOST_BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Crayon(GridRecipe, CropRecipe):
    """Crayon by its paper."""

    name = "crayon"
    TEST_IMAGES = PAPER_IMAGES
    SEARCH = {"n": PAPER_STEPS, "width": (16, 32, 64), "learning_rate": (1e-4, 3e-4, 1e-3)}
    SEARCH_TRAINED = {"n": PAPER_STEPS}
    FASTER = "the recipe crayon_photographs, of hours; --width 16 --size 128"

    epochs: int = 30
    learning_rate: float = 1e-4
    n: int | str = setting(20, "grid step, or random: one model for 6 to 100", grid_step)
    width: int = setting(64, "channels of the first layer", positive)
    size: int = 320
    batch_size: int = setting(0, "images a step; 0 is what fits in 8 GB, at most 16", natural)
    decay: bool = setting(False, "let the learning rate fall to zero on one cosine; ours")

    def check(self):
        super().check()
        if self.n != "random" and self.n > self.size:
            raise CommandError(f"--n {self.n} is larger than the crops: choose at most --size {self.size}")

    def model(self):
        from zoo import crayon

        return self.started(crayon(width=self.width))

    def training_model(self, network, sources):
        import keras

        from training.loop.schedule import learning_rate
        from training.tasks.grid import ColorGridTask, compiled

        rate = learning_rate(dataclasses.replace(self, batch_size=self.images_a_step()), sources)
        return compiled(network, ColorGridTask(self.n), self.size, keras.optimizers.Adam(rate))

    def settings(self):
        """With the size of a batch that is trained with, which on another machine would be another."""
        return super().settings() | {"batch_size": self.images_a_step()}

    def images_a_step(self):
        return self.batch_size or _usual_batch_size(self.size, self.width)


@functools.cache
def _usual_batch_size(size, width):
    from zoo import crayon

    return choose_batch_size(crayon((size, size), width))


def choose_batch_size(network):
    """The largest batch up to 16 whose training fits in 8 GB on a CPU; 16 on an accelerator.

    Args:
        network: the model, built for the size it trains at.
    """
    from training.loop.devices import device_name

    if device_name() != "cpu":
        return MOST_BATCH
    # A training step holds about as much as all layers' float32 outputs take: measured, 0.7 of it.
    values = sum(int(np.prod(layer.output.shape[1:])) for layer in network.layers)
    return max(1, min(MOST_BATCH, CPU_BYTES // (4 * values)))
