"""The two halves of an auto-encoder that leave for a device, between uint8 tensors."""

import keras
import numpy as np
from keras import ops

from training.command import CommandError
from zoo.codecs.latent import USUAL_LEVEL, LatentCodec
from zoo.images import to_uint8
from zoo.models.nwala import STRIDE, whole_blocks

CALIBRATED_ON = 500  # training images, for the range of a latent that has no bits of its own


def devices(run, arguments):
    """`encode` and `decode` of a run of an auto-encoder, for `python -m export`, calibrated on a data set or the run's.

    A latent of whole numbers leaves as they are, + 128, and its depths are left to `zoo.codecs.latent`; another one in
    256 steps of each channel's range.
    """
    if isinstance(run.codec, LatentCodec):
        low, step = -128.0, 1.0
    else:
        low, high = _range(run, arguments.dataset, arguments.data_dir)
        step = np.maximum(high - low, 1e-6) / 255
    return [Half(run.model, name, low, step) for name in ("encode", "decode")]


class Half:
    """`encode`, from `rgb` to `latent`, or `decode`, back; of an adaptive one with `color` and `level` as well.

    It is calibrated and compared at the usual level. Attributes are those of `DeviceColorizer`.

    Args:
        model: an auto-encoder of the zoo.
        signature: "encode" or "decode".
        low, step: what 0 stands for in the latent, and what one more does.
    """

    size, multiple = (32, 32), STRIDE

    def __init__(self, model, signature, low, step):
        self.signature, self.low, self.step = signature, low, step
        self.encoder = model.get_layer("encoder")
        self.part = model.get_layer("encoder" if signature == "encode" else "decoder")
        self.more = {name: x for name, x in self.part.input.items() if name in ("color", "level")}
        self.channels = self.encoder.output["latent"].shape[-1]
        self.facts = {"latent": self.channels, **({"level": USUAL_LEVEL} if self.more else {})}

    def build(self, size):
        """The model of batch 1 and static size. CommandError for a size that is no multiple of 8."""
        if any(side % STRIDE for side in size):
            raise CommandError(f"--size must be a multiple of {STRIDE}, not {size[0]}x{size[1]}")
        if self.signature == "encode":
            read = keras.Input(batch_shape=(1, *size, 3), dtype="uint8", name="rgb")
            seen = ops.cast(read, "float32")
        else:
            positions = [side // STRIDE for side in size]
            read = keras.Input(batch_shape=(1, *positions, self.channels), dtype="uint8", name="latent")
            seen = ops.cast(read, "float32") * self.step + self.low
        more = {
            name: keras.Input(batch_shape=(1, *x.shape[1:]), dtype="uint8", name=name) for name, x in self.more.items()
        }
        given = {name: ops.cast(x, self.more[name].dtype) for name, x in more.items()}
        ((name, made),) = self.part({read.name: seen, **given}).items()
        if name == "latent":
            made = (made - self.low) / self.step
        made = ops.cast(ops.round(ops.clip(made, 0.0, 255.0)), "uint8")
        return keras.Model({read.name: read, **more}, {name: made}, name=self.signature)

    def inputs(self, rgb):
        """What the half reads for uint8 sRGB `(H, W, 3)`, of batch 1."""
        known = {"color": rgb.mean((0, 1)).round().astype(np.uint8)[None], "level": np.array([USUAL_LEVEL], np.uint8)}
        more = {name: known[name] for name in self.more}
        if self.signature == "encode":
            return {"rgb": rgb[None], **more}
        given = {name: value.astype(self.more[name].dtype) for name, value in more.items()}
        latent = self.encoder({"rgb": whole_blocks(rgb[None]).astype(np.float32), **given})["latent"]
        return {"latent": to_uint8((latent - self.low) / self.step), **more}


def _range(run, dataset, data_dir):
    """The least and the largest value of each channel of a latent, over training images."""
    from training.data.sources import open_dataset

    settings = run.settings
    known = open_dataset(dataset or settings.get("dataset", "samples"), (), settings.get("seed", 0), data_dir)
    latents = np.stack(run.codec.encoded(known.unlabelled("train", settings.get("size", 32), CALIBRATED_ON)))
    return latents.min((0, 1, 2)), latents.max((0, 1, 2))
