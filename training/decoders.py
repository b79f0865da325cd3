"""Decoding an image through any decoder, learned or classical, and a Keras model as such a decoder.

The interface is that of `training.baselines`: `decode(luma, grid, n, kind)` gives chroma.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from keras import ops

from training.command import CommandError
from zoo.color_grid import paint_hints, sample_grid
from zoo.color_spaces import lab_to_rgb, rgb_to_lab, rgb_to_ycbcr, ycbcr_to_rgb
from zoo.crayon_edge import rebuilt


@dataclass(frozen=True)
class Space:
    """A colour space in which luma and grid are kept.

    Attributes:
        name: as result files have it.
        from_rgb, to_rgb: see `zoo.color_spaces`.
        white: luma of white; decoders are given luma in 0 to 100.
        eight_bits: luma and grid are rounded to whole numbers, as where the space is that of files and devices.
    """

    name: str
    from_rgb: Callable
    to_rgb: Callable
    white: float
    eight_bits: bool


LAB = Space("CIELAB", rgb_to_lab, lab_to_rgb, 100.0, False)
YCBCR = Space("Y'CbCr", rgb_to_ycbcr, ycbcr_to_rgb, 255.0, True)


class HintsDecoder:
    """A Keras model from `luma` and `hints` to `lab` as a decoder, for any image size.

    Args:
        model: such a model, `zoo.crayon` for one.
        multiple: what the model's sizes must be a multiple of. Other images are extended at the right and below
            by repeating their edge.
    """

    space, kind = LAB, "points"

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


class GridDecoder:
    """A `zoo.crayon_edge`, or `_m`, as a decoder for any image size, step and kind of grid, built anew for each.

    CommandError for another model, and when it is built for a step that it has no layers for.
    """

    space, kind = YCBCR, "means"

    def __init__(self, model):
        self.model = model
        self._built = {}
        self.build((2, 2), 2, self.kind)  # the least there is: refuses another model at once

    def build(self, size, n, kind, **options):
        """The model for images `(height, width)`, this step and kind."""
        try:
            return rebuilt(self.model, size, n, kind, **options)
        except ValueError as error:
            raise CommandError(f"the model cannot decode a grid of step {n}: {error}") from None

    def __call__(self, luma, grid, n, kind):
        key = (luma.shape, n, kind)
        if key not in self._built:
            self._built[key] = self.build(*key)
        inputs = {"luma": luma[None, ..., None] * (self.space.white / 100), "grid": grid[None]}
        return np.asarray(self._built[key].predict_on_batch(inputs))[0]


def model_decoder(model):
    """The decoder of a Keras model, by its inputs; None if it has others."""
    decoders = {("hints", "luma"): HintsDecoder, ("grid", "luma"): GridDecoder}
    found = decoders.get(tuple(sorted(tensor.name for tensor in model.inputs or ())))
    return found and found(model)


def encode_image(rgb, n, kind, space=LAB):
    """Luma `(H, W)` in 0 to 100 and colour grid `(rows, columns, 2)`, float32, of uint8 sRGB `(H, W, 3)`."""
    pixels = space.from_rgb(rgb[None])
    luma, grid = (ops.convert_to_numpy(x)[0] for x in (pixels[..., 0], sample_grid(pixels[..., 1:], n, kind)))
    if space.eight_bits:
        luma, grid = luma.round(), grid.round().clip(-128, 127)
    return luma * np.float32(100 / space.white), grid


def decode_image(decoder, rgb, n, kind="points", space=LAB):
    """What is left of uint8 sRGB `(H, W, 3)` when only its luma and a colour grid of step n are kept, as uint8."""
    luma, grid = encode_image(rgb, n, kind, space)
    pixels = np.dstack([luma * np.float32(space.white / 100), decoder(luma, grid, n, kind)]).astype(np.float32)
    return to_uint8(space.to_rgb(pixels))


def to_uint8(rgb):
    """Colours in 0 to 255 as 8-bit levels."""
    return np.asarray(ops.convert_to_numpy(rgb)).round().clip(0, 255).astype(np.uint8)
