"""Colorizers of CIFAR-10: every row of tables 3 to 6 of Champati, Houle and Zhang.

    python -m training.fit champati --network classification --bins 81 --rebalance

Luma to colours at 32x32. 40,000 images to train, 10,000 of the training set to validate, the 10,000 test images to
test: the paper's "80/20/20" cannot be, and its code trained classification on the test images too. The paper adds a
mirrored copy of each image; here each is mirrored or not, at random, each time it comes, so that an epoch is half of
the paper's, which had 70 for classification and 100 for regression. Adam, batches of 1,024; the weights of the lowest
validation error are kept. The paper says learning rates from 1e-3 to 5e-3, its code 5e-4, the default here.

The published recipe trains some 13 images a second on two CPU cores. For these: a quarter of the width, small batches
and a learning rate that falls to zero,

    --width 8 --limit 20000 --epochs 3 --batch-size 16 --learning-rate 3e-3 --decay

which take some ten minutes on one core.
"""

import keras
import numpy as np
import tensorflow as tf

from training.command import CommandError, positive
from training.data.batches import in_epochs, pairs
from training.loop.previews import save_rows
from training.loop.schedule import learning_rate
from training.tasks.luma import LumaTask
from training.tasks.rebalancing import bin_counts, rebalancing_weights
from zoo import champati_baseline, champati_classification, champati_regression, colorize
from zoo.codecs.colorizer import SPACES
from zoo.color_bins import LATTICES
from zoo.models.champati import VGG_MODES, bin_colors

NETWORKS = {
    "baseline": champati_baseline,
    "regression": champati_regression,
    "classification": champati_classification,
}
TEST_IMAGES = ()

DEFAULTS = {
    "dataset": "cifar10",
    "network": "classification",
    "color_space": "lab",
    "loss": "squared",
    "bins": 81,
    "lattice": "edge",
    "rebalance": False,
    "mix": 0.2,
    "sigma": 3.0,
    "soft": False,
    "temperature": 0.38,
    "vgg": None,
    "vgg_weights": None,
    "width": 32,
    "size": 32,
    "limit": None,
    "batch_size": 1024,
    "epochs": 140,
    "learning_rate": 5e-4,
    "decay": False,
    "seed": 0,
}

FASTER = "--width 8 --limit 20000 --epochs 3 --batch-size 16 --learning-rate 3e-3 --decay"
SEARCH = {
    "bins": (49, 64, 81, 100, 144, 225, 313),
    "lattice": LATTICES,
    "rebalance": (False, True),
    "mix": (0.1, 0.2, 0.5),
    "sigma": (1.0, 3.0, 5.0),
    "vgg": VGG_MODES,
    "width": (8, 16, 32),
    "learning_rate": (5e-4, 1e-3, 3e-3),
}
SEARCH_TRAINED = {"temperature": (1.0, 0.77, 0.58, 0.38, 0.29, 0.14)}


def add_arguments(parser):
    """The flags that only this recipe has."""
    parser.add_argument("--network", choices=NETWORKS, help="figure 4, 5 or 6 of the paper")
    parser.add_argument("--color-space", choices=("lab", "yuv", "rgb"), help="of the colours")
    parser.add_argument("--loss", choices=("squared", "absolute"), help="regression: the error; squared is published")
    parser.add_argument("--bins", type=positive, help="classification: a square number, or 313 for Zhang's")
    parser.add_argument("--lattice", choices=LATTICES, help="classification: where in its cell a bin's colour is")
    parser.add_argument("--rebalance", action="store_true", help="classification: rare bins count more, equation 5")
    parser.add_argument("--mix", type=float, help="rebalancing: share of the uniform distribution, lambda")
    parser.add_argument("--sigma", type=float, help="rebalancing: width of the smoothing, in bins")
    parser.add_argument("--soft", action="store_true", help="classification: soft labels of Zhang et al. 2016")
    parser.add_argument("--temperature", type=float, help="classification: of the annealed mean")
    parser.add_argument("--vgg", choices=[mode for mode in VGG_MODES if mode], help="VGG16's first two layers")
    parser.add_argument("--vgg-weights", help=".npz of VGG16's first block; Keras downloads them if not given")
    parser.add_argument("--width", type=positive, help="filters of the first convolution")
    parser.add_argument("--size", type=positive, help="side of the central crops")
    parser.add_argument("--limit", type=positive, help="training images at most; all if not given")
    parser.add_argument("--batch-size", type=positive, help="images a step")
    parser.add_argument("--decay", action="store_true", help="let the learning rate fall to zero on one cosine; ours")


def check(settings):
    """CommandError for settings that do not go together."""
    if settings["network"] == "baseline" and settings["vgg"]:
        raise CommandError("--vgg is not for --network baseline")
    if not 0 <= settings["mix"] <= 1 or settings["sigma"] < 0:
        raise CommandError("--mix must lie between 0 and 1, and --sigma not be negative")
    if settings["network"] == "classification":
        try:
            bin_colors(settings["bins"], settings["color_space"], settings["lattice"])
        except ValueError as error:
            raise CommandError(f"no such bins: {error}") from None
        if settings["soft"] and settings["color_space"] != "lab":
            raise CommandError("--soft is for --color-space lab")
        if not settings["temperature"] > 0:
            raise CommandError(f"--temperature must be above 0, not {settings['temperature']}")


def model(settings):
    """The network to train."""
    network = settings["network"]
    options = {"color_space": settings["color_space"], "width": settings["width"]}
    if network == "baseline":
        options["input_size"] = (settings["size"],) * 2
    else:
        options |= {name: settings[name] for name in ("vgg", "vgg_weights")}
    if network == "classification":
        options |= {name: settings[name] for name in ("bins", "lattice", "temperature")}
    try:
        return NETWORKS[network](**options)
    except (OSError, KeyError) as error:
        raise CommandError(f"no weights of VGG16 in --vgg-weights {settings['vgg_weights']} ({error})") from None


def training_model(network, settings, sources):
    """A compiled model from images to logits of bins, or to colours."""
    task = _task(settings, sources)
    target, loss = settings["color_space"], getattr(task, f"{settings['loss']}_error")
    if task.bins is not None:
        target, loss = "bins", task.cross_entropy
    rgb = keras.Input((settings["size"], settings["size"], 3), dtype="uint8", name="rgb")
    trained = keras.Model(rgb, network(task.inputs(rgb))[target])
    trained.compile(keras.optimizers.Adam(learning_rate(settings, sources)), loss)
    return trained


def _task(settings, sources):
    space = settings["color_space"]
    if settings["network"] != "classification":
        return LumaTask(space)
    bins, weights = bin_colors(settings["bins"], space, settings["lattice"]), None
    if settings["rebalance"]:
        images = _images(sources, settings, "train")
        counts = bin_counts(images, SPACES[space].from_rgb, bins)
        weights = rebalancing_weights(counts, bins, settings["mix"], settings["sigma"])
    return LumaTask(space, bins, weights, settings["soft"])


def batches(sources, settings, epoch):
    """The tf.data set of training, endless, from `epoch` on; that of validation; and how many steps are an epoch.

    Images of training are mirrored at random.
    """
    train, held_out = (
        tf.data.Dataset.from_tensor_slices(_images(sources, settings, split)) for split in ("train", "validation")
    )
    train, steps = in_epochs(train, settings["batch_size"], settings["seed"], epoch)
    train = train.enumerate(epoch * steps).map(
        lambda step, rgb: tf.image.stateless_random_flip_left_right(rgb, (settings["seed"], step))
    )
    return pairs(train), pairs(held_out.batch(settings["batch_size"])), steps


def _images(sources, settings, split):
    return sources[0].unlabelled(split, settings["size"], settings["limit"])


def preview(path, images, network, _):
    """Writes one row an image: original, grey, coloured."""
    rows = []
    for rgb in images:
        colored = colorize(network, rgb)
        grey = np.repeat(rgb.mean(-1, keepdims=True).round().astype(np.uint8), 3, -1)
        rows.append([rgb, grey, colored])
    save_rows(path, rows)


def paper(settings):
    """The paper's figures for a model of these settings, where it has any."""
    from training.papers.champati import paper_figures, row_name

    return paper_figures(row_name(settings))


def report(settings):
    """Arguments of the closing evaluation: on some of the test images, `--tables champati` scores all."""
    return ["--size", str(settings["size"]), "--limit", "1000"]
