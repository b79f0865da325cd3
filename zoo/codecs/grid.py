"""Decoding an image through any decoder, learned or classical, and a Keras model as such a decoder.

The interface is that of `training.baselines.propagation`: `decode(luma, grid, n, kind)` gives chroma.
"""

import numpy as np
from keras import ops

from zoo.color_grid import paint_hints, sample_grid
from zoo.color_spaces import LAB, YCBCR
from zoo.errors import ZooError
from zoo.images import to_uint8
from zoo.models.crayon_edge import rebuilt


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

    ZooError for another model, and when it is built for a step that it has no layers for.
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
            raise ZooError(f"the model cannot decode a grid of step {n}: {error}") from None

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
