"""A photograph's colours as a pyramid of grids, each of which a decoder predicts from the one before and from luma.

The coarsest grid has cells of 256 pixels (less in small photographs), each next one cells of half as many, down to 16,
8 or 4. Of each only the residuals are kept, what the prediction misses, in whole numbers of steps. The finest grid goes
through the decoder once more, which gives the chroma of every pixel.

A prediction is the decoder's own: a grid with cells of n pixels, n above 16, is decoded with the photograph's luma
reduced by n / 16, so that a cell has 16 pixels, and the means of what comes out are the next grid.
"""

from dataclasses import dataclass

import numpy as np

from zoo.codecs.grid import Grid
from zoo.codecs.mixing import LEARNING_RATE
from zoo.codecs.parts import times
from zoo.codecs.pyramid_coder import LevelCoder
from zoo.color_spaces import RGB_FROM_CHROMA, YCBCR
from zoo.errors import ZooError
from zoo.images import to_uint8

CELLS = (256, 128, 64, 32, 16, 8, 4)  # pixels of the cells of all levels that a pyramid may have
WORKING = 16  # pixels of a cell at which larger ones are predicted
UNIT = 16  # steps are told in this part of a level of chroma
LEAST_STEP = 12
STEPS = (15, 17)  # of Cb and Cr, in sixteenths of the step: what makes their errors in RGB alike
# Squared error over R, G and B for an error of 1 in Cb and in Cr.
WEIGHTS = np.square(np.asarray(RGB_FROM_CHROMA, np.float64)).sum(axis=1)
# Settings from the coarsest colours to the finest: pixels of the smallest cells, and step.
LADDER = ((16, 128), (8, 112), (8, 80), (8, 56), (8, 40), (4, 40), (4, 28), (4, 20), (4, 14))
PRICE = 0.04  # of a bit, in squared steps of a cell at the working size: what rounding is weighed against


@dataclass(frozen=True)
class Layout:
    """Which grids a pyramid has, and how finely their residuals are rounded.

    Attributes:
        size: `(height, width)` of the photograph.
        last: pixels of the smallest cells: 16, 8 or 4.
        step: of residuals where cells have 16 pixels, in sixteenths of a level, 1 to 255.
        ratio: of the steps of one level and the one before it, in sixteenths, 16 to 255.
    """

    size: tuple[int, int]
    last: int
    step: int
    ratio: int = 28

    def __post_init__(self):
        if min(self.size) < WORKING:
            raise ZooError(f"a photograph must have at least {WORKING}x{WORKING} pixels, not {_described(self.size)}")
        if self.last not in (4, 8, 16):
            raise ZooError(f"the smallest cells must have 4, 8 or 16 pixels, not {self.last}")
        if not (1 <= self.step <= 255 and 16 <= self.ratio <= 255):
            raise ZooError(f"step and ratio must be 1 to 255 and 16 to 255, not {self.step} and {self.ratio}")

    @property
    def cells(self):
        """Pixels of the cells of each level, the largest first: no larger than the photograph."""
        return [n for n in CELLS if self.last <= n <= min(self.size)]

    def shape(self, n):
        """Rows and columns of the grid with cells of n pixels."""
        return tuple(-(-side // n) for side in self.size)

    def steps(self, n):
        """Steps of Cb and Cr where cells have n pixels, in sixteenths; whole numbers all the way."""
        step, cell = self.step, WORKING
        while cell > n:
            cell //= 2
            step = (step * self.ratio + 8) // 16
        while cell < n:
            cell *= 2
            step = (step * 16 + self.ratio // 2) // self.ratio
        step = max(step, LEAST_STEP)
        return tuple((step * share + 8) // 16 for share in STEPS)

    @property
    def price(self):
        """What a bit costs, in squared errors over R, G and B, when residuals are chosen."""
        return PRICE * WORKING**2 * WEIGHTS.mean() * (self.step / UNIT) ** 2

    @property
    def numbers(self):
        """How many residuals there are."""
        return 2 * sum(rows * columns for rows, columns in map(self.shape, self.cells))


def level_of(n):
    """The number of the level whose cells have n pixels."""
    return CELLS.index(n)


class Pyramid:
    """The levels of one photograph, of which each can be predicted from the one before.

    Args:
        layout: its `Layout`.
        luma: Y', uint8 `(H, W)`, as the decoder will have it.
        codec: an `EdgeCodec`.
    """

    def __init__(self, layout, luma, codec):
        self.layout, self.codec = layout, codec
        self._lumas = {WORKING: luma}
        for n in reversed([n for n in layout.cells if n > WORKING]):
            self._lumas[n] = means(self._lumas[n // 2][..., None], 2)[..., 0].round().astype(np.uint8)

    def chroma(self, n, grid):
        """Parts of the chroma of a grid with cells of n pixels, at the luma at which such are decoded.

        Yields slices of its pixels, and Cb and Cr there, float32 `(rows, columns, 2)`. Each part is of whole cells.
        """
        luma = self.luma(n)
        if not grid.any():  # a decoder leaves a trace of colour where there is none
            yield (slice(0, luma.shape[0]), slice(0, luma.shape[1])), np.zeros((*luma.shape, 2), np.float32)
            return
        for part, chroma in self.codec.parts(luma, grid, _grid(n)):
            yield times(part, min(n, WORKING)), chroma

    def luma(self, n):
        """Y' at which cells of n pixels are decoded, uint8: it has 16 pixels for each, or n where these are fewer."""
        return self._lumas[max(n, WORKING)]

    def network(self, n):
        """The model that decodes grids with cells of n pixels."""
        return self.codec.network(self.luma(n).shape, _grid(n))

    def predicted(self, n, grid):
        """The grid with cells of half of n pixels, float64, as the decoder sees it from that with cells of n."""
        cell, found = min(n, WORKING) // 2, np.empty((*self.layout.shape(n // 2), 2))
        for (down, right), chroma in self.chroma(n, grid):
            guess = means(chroma, cell)
            top, left = down.start // cell, right.start // cell
            found[top : top + guess.shape[0], left : left + guess.shape[1]] = guess
        return found

    def walk(self, residuals_of):
        """The finest grid, float64, and the residuals of all levels by their cells.

        Args:
            residuals_of: `f(n, prediction)` gives the residuals of a level, int64 `(rows, columns, 2)`.
        """
        grid, found = None, {}
        for n in self.layout.cells:
            guess = np.zeros((*self.layout.shape(n), 2)) if grid is None else self.predicted(2 * n, grid)
            found[n] = residuals_of(n, guess)
            grid = guess + found[n] * np.array(self.layout.steps(n)) / UNIT
        return grid, found

    def encode(self, grids, states, rate=LEARNING_RATE, share=1.0):
        """Residuals of all levels by their cells, chosen by rate and distortion, and the finest grid that they give.

        Args:
            grids: means of Cb and Cr of the photograph, by their cells; see `luma_and_grids`.
            states: statistics to begin with, see `zoo.codecs.mixing`; they are changed.
            rate: how fast they are.
            share: of the layout's price, at which they are chosen.
        """
        coder = LevelCoder(states, rate=rate)
        price = share * self.layout.price

        def choose(n, guess):
            steps = np.array(self.layout.steps(n))
            wanted = (grids[n] - guess) * UNIT / steps
            weights = n * n * WEIGHTS * (steps / UNIT) ** 2
            residuals = np.zeros(guess.shape, np.int64)
            return coder.code(level_of(n), residuals, steps, wanted, weights, price)

        grid, found = self.walk(choose)
        return found, grid

    def decode(self, residuals):
        """The finest grid, float64, of the residuals of all levels by their cells."""
        return self.walk(lambda n, _: residuals[n])[0]

    def joined(self, grid):
        """The photograph, uint8 sRGB `(H, W, 3)`, of its luma and the finest grid."""
        luma = self.luma(WORKING)
        rgb = np.empty((*luma.shape, 3), np.uint8)
        for part, chroma in self.chroma(self.layout.last, grid):
            rgb[part] = to_rgb(luma[part], chroma)
        return rgb


def _grid(n):
    """As which grids with cells of n pixels are decoded."""
    return Grid(min(n, WORKING), "means", YCBCR)


def luma_and_grids(rgb):
    """Y', uint8 `(H, W)`, and means of Cb and Cr, float64, by their cells, of uint8 sRGB `(H, W, 3)`."""
    height, width = rgb.shape[:2]
    luma, found = np.empty((height, width), np.uint8), {n: [] for n in CELLS if n <= min(height, width)}
    for top in range(0, height, CELLS[0]):
        luma[top : top + CELLS[0]], chroma = luma_and_chroma(rgb[top : top + CELLS[0]])
        for n, strips in found.items():
            strips.append(means(chroma, n))
    return luma, {n: np.concatenate(strips) for n, strips in found.items()}


def luma_and_chroma(rgb):
    """Y', uint8 `(H, W)`, and Cb and Cr, float32 `(H, W, 2)`, of uint8 sRGB `(H, W, 3)`."""
    pixels = np.asarray(YCBCR.from_rgb(rgb[None]))[0]
    return pixels[..., 0].round().astype(np.uint8), pixels[..., 1:]


def to_rgb(luma, chroma):
    """uint8 sRGB `(H, W, 3)` of Y' `(H, W)`, and of Cb and Cr `(H, W, 2)`."""
    return to_uint8(YCBCR.to_rgb(np.dstack([luma, chroma]).astype(np.float32)))


def means(image, n):
    """Means, float64, of cells of n x n pixels of `(H, W, C)`, over the pixels that there are."""
    height, width = image.shape[:2]
    found, rows = [], n * max(1, CELLS[0] // n)  # a strip at a time: sums take eight times the memory of 8-bit pixels
    for top in range(0, height, rows):
        strip = image[top : top + rows]
        down, right = np.arange(0, len(strip), n), np.arange(0, width, n)
        total = np.add.reduceat(np.add.reduceat(strip, down, axis=0, dtype=np.float64), right, axis=1)
        counts = np.outer(np.minimum(n, len(strip) - down), np.minimum(n, width - right))
        found.append(total / counts[..., None])
    return np.concatenate(found)


def _described(size):
    return f"{size[1]}x{size[0]}"
