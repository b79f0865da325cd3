"""The auto-encoder whose depth of colour follows the complexity of the region, ours.

    python -m training.fit adaptive_autoencoder --decay

One model for eight levels of quality, on CIFAR-100 or, by `--dataset folder:PATH --size 128`, on photographs. The loss
is bits for each pixel and squared error, each image at a level drawn at random (`training.tasks.latent.LatentTask`).
`--depth` says how many bits a position gets:

- `latent`, the default: as many as the numbers there need, which is what the encoder has learned to make of it;
- `colors`: as the local deviation from the mean colour says, before anything is encoded;
- `uniform`: eight everywhere, the same network without its adaptivity.
"""

import keras

from training.command import positive
from training.loop.previews import save_rows
from training.loop.schedule import learning_rate
from training.recipes.color_autoencoder import add_common_arguments, batches, check
from training.tasks.latent import LatentTask
from zoo import adaptive_autoencoder
from zoo.codecs.latent import LatentCodec
from zoo.models.adaptive_autoencoder import DEPTHS, LEVELS

__all__ = ["batches", "check"]  # those of the paper's network

TEST_IMAGES = ()
PREVIEWED_LEVELS = (0, 3, 6)

DEFAULTS = {
    "dataset": "cifar100",
    "depth": "latent",
    "width": 32,
    "latent": 128,
    "size": 32,
    "batch_size": 32,
    "epochs": 20,
    "learning_rate": 3e-3,
    "decay": False,
    "seed": 0,
}

FASTER = "--width 16 --epochs 5"
SEARCH = {"depth": tuple(DEPTHS), "latent": (96, 128, 192), "width": (16, 32, 48), "learning_rate": (1e-3, 3e-3, 6e-3)}
SEARCH_TRAINED = {"level": tuple(range(LEVELS))}


def add_arguments(parser):
    """The flags that only this recipe has."""
    parser.add_argument("--depth", choices=DEPTHS, help="how many bits each position of the latent gets")
    parser.add_argument("--latent", type=positive, help="channels of the latent")
    add_common_arguments(parser)


def model(settings):
    """The network to train."""
    return adaptive_autoencoder(width=settings["width"], latent=settings["latent"])


def training_model(network, settings, sources):
    """A compiled model from images to what they cost in bits and error."""
    rgb = keras.Input((settings["size"],) * 2 + (3,), dtype="uint8", name="rgb")
    trained = keras.Model(rgb, LatentTask(network, settings["depth"]).outputs(rgb))
    optimizer = keras.optimizers.Adam(learning_rate(settings, sources))
    trained.compile(optimizer, _column(0, "cost"), metrics=[_column(1, "bpp"), _column(2, "psnr")])
    return trained


def _column(number, name):
    def column(_, scores):
        return scores[:, number]

    column.__name__ = name
    return column


def preview(path, images, network, settings):
    """Writes one row an image: original, and decoded at three levels of quality."""
    codec = LatentCodec(network, settings["depth"])
    rows = []
    for rgb in images:
        decoded = [codec.decode(codec.encode(rgb, level)) for level in PREVIEWED_LEVELS]
        rows.append([rgb, *decoded])
    save_rows(path, rows)


def report(settings):
    """Arguments of the closing evaluation."""
    return ["--size", str(settings["size"]), "--limit", "200"]
