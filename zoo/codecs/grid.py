"""A photograph as its luma and a small grid of colours, and back, by `zoo.crayon` or `zoo.crayon_edge`."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from zoo.codecs.base import Codec, named
from zoo.codecs.parts import tiles, times
from zoo.color_grid import KINDS, grid_shape, paint_hints, sample_grid
from zoo.color_spaces import LAB, YCBCR, Space
from zoo.errors import ZooError
from zoo.images import checked_image, to_uint8
from zoo.models.crayon_edge import cell_size, rebuilt

MOST_PIXELS = 1 << 20  # that are decoded at a time, as the network sees them
MOST_BUILT = 64  # networks that are kept, for as many sizes and steps
SEEN = 10  # cells around a pixel beyond which a `zoo.crayon_edge` sees nothing
USUAL_STEP = 20  # of models that were trained at many


@dataclass(frozen=True)
class GridImage:
    """A photograph as a device has it.

    Attributes:
        luma: uint8 `(H, W)`: round(2.55 L*), or Y'.
        grid: uint8 `(ceil(H/n), ceil(W/n), 2)`: a* and b*, or Cb and Cr, + 128.
        n, kind: see `Grid`.
    """

    luma: np.ndarray
    grid: np.ndarray
    n: int
    kind: str


@dataclass(frozen=True)
class Grid:
    """Which colours of a photograph are kept beside its luma.

    Attributes:
        n: step of the grid in pixels.
        kind: "points" or "means", see `zoo.color_grid`.
        space: of luma and colours.
    """

    n: int
    kind: str = "points"
    space: Space = LAB

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ZooError(f"`kind` must be one of {KINDS}. Received: kind={self.kind!r}")
        if self.n < 2:
            raise ZooError(f"n must be at least 2, not {self.n}")

    def check(self, size):
        """ZooError unless an image `(height, width)` has a grid of this step."""
        if self.n > min(size):
            raise ZooError(
                f"the grid step n = {self.n} is larger than an image of {size[0]}x{size[1]}: choose a smaller n"
            )

    def encode(self, rgb):
        """Luma `(H, W)` and colours `(ceil(H/n), ceil(W/n), 2)`, float32 in units of the space, of uint8 sRGB."""
        self.check(rgb.shape[:2])
        pixels = self.space.from_rgb(rgb[None])
        kept = pixels[..., 0], sample_grid(pixels[..., 1:], self.n, self.kind)
        luma, colors = (ops.convert_to_numpy(x)[0] for x in kept)
        return (luma.round(), colors.round().clip(-128, 127)) if self.space.eight_bits else (luma, colors)

    def keep(self, rgb):
        """The `GridImage` of uint8 sRGB `(H, W, 3)`."""
        luma, colors = self.encode(rgb)
        return GridImage(to_uint8(luma * (255 / self.space.white)), to_uint8(colors + 128), self.n, self.kind)

    def join(self, luma, chroma):
        """uint8 sRGB `(H, W, 3)` of luma `(H, W)` and chroma `(H, W, 2)`."""
        return to_uint8(self.space.to_rgb(np.dstack([luma, chroma]).astype(np.float32)))


def through(decode, rgb, grid):
    """What is left of uint8 sRGB `(H, W, 3)` when its luma and a grid are kept, as uint8.

    Args:
        decode: from luma, colours and their `Grid` to chroma `(H, W, 2)`: a `GridCodec`, or a method without learning.
        rgb, grid: see above.
    """
    luma, colors = grid.encode(rgb)
    return grid.join(luma, decode(luma, colors, grid))


class GridCodec(Codec):
    """Photographs of any size through a grid of any step: see `HintsCodec` and `EdgeCodec` for the models.

    Attributes:
        space, kind: in which colour space the model works, and what a cell of the grid usually holds.
        multiple: what sides of what the model is given must be a multiple of.
    """

    family, what = "grid", "decoders of grids"
    space, kind, multiple = LAB, "points", 1

    def grid(self, n=None, kind=None):
        """The `Grid` of a step and kind, or of those at which the model is usually shown: its own step, or 20."""
        return Grid(n or usual_step(self.settings), kind or self.kind, self.space)

    def encode(self, photo, n=None, kind=None):
        """The `GridImage` of uint8 sRGB `(H, W, 3)`. ValueError for another image, or one smaller than n."""
        return self.grid(n, kind).keep(checked_image(photo, "photo"))

    def decode(self, image):
        """The photograph, uint8 sRGB `(H, W, 3)`, of a `GridImage`. ValueError for a grid that is not the luma's."""
        grid = Grid(image.n, image.kind, self.space)
        grid.check(image.luma.shape)
        cells = grid_shape(*image.luma.shape, grid.n)
        if image.grid.shape != (*cells, 2):
            raise ZooError(f"`grid` must be {(*cells, 2)} for that luma and n. Received: shape={image.grid.shape}")
        luma = image.luma * np.float32(self.space.white / 255)
        return grid.join(luma, self(luma, image.grid.astype(np.float32) - 128, grid))

    def samples(self, images, n=16):
        """See `Codec`: at n = 16."""
        return [through(self, rgb, self.grid(n)) for rgb in images]

    def __call__(self, luma, colors, grid):
        """Chroma `(H, W, 2)` of what `Grid.encode` gives, in units of the space."""
        raise NotImplementedError


class HintsCodec(GridCodec):
    """A Keras model from `luma` and `hints` to `lab`, `zoo.crayon` for one.

    Images whose sides are no multiple of 8 are extended at the right and below by repeating their edge.
    """

    multiple = 8

    @staticmethod
    def takes(model):
        """Whether a model is one of these."""
        return input_names(model) == ["hints", "luma"]

    def __call__(self, luma, colors, grid):
        return self.from_hints(luma, ops.convert_to_numpy(paint_hints(colors[None], grid.n, *luma.shape))[0])

    def from_hints(self, luma, hints):
        """Chroma `(H, W, 2)` of luma `(H, W)` and of hints `(H, W, 2)`, anywhere, zero where no colour is known."""
        height, width = luma.shape
        margin = [(0, -height % self.multiple), (0, -width % self.multiple)]
        inputs = {
            "luma": np.pad(luma, margin, mode="edge")[None, ..., None],
            "hints": np.pad(hints, [*margin, (0, 0)])[None],
        }
        return np.asarray(named(self.model.predict_on_batch(inputs), "lab"))[0, :height, :width, 1:]


class EdgeCodec(GridCodec):
    """A `zoo.crayon_edge`, or `_m`, built anew for each image size, step and kind of grid.

    Large images are decoded in tiles, which comes to the same.

    ZooError for another model, and when it is built for a step that it has no layers for.
    """

    space, kind = YCBCR, "means"

    def __init__(self, model, settings=None):
        super().__init__(model, settings)
        self._built = {}
        self.build((2, 2), Grid(2, self.kind, self.space))  # the least there is: refuses another model at once

    @staticmethod
    def takes(model):
        """Whether a model is one of these, or has their inputs."""
        return input_names(model) == ["grid", "luma"]

    def build(self, size, grid, **options):
        """The model for images `(height, width)` and a `Grid`."""
        try:
            return rebuilt(self.model, size, grid.n, grid.kind, **options)
        except ValueError as error:
            raise ZooError(f"the model cannot decode a grid of step {grid.n}: {error}") from None

    def __call__(self, luma, colors, grid):
        chroma = np.empty((*luma.shape, 2), np.float32)
        for part, decoded in self.parts(luma, colors, grid):
            chroma[times(part, grid.n)] = decoded
        return chroma

    def parts(self, luma, colors, grid):
        """Yields which cells of the grid, a pair of slices, and the chroma there; together they are all of it."""
        cell = max(grid.n, cell_size(grid.n))
        for part, seen, within in tiles(colors.shape[:2], SEEN, SEEN, max(MOST_PIXELS // cell**2, 1)):
            decoded = self._tile(luma[times(seen, grid.n)], colors[seen], grid)
            yield part, decoded[times(within, grid.n)]

    def network(self, size, grid):
        """The model of `build`, the same one each time."""
        key = tuple(size), grid
        if key not in self._built:
            if len(self._built) >= MOST_BUILT:
                self._built.pop(next(iter(self._built)))
            self._built[key] = self._made(*key)
        return self._built[key]

    def _made(self, size, grid):
        return self.build(size, grid)

    def _tile(self, luma, colors, grid):
        inputs = {"luma": luma[None, ..., None].astype(np.float32), "grid": colors[None].astype(np.float32)}
        return np.asarray(self.network(luma.shape, grid).predict_on_batch(inputs)["chroma"])[0]


def usual_step(settings):
    """The grid step at which a model of these settings is shown and exported: its own, or 20 if it has many."""
    own = settings.get("n", "random")
    return USUAL_STEP if own == "random" else own


def input_names(model):
    """The sorted names of a model's inputs."""
    return sorted(tensor.name for tensor in model.inputs or ())
