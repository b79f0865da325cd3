"""What the recipes of Champati, Houle and Zhang share: small images, all in memory, mirrored at random in training."""

from dataclasses import MISSING, dataclass

from training.command import positive
from training.recipes.base import Recipe, setting


@dataclass(frozen=True, kw_only=True)
class CifarRecipe(Recipe):
    """A recipe for CIFAR-10, or other images cropped to its size."""

    dataset: str = "cifar10"
    width: int = setting(32, "filters of the first convolution", positive)
    size: int = setting(32, "side of the central crops", positive)
    limit: int | None = setting(None, "training images at most; all if not given", positive)
    batch_size: int = setting(MISSING, "images a step", positive)
    decay: bool = setting(False, "let the learning rate fall to zero on one cosine; ours")
