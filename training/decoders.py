"""Decoding an image through any decoder, learned or classical, and a Keras model as such a decoder.

The interface is that of `training.baselines`: `decode(luma, grid, n, kind)` gives a* and b*.
"""

import numpy as np
from keras import ops

from zoo.color_grid import paint_hints, sample_grid
from zoo.color_spaces import lab_to_rgb, rgb_to_lab


class ModelDecoder:
    """A Keras model from `luma` and `hints` to `lab` as a decoder, for any image size.

    Args:
        model: such a model, `zoo.crayon` for one.
        multiple: what the model's sizes must be a multiple of. Other images are extended at the right and below
            by repeating their edge.
    """

    def __init__(self, model, multiple=8):
        self.model = model
        self.multiple = multiple

    def __call__(self, luma, grid, n, kind):
        height, width = luma.shape
        margin = [(0, -height % self.multiple), (0, -width % self.multiple)]
        hints = ops.convert_to_numpy(paint_hints(grid[None], n, height, width))
        inputs = {
            "luma": np.pad(luma, margin, mode="edge")[None, ..., None],
            "hints": np.pad(hints, [(0, 0), *margin, (0, 0)]),
        }
        return np.asarray(self.model.predict_on_batch(inputs))[0, :height, :width, 1:]


def encode_image(rgb, n, kind):
    """L* `(H, W)` and colour grid `(rows, columns, 2)`, float32, of uint8 sRGB `(H, W, 3)`."""
    lab = rgb_to_lab(rgb[None])
    grid = sample_grid(lab[..., 1:], n, kind)
    return ops.convert_to_numpy(lab)[0, ..., 0], ops.convert_to_numpy(grid)[0]


def decode_image(decoder, rgb, n, kind="points"):
    """What is left of uint8 sRGB `(H, W, 3)` when only its L* and a colour grid of step n are kept, as uint8."""
    luma, grid = encode_image(rgb, n, kind)
    lab = np.dstack([luma, decoder(luma, grid, n, kind)]).astype(np.float32)
    return to_uint8(lab_to_rgb(lab))


def to_uint8(rgb):
    """Colours in 0 to 255 as 8-bit levels."""
    return np.asarray(ops.convert_to_numpy(rgb)).round().clip(0, 255).astype(np.uint8)
