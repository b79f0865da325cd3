"""The decoder that leaves for a device: a zoo model between uint8 tensors."""

import keras
from keras import ops

from training.decoders import encode_image, to_uint8
from zoo.color_grid import grid_shape, paint_hints
from zoo.color_spaces import RGB_FROM_WHITE, lab_to_white_xyz

# 1.055 x^(1/2.4) - 0.055 over 0.0031308 to 1, in 1, x, x^(1/2), x^(1/4), x^(1/8): the minimax fit.
_SRGB_CURVE = (-0.0040652039, -0.0201854110, 0.6539753079, 0.6887294054, -0.3184853494)


def grid_decoder(model, size, n):
    """A functional model from `luma` and `grid` to `rgb`, all uint8, of batch 1 and static size.

    The hints are painted and the colours converted inside the graph.

    Args:
        model: from `luma` and `hints` to `lab`, `zoo.crayon` for one.
        size: side of the image in pixels.
        n: grid step.

    Returns:
        A model from `{"luma": (1, size, size, 1), "grid": (1, ceil(size/n), ceil(size/n), 2)}` to
        `{"rgb": (1, size, size, 3)}`. `luma` is round(2.55 L*), `grid` is round(a*) + 128 and round(b*) + 128.
    """
    luma = keras.Input(batch_shape=(1, size, size, 1), dtype="uint8", name="luma")
    grid = keras.Input(batch_shape=(1, *grid_shape(size, size, n), 2), dtype="uint8", name="grid")
    hints = paint_hints(ops.cast(grid, "float32") - 128.0, n, size, size)
    lab = model({"luma": ops.cast(luma, "float32") / 2.55, "hints": hints})
    rgb = ops.cast(ops.round(255.0 * _lab_to_srgb(lab)), "uint8")
    return keras.Model({"luma": luma, "grid": grid}, {"rgb": rgb}, name="decoder")


def device_inputs(rgb, n, kind="points"):
    """What `grid_decoder` reads, `{"luma": uint8, "grid": uint8}` of batch 1, for uint8 sRGB `(H, W, 3)`."""
    luma, grid = encode_image(rgb, n, kind)
    return {"luma": to_uint8(2.55 * luma)[None, ..., None], "grid": to_uint8(grid + 128)[None]}


def _lab_to_srgb(lab):
    """sRGB in 0 to 1 of CIELAB, within 0.01 of an 8-bit level, without the power that TFLite's fast kernels lack."""
    x = ops.clip(ops.matmul(lab_to_white_xyz(lab), RGB_FROM_WHITE), 0.0, 1.0)
    root2 = ops.sqrt(x)
    root4 = ops.sqrt(root2)
    curve = sum(c * y for c, y in zip(_SRGB_CURVE[1:], (x, root2, root4, ops.sqrt(root4)), strict=True))
    return ops.clip(ops.where(x > 0.0031308, curve + _SRGB_CURVE[0], 12.92 * x), 0.0, 1.0)
