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
- the 50 test images: `TEST_IMAGES`, drawn with NumPy's `default_rng(0).permutation(3925)[:50]`;
- "validation accuracy": not defined for this task. The checkpoint is chosen by validation error alone;
- PSNR: over 8-bit R, G and B, per image, then averaged.
"""

import functools
from argparse import ArgumentTypeError

import numpy as np

from training.command import CommandError, positive
from training.data.batches import in_epochs, pairs
from training.loop import previews
from training.loop.devices import device_name
from training.loop.schedule import learning_rate
from training.tasks.grid import PAPER_STEPS, ColorGridTask, compiled
from zoo import crayon
from zoo.codecs.grid import USUAL_STEP
from zoo.codecs.loading import codec_of
from zoo.weights import load_weights

CPU_BYTES = 8 << 30
MOST_BATCH = 16

# Positions in the 3,925 validation images, in TFDS order or that of sorted file names.
TEST_IMAGES = (
    21,
    46,
    82,
    190,
    223,
    284,
    364,
    433,
    500,
    572,
    579,
    664,
    672,
    766,
    785,
    860,
    930,
    1033,
    1257,
    1270,
    1368,
    1406,
    1581,
    1760,
    1957,
    2013,
    2097,
    2151,
    2190,
    2220,
    2251,
    2328,
    2487,
    2642,
    2688,
    2712,
    2774,
    2932,
    2971,
    2983,
    3008,
    3118,
    3133,
    3262,
    3301,
    3402,
    3412,
    3418,
    3480,
    3730,
)

DEFAULTS = {
    "dataset": "imagenette/320px-v2",
    "weights": None,
    "n": 20,
    "width": 64,
    "size": 320,
    "epochs": 30,
    "batch_size": 0,
    "learning_rate": 1e-4,
    "decay": False,
    "seed": 0,
}

FASTER = "--width 16 --size 128"
SEARCH = {"n": PAPER_STEPS, "width": (16, 32, 64), "learning_rate": (1e-4, 3e-4, 1e-3)}
SEARCH_TRAINED = {"n": PAPER_STEPS}


def add_arguments(parser):
    """The flags that only this recipe has."""
    parser.add_argument("--weights", help="weights to start from: a name in the zoo or a .npz file")
    parser.add_argument("--n", type=_step, help="grid step, or random: one model for 6 to 100")
    parser.add_argument("--width", type=positive, help="channels of the first layer")
    parser.add_argument("--size", type=positive, help="side of the crops, a multiple of 8")
    parser.add_argument("--batch-size", type=positive, help="images a step; 0 is what fits in 8 GB, at most 16")
    parser.add_argument("--decay", action="store_true", help="let the learning rate fall to zero on one cosine; ours")


def check(settings):
    """CommandError for settings that do not go together."""
    n, size = settings["n"], settings["size"]
    if size % 8:
        raise CommandError(f"--size must be a multiple of 8, not {size}")
    if n != "random" and n > size:
        raise CommandError(f"--n {n} is larger than the crops: choose at most --size {size}")


def model(settings):
    """The network to train."""
    return started(crayon(width=settings["width"]), settings)


def started(network, settings, partial=False):
    """The network, with the weights of the setting `weights` if there are any; see `zoo.weights.load_weights`."""
    try:
        if settings["weights"]:
            load_weights(network, settings["weights"], partial)
    except (ValueError, FileNotFoundError) as error:
        raise CommandError(f"cannot start from --weights {settings['weights']} ({error})") from None
    return network


def training_model(network, settings, sources):
    """A compiled model from crops to what the network makes of them."""
    rate = learning_rate({**settings, "batch_size": _batch_size(settings)}, sources)
    return compiled(network, ColorGridTask(settings["n"]), settings["size"], rate)


def batches(sources, settings, epoch):
    """The tf.data set of training, endless, from `epoch` on; that of validation; and how many steps are an epoch."""
    size, batch_size = settings["size"], _batch_size(settings)
    train, steps = in_epochs(sources[0].cached("train", size, "random"), batch_size, settings["seed"], epoch)
    return *(pairs(part) for part in (train, sources[0].cached("validation", size).batch(batch_size))), steps


def preview(path, images, network, settings):
    """Writes one row an image; see `training.loop.previews.preview`."""
    previews.preview(path, images, codec_of(network, settings))


def report(settings):
    """Arguments of the closing evaluation."""
    n = settings.get("n", "random")
    return ["--n", str(USUAL_STEP if n == "random" else n), "--levin", "0"]


def _batch_size(settings):
    return settings["batch_size"] or _usual_batch_size(settings["size"], settings["width"])


@functools.cache
def _usual_batch_size(size, width):
    return choose_batch_size(crayon((size, size), width))


def choose_batch_size(network):
    """The largest batch up to 16 whose training fits in 8 GB on a CPU; 16 on an accelerator.

    Args:
        network: the model, built for the size it trains at.
    """
    if device_name() != "cpu":
        return MOST_BATCH
    # A training step holds about as much as all layers' float32 outputs take: measured, 0.7 of it.
    values = sum(int(np.prod(layer.output.shape[1:])) for layer in network.layers)
    return max(1, min(MOST_BATCH, CPU_BYTES // (4 * values)))


def _step(text):
    if text == "random":
        return text
    if not text.isdigit() or int(text) < 2:
        raise ArgumentTypeError(f"a grid step is a whole number of at least 2, or random, not {text!r}")
    return int(text)
