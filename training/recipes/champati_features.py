"""The classifier of feature preservation: CIFAR-10's classes of colour images (Champati, Houle and Zhang).

    python -m training.fit champati_features --epochs 40

Adam at 1e-3, batches of 128, images mirrored at random, up to 150 epochs in the paper's code, which chose its weights
on the test images; here those of the lowest error on 10,000 images held out of the training set are kept. `--decay`,
which is ours, gets as far in fewer epochs.
"""

import keras
import tensorflow as tf

from training.command import positive
from training.data.batches import in_epochs
from training.loop.schedule import learning_rate
from zoo import champati_features

TEST_IMAGES = ()

DEFAULTS = {
    "dataset": "cifar10",
    "width": 32,
    "size": 32,
    "limit": None,
    "batch_size": 128,
    "epochs": 40,
    "learning_rate": 1e-3,
    "decay": False,
    "seed": 0,
}

FASTER = "--limit 10000"


def add_arguments(parser):
    """The flags that only this recipe has."""
    parser.add_argument("--width", type=positive, help="filters of the first convolution")
    parser.add_argument("--size", type=positive, help="side of the central crops")
    parser.add_argument("--limit", type=positive, help="training images at most; all if not given")
    parser.add_argument("--batch-size", type=positive, help="images a step")
    parser.add_argument("--decay", action="store_true", help="let the learning rate fall to zero on one cosine; ours")


def check(settings):
    """Any settings go together."""


def model(settings):
    """The network to train."""
    return champati_features((settings["size"],) * 2, settings["width"])


def training_model(network, settings, sources):
    """A compiled model from images to logits of classes."""
    rgb = keras.Input((settings["size"], settings["size"], 3), dtype="uint8", name="rgb")
    trained = keras.Model(rgb, network({"rgb": keras.ops.cast(rgb, "float32")}))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    trained.compile(keras.optimizers.Adam(learning_rate(settings, sources)), loss, metrics=["accuracy"])
    return trained


def batches(sources, settings, epoch):
    """The tf.data set of training, endless, from `epoch` on; that of validation; and how many steps are an epoch.

    Both give images and class numbers. Images of training are mirrored at random.
    """
    train, held_out = (
        tf.data.Dataset.from_tensor_slices(sources[0].labelled(split, settings["size"], settings["limit"]))
        for split in ("train", "validation")
    )
    train, steps = in_epochs(train, settings["batch_size"], settings["seed"], epoch)
    train = train.enumerate(epoch * steps).map(
        lambda step, batch: (tf.image.stateless_random_flip_left_right(batch[0], (settings["seed"], step)), batch[1])
    )
    return train.prefetch(2), held_out.batch(settings["batch_size"]).prefetch(2), steps


def preview(path, images, network, settings):
    """Nothing to be seen."""


def report(settings):
    """Arguments of the closing evaluation."""
    return ["--size", str(settings["size"])]
