"""The decoder that leaves for a device: a zoo model between uint8 tensors."""

import keras
import numpy as np
from keras import ops

from training.command import CommandError
from zoo.codecs.base import named
from zoo.color_grid import grid_shape, paint_hints
from zoo.color_spaces import RGB_FROM_CHROMA, RGB_FROM_WHITE, YCBCR, lab_to_white_xyz

# 1.055 x^(1/2.4) - 0.055 over 0.0031308 to 1, in 1, x, x^(1/2), x^(1/4), x^(1/8): the minimax fit.
_SRGB_CURVE = (-0.0040652039, -0.0201854110, 0.6539753079, 0.6887294054, -0.3184853494)


def devices(run, arguments):
    """What leaves of a decoder of grids, by --n and --kind of `python -m export`."""
    return [DeviceDecoder(run.codec, run.codec.grid(arguments.n, arguments.kind))]


class DeviceDecoder:
    """A `zoo.codecs.grid.GridCodec` for one `Grid`; see `DeviceColorizer`."""

    signature, size = "decode", (320, 320)

    def __init__(self, codec, grid):
        self.codec = codec
        self.grid = grid
        self.multiple = grid.n
        self.facts = {"n": grid.n, "kind": grid.kind, "space": grid.space.name}

    def build(self, size):
        """A functional model from `luma` and `grid` to `rgb`, all uint8, of batch 1 and static size.

        Hints are painted and colours converted inside the graph.

        Args:
            size: `(height, width)` of the image in pixels.

        Returns:
            A model from `{"luma": (1, H, W, 1), "grid": (1, ceil(H/n), ceil(W/n), 2)}` to `{"rgb": (1, H, W, 3)}`; see
            `zoo.codecs.grid.GridImage`.

        Raises:
            CommandError, ZooError: a size that the codec or the grid does not take.
        """
        codec, grid = self.codec, self.grid
        if any(side % codec.multiple for side in size):
            raise CommandError(f"--size must be a multiple of {codec.multiple}, not {size[0]}x{size[1]}")
        grid.check(size)
        luma = keras.Input(batch_shape=(1, *size, 1), dtype="uint8", name="luma")
        kept = keras.Input(batch_shape=(1, *grid_shape(*size, grid.n), 2), dtype="uint8", name="grid")
        light, colors = ops.cast(luma, "float32"), ops.cast(kept, "float32") - 128.0
        if codec.space is YCBCR:
            color = codec.build(size, grid, matrix=RGB_FROM_CHROMA)({"luma": light, "grid": colors})["chroma"]
            # Luma three times over, as a convolution: that is faster than what repeats it.
            grey = ops.conv(light, np.ones((1, 1, 1, 3), "float32"))
            rgb = ops.clip(grey + color, 0.0, 255.0)
        else:
            hints = paint_hints(colors, grid.n, *size)
            lab = named(codec.model({"luma": light / 2.55, "hints": hints}), "lab")
            rgb = 255.0 * lab_to_srgb(lab)
        return keras.Model({"luma": luma, "grid": kept}, {"rgb": ops.cast(ops.round(rgb), "uint8")}, name="decoder")

    def inputs(self, rgb):
        """What `build` reads, `{"luma": uint8, "grid": uint8}` of batch 1, for uint8 sRGB `(H, W, 3)`."""
        seen = self.grid.keep(rgb)
        return {"luma": seen.luma[None, ..., None], "grid": seen.grid[None]}


def lab_to_srgb(lab):
    """sRGB in 0 to 1 of CIELAB, within 0.01 of an 8-bit level, without the power that TFLite's fast kernels lack."""
    x = ops.clip(ops.matmul(lab_to_white_xyz(lab), RGB_FROM_WHITE), 0.0, 1.0)
    root2 = ops.sqrt(x)
    root4 = ops.sqrt(root2)
    curve = sum(c * y for c, y in zip(_SRGB_CURVE[1:], (x, root2, root4, ops.sqrt(root4)), strict=True))
    return ops.clip(ops.where(x > 0.0031308, curve + _SRGB_CURVE[0], 12.92 * x), 0.0, 1.0)
