"""What each part of the coder of colours is worth: bytes without it, at equal PSNR.

As in `export.benches.colors`, colours alone with the luma of the original.
"""

import numpy as np
from keras import ops

import zoo
from export.benches import of_each
from export.benches.colors import colors_row, curve
from export.color_files import DESCENT_STEPS, WORTH
from export.descent import descended
from zoo.codecs import payload
from zoo.codecs.mixing import ENCODE
from zoo.codecs.pyramid import LADDER, UNIT, Layout, Pyramid, luma_and_grids
from zoo.codecs.pyramid_coder import LevelCoder

WHOLE = "all of effort 5"
DEAD = 0.6  # steps: what is less is none, where a dead zone takes the place of rate and distortion
BEFORE = "crayon_edge-photographs"  # what was trained on grids that were not quantised


class Bilinear:
    """A decoder that does not look at luma: each grid enlarged."""

    def parts(self, luma, grid, kind):
        """As of `zoo.codecs.grid.EdgeCodec`."""
        whole = tuple(kind.n * side for side in grid.shape[:2])
        chroma = ops.image.resize(grid[None].astype("float32"), whole, "bilinear", data_format="channels_last")
        yield (
            (slice(0, grid.shape[0]), slice(0, grid.shape[1])),
            np.asarray(chroma)[0, : luma.shape[0], : luma.shape[1]],
        )


class Flat(Layout):
    """A layout of the finest level alone."""

    @property
    def cells(self):
        """See `Layout`."""
        return [self.last]


def measured(photographs, arguments):
    """See `export.benches`: ratios, and all payloads."""
    rows = of_each(photographs, rows_of, arguments.decoder)
    return ratios(rows), rows, ()


def rows_of(name, rgb, codec, decoder):
    """Rows of one photograph: bytes and PSNR of each setting of LADDER, whole and without each part.

    Args:
        name: of the photograph.
        rgb: uint8 sRGB `(H, W, 3)`.
        codec, decoder: see `export.color_files.Encoder`.
    """
    luma, grids = luma_and_grids(rgb)
    before, bilinear = zoo.load(BEFORE), Bilinear()
    for rung in LADDER[::2]:
        layout, flat = Layout(luma.shape, *rung), Flat(luma.shape, *rung)
        pyramid = Pyramid(layout, luma, codec)
        usual = pyramid.encode(grids, payload.priors())
        found = {WHOLE: (pyramid, *usual)}
        bettered = descended(pyramid, usual, grids, rgb, WORTH * layout.price, DESCENT_STEPS[9])
        found["with descent: effort 9"] = (pyramid, *bettered)
        for title, choose in (("a dead zone instead of rate and distortion", dead_zone), ("rounding", np.rint)):
            found[title] = (pyramid, *_rounded(pyramid, grids, choose))
        for title, each in (
            ("the decoder of clean grids", Pyramid(layout, luma, before)),
            ("without luma: bilinear", Pyramid(layout, luma, bilinear)),
            ("without pyramid: the finest grid alone", Pyramid(flat, luma, codec)),
        ):
            found[title] = (each, *each.encode(grids, payload.priors()))
        for title, (each, residuals, grid) in found.items():
            size = len(payload.write(each.layout, residuals, decoder))
            yield colors_row(title, name, rung, size, rgb, each.joined(grid))
        body = payload.coded(layout, found[WHOLE][1], LevelCoder(payload.no_priors(), ENCODE)).payload()
        size = payload.HEADER_BYTES + len(body)
        yield colors_row("without priors", name, rung, size, rgb, pyramid.joined(found[WHOLE][2]))


def dead_zone(residuals):
    """Rounded towards zero up to DEAD."""
    return np.sign(residuals) * np.floor(np.abs(residuals) + 1 - DEAD)


def _rounded(pyramid, grids, choose):
    """Residuals and the finest grid, of a rule that does not count bits."""
    layout = pyramid.layout

    def residuals_of(n, guess):
        return choose((grids[n] - guess) * UNIT / np.array(layout.steps(n))).astype(np.int64)

    grid, residuals = pyramid.walk(residuals_of)
    return residuals, grid


def ratios(rows):
    """Rows of how many times as many bytes each variant takes as the whole, at equal PSNR: Bjontegaard's ratio."""
    whole, found = curve(rows, WHOLE), []  # what reaches no common PSNR has no ratio
    for name in dict.fromkeys(row["name"] for row in rows):
        own = curve(rows, name)
        low, high = (pick(line.x[end] for line in (whole, own)) for pick, end in ((max, 0), (min, -1)))
        if low < high:
            ratio = np.exp((own.integrate(low, high) - whole.integrate(low, high)) / (high - low))
            found.append({"name": name, "metrics": {"ratio": float(ratio)}})
    return found
