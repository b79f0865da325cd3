"""The auto-encoder whose depth of colour follows the complexity of the region, ours.

    python -m training.fit adaptive_autoencoder --decay

One model for eight levels of quality, on CIFAR-100 or, by `--dataset folder:PATH --size 128`, on photographs. The loss
is bits for each pixel and squared error, each image at a level drawn at random (`training.tasks.latent.LatentTask`).
`--depth` says how many bits a position gets:

- `latent`, the default: as many as the numbers there need, which is what the encoder has learned to make of it;
- `colors`: as the local deviation from the mean colour says, before anything is encoded;
- `uniform`: eight everywhere, the same network without its adaptivity.
"""

from dataclasses import dataclass

from training.command import positive
from training.recipes.base import setting
from training.recipes.crops import CropRecipe

DEPTHS = ("latent", "colors", "uniform")  # these and the levels of quality are of `zoo.models.adaptive_autoencoder`
LEVELS = 8
PREVIEWED_LEVELS = (0, 3, 6)


@dataclass(frozen=True, kw_only=True)
class AdaptiveAutoencoder(CropRecipe):
    """The adaptive auto-encoder."""

    name = "adaptive_autoencoder"
    SEARCH = {"depth": DEPTHS, "latent": (96, 128, 192), "width": (16, 32, 48), "learning_rate": (1e-3, 3e-3, 6e-3)}
    SEARCH_TRAINED = {"level": tuple(range(LEVELS))}
    FASTER = "--width 16 --epochs 5"

    dataset: str = "cifar100"
    epochs: int = 20
    learning_rate: float = 3e-3
    depth: str = setting("latent", "how many bits each position of the latent gets", choices=DEPTHS)
    latent: int = setting(128, "channels of the latent", positive)
    width: int = setting(32, "filters of the first convolution", positive)
    size: int = 32
    batch_size: int = 32

    def model(self):
        from zoo import adaptive_autoencoder

        return adaptive_autoencoder(width=self.width, latent=self.latent)

    def training_model(self, network, sources):
        """A compiled model from images to what they cost in bits and error."""
        import keras

        from training.loop.schedule import learning_rate
        from training.tasks.latent import LatentTask

        rgb = keras.Input((self.size, self.size, 3), dtype="uint8", name="rgb")
        trained = keras.Model(rgb, LatentTask(network, self.depth).outputs(rgb))
        optimizer = keras.optimizers.Adam(learning_rate(self, sources))
        trained.compile(optimizer, _column(0, "cost"), metrics=[_column(1, "bpp"), _column(2, "psnr")])
        return trained

    def preview(self, path, images, network):
        """Writes one row an image: original, and decoded at three levels of quality."""
        from training.loop.previews import save_rows
        from zoo.codecs.latent import LatentCodec

        codec = LatentCodec(network, self.settings())
        rows = []
        for rgb in images:
            decoded = [codec.decode(codec.encode(rgb, level)) for level in PREVIEWED_LEVELS]
            rows.append([rgb, *decoded])
        save_rows(path, rows)

    def report(self):
        return ["--size", str(self.size), "--limit", "200"]


def _column(number, name):
    def column(_, scores):
        return scores[:, number]

    column.__name__ = name
    return column
