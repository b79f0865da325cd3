"""The two halves of an auto-encoder that leave for a device, between uint8 tensors."""

import keras
import numpy as np
from keras import ops

from training.autoencoders import encoded, is_adaptive
from training.command import CommandError
from zoo.color_autoencoder import STRIDE
from zoo.latent_codec import LatentCodec

CALIBRATED_ON = 500  # training images, for the range of a latent that has no bits of its own
LEVEL = 4  # at which an adaptive one is calibrated and compared
ZERO = 128.0  # what stands for zero where a latent is whole numbers


def device_autoencoder(loaded, data_dir=None):
    """`encode` and `decode` of a run of an auto-encoder, for `python -m export`."""
    if is_adaptive(loaded.model):
        return [AdaptiveHalf(loaded.model, name) for name in ("encode", "decode")]
    low, high = _range(loaded, data_dir)
    return [PlainHalf(loaded.model, name, low, high) for name in ("encode", "decode")]


class PlainHalf:
    """`encode`, from `rgb` to `latent`, or `decode`, back: a latent in 8 bits for each number.

    Attributes:
        signature: "encode" or "decode".
        size, multiple, facts: see `DeviceColorizer`.
    """

    size, multiple = (32, 32), STRIDE

    def __init__(self, model, signature, low, high):
        self.model = model
        self.signature = signature
        self.low = low
        self.step = np.maximum(high - low, 1e-6) / 255
        self.facts = {"latent": len(low)}

    def build(self, size):
        """The model of batch 1 and static size. CommandError for a size that is no multiple of 8."""
        sides = _positions(size)
        if self.signature == "encode":
            rgb = keras.Input(batch_shape=(1, *size, 3), dtype="uint8", name="rgb")
            latent = self.model.get_layer("encoder")({"rgb": ops.cast(rgb, "float32")})["latent"]
            return keras.Model({"rgb": rgb}, {"latent": _to_uint8((latent - self.low) / self.step)}, name="encode")
        latent = keras.Input(batch_shape=(1, *sides, len(self.low)), dtype="uint8", name="latent")
        numbers = ops.cast(latent, "float32") * self.step + self.low
        rgb = self.model.get_layer("decoder")({"latent": numbers})["rgb"]
        return keras.Model({"latent": latent}, {"rgb": _to_uint8(rgb)}, name="decode")

    def inputs(self, rgb):
        """What the half reads for uint8 sRGB `(H, W, 3)`, of batch 1."""
        if self.signature == "encode":
            return {"rgb": rgb[None]}
        latent = ((np.stack(encoded(self.model, [rgb])) - self.low) / self.step).round()
        return {"latent": latent.clip(0, 255).astype(np.uint8)}


class AdaptiveHalf:
    """`encode`, from `rgb`, `color` and `level` to `latent`, or `decode`, back; depths are left to `LatentCodec`.

    `latent` is the whole numbers, + 128. Attributes are those of `PlainHalf`.
    """

    size, multiple = (32, 32), STRIDE

    def __init__(self, model, signature):
        self.model = model
        self.signature = signature
        self.codec = LatentCodec(model)
        self.channels = len(self.codec.band)
        self.facts = {"latent": self.channels, "level": LEVEL}

    def build(self, size):
        """The model of batch 1 and static size. CommandError for a size that is no multiple of 8."""
        sides = _positions(size)
        color = keras.Input(batch_shape=(1, 3), dtype="uint8", name="color")
        level = keras.Input(batch_shape=(1,), dtype="uint8", name="level")
        given = {"color": ops.cast(color, "float32"), "level": ops.cast(level, "int32")}
        inputs = {"color": color, "level": level}
        if self.signature == "encode":
            rgb = keras.Input(batch_shape=(1, *size, 3), dtype="uint8", name="rgb")
            latent = self.model.get_layer("encoder")({"rgb": ops.cast(rgb, "float32"), **given})["latent"]
            return keras.Model({"rgb": rgb, **inputs}, {"latent": _to_uint8(latent + ZERO)}, name="encode")
        latent = keras.Input(batch_shape=(1, *sides, self.channels), dtype="uint8", name="latent")
        rgb = self.model.get_layer("decoder")({"latent": ops.cast(latent, "float32") - ZERO, **given})["rgb"]
        return keras.Model({"latent": latent, **inputs}, {"rgb": _to_uint8(rgb)}, name="decode")

    def inputs(self, rgb):
        """What the half reads for uint8 sRGB `(H, W, 3)`, of batch 1."""
        numbers, _, color = self.codec.latents(rgb[None], LEVEL)
        first = {"rgb": rgb[None]} if self.signature == "encode" else {"latent": (numbers + ZERO).astype(np.uint8)}
        return {**first, "color": color, "level": np.array([LEVEL], np.uint8)}


def _range(loaded, data_dir):
    """The least and the largest value of each channel of a latent, over training images."""
    from training.datasets import open_dataset

    settings = loaded.settings
    known = open_dataset(settings.get("dataset", "samples"), (), settings.get("seed", 0), data_dir)
    latents = np.stack(encoded(loaded.model, known.unlabelled("train", settings.get("size", 32), CALIBRATED_ON)))
    return latents.min((0, 1, 2)), latents.max((0, 1, 2))


def _positions(size):
    if any(side % STRIDE for side in size):
        raise CommandError(f"--size must be a multiple of {STRIDE}, not {size[0]}x{size[1]}")
    return [side // STRIDE for side in size]


def _to_uint8(x):
    return ops.cast(ops.round(ops.clip(x, 0.0, 255.0)), "uint8")
