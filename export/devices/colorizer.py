"""The colorizer that leaves for a device: a model of `zoo.models.champati` between uint8 tensors."""

import keras
import numpy as np
from keras import ops

from export.devices.grid import lab_to_srgb
from zoo.codecs.colorizer import SIDE
from zoo.color_spaces import lab_to_rgb, rgb_to_lab, rgb_to_ycbcr, yuv_to_rgb

# L* of each level of grey: a table, since TFLite's fast kernels have no power function.
_LIGHTNESS = ops.convert_to_numpy(rgb_to_lab(np.arange(256)[:, None].repeat(3, 1)))[:, 0]


def devices(run, _):
    """What leaves of a colorizer."""
    return [DeviceColorizer(run.codec)]


class DeviceColorizer:
    """A colorizer as a model from `grey` to `rgb`, all uint8: with the annealed mean and the conversion of colours.

    Attributes:
        signature: name of the signature of its files.
        size: `(height, width)` if none is asked for.
        multiple: what sizes must be a multiple of.
        facts: for card.json.
    """

    signature, multiple = "colorize", 1

    def __init__(self, codec):
        self.model = codec.model
        self.space = codec.output
        self.size = tuple(side or SIDE for side in self.model.inputs[0].shape[1:3])
        self.facts = {"space": self.space}

    def build(self, size):
        """The model of batch 1 and static size, from `{"grey": (1, H, W, 1)}` to `{"rgb": (1, H, W, 3)}`."""
        grey = keras.Input(batch_shape=(1, *size, 1), dtype="uint8", name="grey")
        if self.space == "lab":
            luma = ops.take(_LIGHTNESS, ops.cast(grey, "int32"))
        else:
            luma = ops.cast(grey, "float32") / (255.0 if self.space == "yuv" else 1.0)
        colors = self.model({"luma": luma})[self.space]
        rgb = {"lab": lambda x: 255.0 * lab_to_srgb(x), "yuv": yuv_to_rgb, "rgb": lambda x: x}[self.space](colors)
        rgb = ops.cast(ops.round(ops.clip(rgb, 0.0, 255.0)), "uint8")
        return keras.Model({"grey": grey}, {"rgb": rgb}, name="colorizer")

    def inputs(self, rgb):
        """`{"grey": uint8 (1, H, W, 1)}` of uint8 sRGB `(H, W, 3)`: the grey of the same L*, or the same Y'."""
        if self.space == "lab":
            lightness = rgb_to_lab(rgb) * np.float32([1, 0, 0])
            grey = ops.convert_to_numpy(lab_to_rgb(lightness))[..., 1:2]
        else:
            grey = ops.convert_to_numpy(rgb_to_ycbcr(rgb))[..., :1]
        return {"grey": grey.round().astype(np.uint8)[None]}
