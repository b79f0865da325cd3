"""What recipes share that are fitted to crops of photographs, each cut once."""

from dataclasses import MISSING, dataclass

from training.command import CommandError, positive
from training.recipes.base import Recipe, setting

MULTIPLE = 8  # pixels, which the networks reduce to one: `STRIDE` of `zoo.models.nwala`
TURN = 8  # of grid steps, or of levels, which the images of a validation batch take turn by turn


@dataclass(frozen=True, kw_only=True)
class CropRecipe(Recipe):
    """A recipe for crops: in training seeded random ones, the same every epoch, in validation central ones."""

    size: int = setting(MISSING, "side of the crops, a multiple of 8", positive)
    batch_size: int = setting(MISSING, "images a step", positive)
    decay: bool = setting(False, "let the learning rate fall to zero on one cosine")

    def check(self):
        if self.size % MULTIPLE:
            raise CommandError(f"--size must be a multiple of {MULTIPLE}, not {self.size}")

    def batches(self, sources, epoch):
        from training.data.batches import in_epochs, pairs

        size, batch_size = self.size, self.images_a_step()
        train, steps = in_epochs(sources[0].cached("train", size, "random"), batch_size, self.seed, epoch)
        held_out = sources[0].cached("validation", size).batch(-(-batch_size // TURN) * TURN)
        return pairs(train), pairs(held_out), steps

    def images_a_step(self):
        """The size of a batch."""
        return self.batch_size
