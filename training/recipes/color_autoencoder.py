"""The colour auto-encoder of Nwala on CIFAR-100.

    python -m training.fit color_autoencoder

50 epochs, as in the paper, which gives neither optimiser nor batch: Adam at 1e-3 and 64 images here. Of the 50,000
training images 10,000 are held out, and the weights of the lowest error on them are kept. The loss is the mean squared
error of R, G and B in 0 to 1, whose figures the paper prints; `--ssim 0.1` puts that share of 1 - SSIM in its place.
`--latent 48` puts a bottleneck in the middle. About two hours on one CPU core.
"""

from dataclasses import dataclass

from training.command import CommandError, positive
from training.metrics.images import SSIM_WINDOW
from training.recipes.base import setting
from training.recipes.crops import CropRecipe


@dataclass(frozen=True, kw_only=True)
class ColorAutoencoder(CropRecipe):
    """Nwala's auto-encoder."""

    name = "color_autoencoder"
    FASTER = "--width 16"

    dataset: str = "cifar100"
    epochs: int = 50
    learning_rate: float = 1e-3
    latent: int | None = setting(None, "channels of a bottleneck; none if not given", positive)
    ssim: float = setting(0.0, "share of 1 - SSIM in the loss", float)
    width: int = setting(64, "filters of the first convolution", positive)
    size: int = 32
    batch_size: int = 64

    def check(self):
        super().check()
        if not 0 <= self.ssim <= 1:
            raise CommandError(f"--ssim must lie between 0 and 1, not {self.ssim}")
        if self.ssim and self.size < SSIM_WINDOW:
            raise CommandError(f"--ssim is for --size {SSIM_WINDOW} and more, not {self.size}")

    def model(self):
        from zoo import color_autoencoder

        return color_autoencoder(width=self.width, latent=self.latent)

    def training_model(self, network, sources):
        """A compiled model from images to themselves."""
        import keras
        from keras import ops

        from training.loop.schedule import learning_rate
        from training.metrics.ssim_loss import ssim

        share = self.ssim

        def loss(original, decoded):
            original, decoded = ops.cast(original, "float32") / 255, decoded / 255
            error = ops.mean(ops.square(original - decoded), axis=(1, 2, 3))
            return (1 - share) * error + share * (1 - ssim(original, decoded)) if share else error

        rgb = keras.Input((self.size, self.size, 3), dtype="uint8", name="rgb")
        trained = keras.Model(rgb, network({"rgb": ops.cast(rgb, "float32")})["rgb"])
        trained.compile(keras.optimizers.Adam(learning_rate(self, sources)), loss)
        return trained

    def preview(self, path, images, network):
        """Writes one row an image: original and decoded."""
        from training.loop.previews import save_rows
        from zoo.codecs.loading import codec_of

        save_rows(path, list(zip(images, codec_of(network).samples(images), strict=True)))

    def report(self):
        return ["--size", str(self.size), "--limit", "1000"]
