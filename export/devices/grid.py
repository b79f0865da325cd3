"""The decoder that leaves for a device: a zoo model between uint8 tensors."""

import keras
import numpy as np
from keras import ops

from training.command import CommandError
from zoo.codecs.grid import encode_image
from zoo.color_grid import grid_shape, paint_hints
from zoo.color_spaces import LAB, RGB_FROM_CHROMA, RGB_FROM_WHITE, YCBCR, lab_to_white_xyz
from zoo.images import to_uint8

# 1.055 x^(1/2.4) - 0.055 over 0.0031308 to 1, in 1, x, x^(1/2), x^(1/4), x^(1/8): the minimax fit.
_SRGB_CURVE = (-0.0040652039, -0.0201854110, 0.6539753079, 0.6887294054, -0.3184853494)


class DeviceDecoder:
    """A decoder for a grid step and kind, `device_decoder` and `device_inputs`; see `DeviceColorizer`."""

    signature, size = "decode", (320, 320)

    def __init__(self, decoder, n, kind):
        self.decoder = decoder
        self.kind = kind or decoder.kind
        self.multiple = self.n = n
        self.facts = {"n": n, "kind": self.kind, "space": decoder.space.name}

    def build(self, size):
        """See `device_decoder`. CommandError for a size that the decoder or its step does not take."""
        if self.decoder.space is LAB and (size[0] % 8 or size[1] % 8):
            raise CommandError(f"--size must be a multiple of 8, not {size[0]}x{size[1]}")
        if not 2 <= self.n <= min(size):
            raise CommandError(f"--n must lie between 2 and --size {min(size)}, not {self.n}")
        return device_decoder(self.decoder, size, self.n, self.kind)

    def inputs(self, rgb):
        """See `device_inputs`."""
        return device_inputs(rgb, self.n, self.kind, self.decoder.space)


def device_decoder(decoder, size, n, kind):
    """A functional model from `luma` and `grid` to `rgb`, all uint8, of batch 1 and static size.

    Hints are painted and colours converted inside the graph.

    Args:
        decoder: a `zoo.codecs.grid.HintsDecoder` or `GridDecoder`, which knows its model.
        size: `(height, width)` of the image in pixels.
        n: grid step.
        kind: "points" or "means"; what a `HintsDecoder` is given makes no difference to its graph.

    Returns:
        A model from `{"luma": (1, H, W, 1), "grid": (1, ceil(H/n), ceil(W/n), 2)}` to `{"rgb": (1, H, W, 3)}`. `luma`
        is round(2.55 L*) or Y', `grid` is a* and b*, or Cb and Cr, rounded, + 128.
    """
    luma = keras.Input(batch_shape=(1, *size, 1), dtype="uint8", name="luma")
    grid = keras.Input(batch_shape=(1, *grid_shape(*size, n), 2), dtype="uint8", name="grid")
    light, colors = ops.cast(luma, "float32"), ops.cast(grid, "float32") - 128.0
    if decoder.space is YCBCR:
        color = decoder.build(size, n, kind, matrix=RGB_FROM_CHROMA)({"luma": light, "grid": colors})
        # Luma three times over, as a convolution: that is faster than what repeats it.
        grey = ops.conv(light, np.ones((1, 1, 1, 3), "float32"))
        rgb = ops.clip(grey + color, 0.0, 255.0)
    else:
        hints = paint_hints(colors, n, *size)
        rgb = 255.0 * lab_to_srgb(decoder.model({"luma": light / 2.55, "hints": hints}))
    return keras.Model({"luma": luma, "grid": grid}, {"rgb": ops.cast(ops.round(rgb), "uint8")}, name="decoder")


def device_inputs(rgb, n, kind, space):
    """What a `device_decoder` reads, `{"luma": uint8, "grid": uint8}` of batch 1, for uint8 sRGB `(H, W, 3)`."""
    luma, grid = encode_image(rgb, n, kind, space)
    return {"luma": to_uint8(2.55 * luma)[None, ..., None], "grid": to_uint8(grid + 128)[None]}


def lab_to_srgb(lab):
    """sRGB in 0 to 1 of CIELAB, within 0.01 of an 8-bit level, without the power that TFLite's fast kernels lack."""
    x = ops.clip(ops.matmul(lab_to_white_xyz(lab), RGB_FROM_WHITE), 0.0, 1.0)
    root2 = ops.sqrt(x)
    root4 = ops.sqrt(root2)
    curve = sum(c * y for c, y in zip(_SRGB_CURVE[1:], (x, root2, root4, ops.sqrt(root4)), strict=True))
    return ops.clip(ops.where(x > 0.0031308, curve + _SRGB_CURVE[0], 12.92 * x), 0.0, 1.0)
