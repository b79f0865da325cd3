"""The colour auto-encoder of Nwala on CIFAR-100.

    python -m training.fit color_autoencoder

50 epochs, as in the paper, which gives neither optimiser nor batch: Adam at 1e-3 and 64 images here. Of the 50,000
training images 10,000 are held out, and the weights of the lowest error on them are kept. The loss is the mean squared
error of R, G and B in 0 to 1, whose figures the paper prints; `--ssim 0.1` puts that share of 1 - SSIM in its place.
`--latent 48` puts a bottleneck in the middle. About two hours on one CPU core.
"""

import keras
from keras import ops

from training.command import CommandError, positive
from training.loop.previews import save_rows
from training.loop.schedule import learning_rate
from training.metrics.ssim_loss import ssim
from training.recipes.crayon import batches
from zoo import color_autoencoder
from zoo.codecs.loading import codec_of
from zoo.models.nwala import STRIDE

__all__ = ["batches"]  # those of Crayon

TEST_IMAGES = ()

DEFAULTS = {
    "dataset": "cifar100",
    "width": 64,
    "latent": None,
    "ssim": 0.0,
    "size": 32,
    "batch_size": 64,
    "epochs": 50,
    "learning_rate": 1e-3,
    "decay": False,
    "seed": 0,
}

FASTER = "--width 16"


def add_arguments(parser):
    """The flags that only this recipe has."""
    parser.add_argument("--latent", type=positive, help="channels of a bottleneck; none if not given")
    parser.add_argument("--ssim", type=float, help="share of 1 - SSIM in the loss")
    add_common_arguments(parser)


def add_common_arguments(parser):
    """The flags that both recipes of auto-encoders have."""
    parser.add_argument("--width", type=positive, help="filters of the first convolution")
    parser.add_argument("--size", type=positive, help="side of the crops, a multiple of 8")
    parser.add_argument("--batch-size", type=positive, help="images a step")
    parser.add_argument("--decay", action="store_true", help="let the learning rate fall to zero on one cosine")


def check(settings):
    """CommandError for settings that do not go together."""
    if settings["size"] % STRIDE:
        raise CommandError(f"--size must be a multiple of {STRIDE}, not {settings['size']}")
    if not 0 <= settings.get("ssim", 0) <= 1:
        raise CommandError(f"--ssim must lie between 0 and 1, not {settings['ssim']}")


def model(settings):
    """The network to train."""
    return color_autoencoder(width=settings["width"], latent=settings["latent"])


def training_model(network, settings, sources):
    """A compiled model from images to themselves."""
    share = settings["ssim"]

    def loss(original, decoded):
        original, decoded = ops.cast(original, "float32") / 255, decoded / 255
        error = ops.mean(ops.square(original - decoded), axis=(1, 2, 3))
        return (1 - share) * error + share * (1 - ssim(original, decoded)) if share else error

    rgb = keras.Input((settings["size"],) * 2 + (3,), dtype="uint8", name="rgb")
    trained = keras.Model(rgb, network({"rgb": ops.cast(rgb, "float32")})["rgb"])
    trained.compile(keras.optimizers.Adam(learning_rate(settings, sources)), loss)
    return trained


def preview(path, images, network, _):
    """Writes one row an image: original and decoded."""
    save_rows(path, list(zip(images, codec_of(network).samples(images), strict=True)))


def report(settings):
    """Arguments of the closing evaluation."""
    return ["--size", str(settings["size"]), "--limit", "1000"]
