"""Colorizers of CIFAR-10: every row of tables 3 to 6 of Champati, Houle and Zhang.

    python -m training.fit champati --network classification --bins 81 --rebalance

Luma to colours at 32x32. 40,000 images to train, 10,000 of the training set to validate, the 10,000 test images to
test: the paper's "80/20/20" cannot be, and its code trained classification on the test images too. The paper adds a
mirrored copy of each image; here each is mirrored or not, at random, each time it comes, so that an epoch is half of
the paper's, which had 70 for classification and 100 for regression. Adam, batches of 1,024; the weights of the lowest
validation error are kept. The paper says learning rates from 1e-3 to 5e-3, its code 5e-4, the default here.

The published recipe trains some 13 images a second on two CPU cores, some 80 to 110 where they have AMX. There, at full
width,

    --epochs 8 --batch-size 64 --learning-rate 1e-3 --decay

take an hour and a half. Elsewhere: a quarter of the width, small batches and a learning rate that falls to zero,

    --width 8 --limit 20000 --epochs 3 --batch-size 16 --learning-rate 3e-3 --decay

which take some ten minutes on one core.
"""

from dataclasses import dataclass

from training.command import CommandError, positive
from training.recipes.base import setting
from training.recipes.cifar import CifarRecipe

NETWORKS = ("baseline", "regression", "classification")
LATTICES = ("edge", "center")  # of `zoo.color_bins`
VGG_MODES = ("frozen", "trainable")  # beside none; of `zoo.models.champati`


@dataclass(frozen=True, kw_only=True)
class Champati(CifarRecipe):
    """A colorizer of Champati, Houle and Zhang."""

    name = "champati"
    SEARCH = {
        "bins": (49, 64, 81, 100, 144, 225, 313),
        "lattice": LATTICES,
        "rebalance": (False, True),
        "mix": (0.1, 0.2, 0.5),
        "sigma": (1.0, 3.0, 5.0),
        "vgg": (None, *VGG_MODES),
        "width": (8, 16, 32),
        "learning_rate": (5e-4, 1e-3, 3e-3),
    }
    SEARCH_TRAINED = {"temperature": (1.0, 0.77, 0.58, 0.38, 0.29, 0.14)}
    FASTER = "--width 8 --limit 20000 --epochs 3 --batch-size 16 --learning-rate 3e-3 --decay"

    epochs: int = 140
    learning_rate: float = 5e-4
    network: str = setting("classification", "figure 4, 5 or 6 of the paper", choices=NETWORKS)
    color_space: str = setting("lab", "of the colours", choices=("lab", "yuv", "rgb"))
    loss: str = setting("squared", "regression: the error; squared is published", choices=("squared", "absolute"))
    bins: int = setting(81, "classification: a square number, or 313 for Zhang's", positive)
    lattice: str = setting("edge", "classification: where in its cell a bin's colour is", choices=LATTICES)
    rebalance: bool = setting(False, "classification: rare bins count more, equation 5")
    mix: float = setting(0.2, "rebalancing: share of the uniform distribution, lambda", float)
    sigma: float = setting(3.0, "rebalancing: width of the smoothing, in bins", float)
    soft: bool = setting(False, "classification: soft labels of Zhang et al. 2016")
    temperature: float = setting(0.38, "classification: of the annealed mean", float)
    vgg: str | None = setting(None, "VGG16's first two layers", choices=VGG_MODES)
    vgg_weights: str | None = setting(None, ".npz of VGG16's first block; Keras downloads them if not given")
    batch_size: int = 1024

    def check(self):
        if self.network == "baseline" and self.vgg:
            raise CommandError("--vgg is not for --network baseline")
        if self.network == "classification" and self.loss != "squared":
            raise CommandError("--loss is for --network regression or baseline")
        if self.network != "classification" and (self.rebalance or self.soft):
            raise CommandError("--rebalance and --soft are for --network classification")
        if not 0 <= self.mix <= 1 or self.sigma < 0:
            raise CommandError("--mix must lie between 0 and 1, and --sigma not be negative")
        if self.network == "classification":
            try:
                self._bin_colors()
            except ValueError as error:
                raise CommandError(f"no such bins: {error}") from None
            if self.soft and self.color_space != "lab":
                raise CommandError("--soft is for --color-space lab")
            if not self.temperature > 0:
                raise CommandError(f"--temperature must be above 0, not {self.temperature}")

    def model(self):
        import zoo

        options = {"color_space": self.color_space, "width": self.width}
        if self.network == "baseline":
            options["input_size"] = (self.size, self.size)
        else:
            options |= {"vgg": self.vgg, "vgg_weights": self.vgg_weights}
        if self.network == "classification":
            options |= {"bins": self.bins, "lattice": self.lattice, "temperature": self.temperature}
        try:
            return getattr(zoo, f"champati_{self.network}")(**options)
        except (OSError, KeyError) as error:
            raise CommandError(f"no weights of VGG16 in --vgg-weights {self.vgg_weights} ({error})") from None

    def training_model(self, network, sources):
        """A compiled model from images to logits of bins, or to colours."""
        import keras

        from training.loop.schedule import learning_rate

        task = self._task(sources)
        target, loss = self.color_space, getattr(task, f"{self.loss}_error")
        if task.bins is not None:
            target, loss = "bins", task.cross_entropy
        rgb = keras.Input((self.size, self.size, 3), dtype="uint8", name="rgb")
        trained = keras.Model(rgb, network(task.inputs(rgb))[target])
        trained.compile(keras.optimizers.Adam(learning_rate(self, sources)), loss)
        return trained

    def _task(self, sources):
        from training.tasks.luma import LumaTask
        from training.tasks.rebalancing import bin_counts, rebalancing_weights
        from zoo.codecs.colorizer import SPACES

        if self.network != "classification":
            return LumaTask(self.color_space)
        bins, weights = self._bin_colors(), None
        if self.rebalance:
            counts = bin_counts(self._images(sources, "train"), SPACES[self.color_space].from_rgb, bins)
            weights = rebalancing_weights(counts, bins, self.mix, self.sigma)
        return LumaTask(self.color_space, bins, weights, self.soft)

    def batches(self, sources, epoch):
        import tensorflow as tf

        from training.data.batches import in_epochs, pairs

        train, held_out = (
            tf.data.Dataset.from_tensor_slices(self._images(sources, split)) for split in ("train", "validation")
        )
        train, steps = in_epochs(train, self.batch_size, self.seed, epoch)
        train = train.enumerate(epoch * steps).map(
            lambda step, rgb: tf.image.stateless_random_flip_left_right(rgb, (self.seed, step))
        )
        return pairs(train), pairs(held_out.batch(self.batch_size)), steps

    def _bin_colors(self):
        from zoo.models.champati import bin_colors

        return bin_colors(self.bins, self.color_space, self.lattice)

    def _images(self, sources, split):
        return sources[0].unlabelled(split, self.size, self.limit)

    def preview(self, path, images, network):
        """Writes one row an image: original, grey, coloured."""
        import numpy as np

        from training.loop.previews import save_rows
        from zoo import colorize

        rows = []
        for rgb in images:
            colored = colorize(network, rgb)
            grey = np.repeat(rgb.mean(-1, keepdims=True).round().astype(np.uint8), 3, -1)
            rows.append([rgb, grey, colored])
        save_rows(path, rows)

    def report(self):
        """On some of the test images; `--tables champati` scores all."""
        return ["--size", str(self.size), "--limit", "1000"]
