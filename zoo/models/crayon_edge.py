"""Crayon for the edge: a small network that tells each pixel which cells of the colour grid to take its colour from."""

import re
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers, ops

from zoo.color_grid import KINDS, grid_shape
from zoo.models.named_layers import NamedLayers
from zoo.settings import pinned
from zoo.weights import with_weights

NEIGHBOURS = 5  # each pixel attends to this many cells a side
KEY = 12  # channels of queries and keys
# Cells of up to so many pixels are resized to 8, 16 and 32 pixels a side, larger ones to 64. Small cells are never
# reduced: fine colour is what is left to win there.
LARGEST_STEPS = {8: 8, 16: 22, 32: 45}
LARGEST_STEPS_M = {8: 8, 16: 11, 32: 22}
# The name of a layer that says how a model was built; that of older files does not.
_BUILT = re.compile(r"cell_concat(?:_steps((?:_\d+x\d+)*)_views(\d))?")
_CHROMA = np.float32([1, 1, 0, 0])
_SLOPES = np.float32([0, 0, 1, 1])
_REVERSED = ((), (1, 2), (1,), (2,))  # axes along which an image is reversed, for each view of it
_TRANSPOSED = (0, 2, 1, 3)


@pinned
def crayon_edge(input_size=(320, 320), n=16, kind="means", width=16, weights=None, views=1, name="crayon_edge"):
    """A decoder from luma and colour grid to chroma, in Y'CbCr, whose weights serve every n, size and kind of grid.

    Luma is resized until a cell has p x p pixels, p a power of two from 8 to 64 near n, so that the network always sees
    one geometry. An encoder of strided convolutions goes down from half of that size to one position a cell, where it
    meets the grid, and comes up again. Each position at half size then attends to the 5 x 5 nearest cells (its query
    against keys that were made from luma and colour there, and a learned sharpness against distance) and takes the
    weighted mean of *their colours*. A small residual, which sees how far the cells' colours were missed, is added;
    where the grid holds means, so is what they are missed by still. The result is resized to full size, where chroma
    follows what luma has beyond half size by a slope predicted for each position, as in AV1's chroma from luma.

    Joint bilateral upsampling (Kopf et al. 2007) is the same sum with weights that are given, not learned.

    Weights `crayon_edge-photographs` are for any grid, `crayon_edge-pyramid` for the levels of a colour pyramid alone:
    means in steps of 4, 8 and 16 pixels (`zoo.codecs.pyramid`).

    Args:
        input_size: `(height, width)`, static.
        n: step of the colour grid.
        kind: "means" or "points", see `zoo.color_grid`.
        width: channels at half size; 4 x width in the depths.
        weights: None for new ones, the name of weights of the zoo (`crayon_edge-photographs`), or a .npz file.
        views: 1; or for means 2 or 4: the mean of what comes out for the image and for itself turned by 180 degrees,
            and mirrored at either axis, the self-ensemble of Lim et al. 2017 (EDSR).
        name: name of the model.

    Returns:
        A functional model from `{"luma": (batch, H, W, 1), "grid": (batch, ceil(H/n), ceil(W/n), 2)}` to
        `{"chroma": (batch, H, W, 2)}`. `luma` is Y' in 0 to 255, `grid` and `chroma` Cb and Cr in -128 to 127.

    Raises:
        ValueError: an unknown kind, a width below 1, another number of views, an n that does not fit the size; see
            `zoo.weights` for weights.

    Weights `crayon_edge-photographs`, of results/edge-kodak.json:

        n         6     10     16     20     40     80
        psnr  40.83  38.46  36.29  35.37  32.08  29.22

    Weights `crayon_edge-pyramid`, of results/edge-pyramid.json:

        n         4      8     16
        psnr  43.10  39.38  36.45

    Example:

        model = zoo.crayon_edge((96, 80), n=16, weights="crayon_edge-photographs")
        luma, grid = np.full((1, 96, 80, 1), 128.0), np.full((1, 6, 5, 2), 20.0)
        chroma = model.predict({"luma": luma, "grid": grid})["chroma"]
    """
    _check_views(views, kind)
    layer = NamedLayers(width)
    return with_weights(_network(input_size, n, kind, replace(_PLAIN, views=views), layer, name), weights)


@pinned
def crayon_edge_m(input_size=(320, 320), n=16, kind="means", width=16, weights=None, views=None, name="crayon_edge_m"):
    """`crayon_edge` for finer colour, where milliseconds do not count.

    Cells of 12 to 45 pixels are resized to twice as many, and each level of the decoder has a residual block more,
    which is five times the work; and the network looks at several views: four where the grid holds means. Points lie
    in one corner of their cells, and so does the first of them in the image: of those it sees the transposed image as
    well. Args and errors are those of `crayon_edge`; `views=1` is for training.

    Weights `crayon_edge_m-photographs`, of results/edge-kodak.json:

        n         6     10     16     20     40     80
        psnr  40.85  38.67  36.62  35.70  32.27  29.54

    Example:

        model = zoo.crayon_edge_m((96, 80), n=16, weights="crayon_edge_m-photographs")
        luma, grid = np.full((1, 96, 80, 1), 128.0), np.full((1, 6, 5, 2), 20.0)
        chroma = model.predict({"luma": luma, "grid": grid})["chroma"]
    """
    if views is not None:
        _check_views(views, kind)
    layer = NamedLayers(width)
    return with_weights(_network(input_size, n, kind, replace(_FINER, views=views or 4), layer, name), weights)


@pinned
def rebuilt(model, input_size, n, kind, matrix=None, views=None, name="crayon_edge"):
    """The same decoder, with the same layers, for images of another size, another step or kind of grid.

    Args:
        model: what `crayon_edge` or `crayon_edge_m` built, now or in a file; which, its layers say, whatever its name.
        input_size, n, kind: see `crayon_edge`.
        matrix: `(2, k)` that Cb and Cr are multiplied by, at no cost, for a decoder that goes on to RGB; or None.
        views: 1 for training; None for those of the model.
        name: name of what is built.

    Raises:
        ValueError: another model, or one that lacks layers that so large a step needs; see `crayon_edge`.
    """
    variant = _variant_of(model)
    if views is not None:
        _check_views(views, kind)
        variant = replace(variant, views=views)
    layer = NamedLayers(model.get_layer("encoder1a").filters, share=model)
    return _network(input_size, n, kind, variant, layer, name, matrix)


def cell_size(n, largest_steps=LARGEST_STEPS):
    """Pixels a side that a cell of the grid is resized to."""
    return next((p for p, largest in largest_steps.items() if n <= largest), 64)


@dataclass(frozen=True)
class _Variant:
    """What tells networks of one width apart, for every grid alike."""

    largest_steps: dict  # `{p: n}`, the largest n whose cells are resized to p x p pixels; 64 x 64 beyond them
    refine: bool  # whether each level of the decoder ends in a residual block
    views: int  # 1, 2 or 4 of an image and its means; with points, more than 1 stand for it as it is, and transposed

    @property
    def layer_name(self):
        """The name of the layer that says how a model was built, see `_BUILT`; `refine` other layers say."""
        steps = "".join(f"_{side}x{largest}" for side, largest in self.largest_steps.items())
        return f"cell_concat_steps{steps}_views{self.views}"


_PLAIN = _Variant(LARGEST_STEPS, refine=False, views=1)
_FINER = _Variant(LARGEST_STEPS_M, refine=True, views=4)


def _variant_of(model):
    """How a model was built. ValueError for one that is no `crayon_edge`."""
    names = [layer.name for layer in model.layers]
    built, refine = next(filter(None, map(_BUILT.fullmatch, names)), None), "decoder1_refinea" in names
    if built and built[1] is not None:
        steps = {int(side): int(largest) for side, largest in re.findall(r"(\d+)x(\d+)", built[1])}
        _check_views(int(built[2]))
        return _Variant(steps, refine, int(built[2]))
    by_name = {"crayon_edge": _PLAIN, "crayon_edge_m": _FINER}.get(model.name)
    if built and by_name and by_name.refine == refine:
        return by_name
    raise ValueError(f"`model` must be a `crayon_edge` whose layers say how it was built. Received: {model.name}")


def _check_views(views, kind="means"):
    if views not in ((1, 2, 4) if kind == "means" else (1,)):
        raise ValueError(f"`views` must be 1, or for means 2 or 4. Received: views={views} of {kind}")


@dataclass(frozen=True)
class _Layout:
    """How the cells of a grid lie in an image, and that each of them is p x p pixels to the network."""

    size: tuple
    n: int
    kind: str
    p: int

    @property
    def shift(self):
        """Pixels by which the image is moved: by half a cell, so that a point lies in the middle of its own."""
        return self.n // 2 if self.kind == "points" else 0

    @property
    def cells(self):
        """Rows and columns of cells that cover the image."""
        return tuple(-(-(side + self.shift) // self.n) for side in self.size)

    def cropped(self, chroma):
        """The image out of its whole cells."""
        if chroma.shape[1:3] == tuple(self.size):
            return chroma
        height, width = self.size
        return chroma[:, self.shift : self.shift + height, self.shift : self.shift + width]


def _network(input_size, n, kind, variant, layer, name, matrix=None):
    """A model of such layers, see `crayon_edge` and `rebuilt`."""
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {KINDS}. Received: kind={kind!r}")
    given = grid_shape(*input_size, n)
    layout = _Layout(tuple(input_size), n, kind, cell_size(n, variant.largest_steps))
    matrix = np.eye(2) if matrix is None else np.asarray(matrix)
    luma, grid = keras.Input((*input_size, 1), name="luma"), keras.Input((*given, 2), name="grid")
    chroma = _decoded(luma, grid, layout, variant, layer, matrix)
    if kind == "points" and variant.views > 1:
        turned = (ops.transpose(x, _TRANSPOSED) for x in (luma, grid))
        turned = _decoded(*turned, replace(layout, size=layout.size[::-1]), variant, layer, matrix)
        chroma = (chroma + ops.transpose(turned, _TRANSPOSED)) / 2.0
    return keras.Model({"luma": luma, "grid": grid}, {"chroma": chroma}, name=name)


def _decoded(luma, grid, layout, variant, layer, matrix):
    """Chroma of luma and grid: down to the cells, up to half size, to the colours of cells nearby, and to full size."""
    kind, p = layout.kind, layout.p
    views = variant.views if kind == "means" else 1
    light = _views(_extend(luma, [count * layout.n for count in layout.cells], layout.shift) / 64.0 - 2.0, views)
    colors = _views(_extend(grid, layout.cells) / 32.0, views)
    x = _resize(light, [count * p for count in layout.cells])
    half = ops.average_pool(x, 2, 2, data_format="channels_last")
    fine = light - _resize(half, light.shape[1:3])
    brightness = _at_cells(half, p // 2, kind) if kind == "means" else _at_cells(x, p, kind)

    *skips, deepest = _encoder(layer, x, p)
    cells = _cells(layer, deepest, colors, brightness, kind, variant.layer_name)
    keys = layer.conv("cell_key", KEY, 1, activation=None)(cells)
    x = _decoder(layer, cells, skips, variant.refine)
    chroma = _attend(layer, x, keys, colors, p // 2)
    planes = _corrected(layer, x, chroma, colors, p // 2, kind)
    return layout.cropped(_mean_of_views(_guided_upsample(planes, fine, matrix), views))


def _encoder(layer, x, p):
    """From p x p pixels a cell down to one: what comes out of each level, half size first."""
    levels = []
    for level in range(1, p.bit_length()):
        block, filters = f"encoder{min(level, 4)}", layer.filters(level)
        x = layer.conv(f"{block}b", filters)(layer.conv(f"{block}a", filters, strides=2)(x))
        levels.append(x)
    return levels


def _cells(layer, x, colors, brightness, kind, name):
    """What is known of each cell: what the encoder saw, its colour, luma where that is from, and the kind of grid."""
    is_point = float(kind == "points")
    brightness_and_kind = ops.pad(brightness, [(0, 0)] * 3 + [(0, 1)], constant_values=is_point)
    x = layer.join(layers.Concatenate, name, [x, colors, brightness_and_kind])
    x = layer.conv("cell_embed", 4 * layer.width)(x)
    for block in ("cell1", "cell2"):
        x = layer.residual(x, block, f"{block}_add")
    return x


def _decoder(layer, x, skips, refine):
    """From one position a cell up to half size, with what the encoder had at each level."""
    for level in range(len(skips), 0, -1):
        block, filters = f"decoder{min(level, 3)}", layer.filters(level)
        x = layer.conv_transpose(f"{block}a", filters)(x)
        x = layer.conv(f"{block}b", filters)(layer.join(layers.Add, f"decoder_add{level}", [x, skips[level - 1]]))
        if refine:
            x = layer.residual(x, f"{block}_refine", f"decoder_refine_add{level}", gain=1e-4)
    return x


def _attend(layer, x, keys, colors, u):
    """Mean of the colours of the 5 x 5 nearest cells, weighted for each of the u x u positions of every cell."""
    rows, columns = colors.shape[1:3]
    queries = layer.conv("query", KEY, 1, activation=None, gain=1 / KEY)(x)
    # Similarity and distance in one product: q k - s |position - neighbour|^2, less what is equal for all neighbours.
    sharpness = _by_cell(layer.conv("sharpness", 1, 1)(x), columns, u)
    down, across = np.mgrid[:u, :u].reshape(2, -1) * 2 / u - (u - 1) / u
    place = np.stack([down, across, np.full(u * u, -1)], -1).astype("float32")
    queries = ops.concatenate([_by_cell(queries, columns, u), ops.multiply(sharpness, place)], axis=-1)

    reach = NEIGHBOURS // 2
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    offset = np.stack([down, across, down**2 + across**2], -1).astype("float32")
    cells = _extend(ops.concatenate([keys, colors], axis=-1), [rows + 2 * reach, columns + 2 * reach], reach)
    cells = ops.concatenate([cells[:, :, j : j + columns] for j in range(NEIGHBOURS)], axis=-1)
    cells = ops.concatenate([cells[:, i : i + rows] for i in range(NEIGHBOURS)], axis=-1)
    cells = ops.reshape(cells, (-1, NEIGHBOURS**2, KEY + 2))
    keys, colors = cells[..., :KEY], cells[..., KEY:]
    keys = ops.pad(keys, [(0, 0), (0, 0), (0, 3)]) + np.pad(offset, [(0, 0), (KEY, 0)])

    weights = ops.softmax(ops.matmul(queries, ops.transpose(keys, (0, 2, 1))), axis=-1)
    taken = ops.reshape(ops.matmul(weights, colors), (-1, columns, u, 2 * u))
    return ops.reshape(ops.transpose(taken, (0, 2, 1, 3)), (-1, rows * u, columns * u, 2))


def _corrected(layer, x, chroma, colors, u, kind):
    """Four planes: Cb and Cr with a residual, for means such that they meet them, and the slopes of both on luma."""
    size = x.shape[1:3]
    missed = _resize(colors - _at_cells(chroma, u, kind), size)
    residual = layer.join(layers.Concatenate, "residual_concat", [x, chroma, missed])
    residual = layer.conv("residual_a", layer.width)(residual)
    residual = layer.conv("residual_b", 4, activation=None, gain=0.1)(residual)
    planes = ops.matmul(chroma, np.eye(2, 4, dtype="float32")) + residual
    if kind == "means":
        known = ops.matmul(colors, np.eye(2, 4, dtype="float32"))
        planes = planes + _resize(known - ops.multiply(_at_cells(planes, u, kind), _CHROMA), size)
    return planes


def _guided_upsample(planes, fine, matrix):
    """Chroma at full size, which follows the fine part of luma by its slopes; times a matrix."""
    factors = ops.add(ops.matmul(fine, _SLOPES[None]), _CHROMA)
    to_chroma = np.tile(32 * matrix, (2, 1)).astype("float32")
    return ops.matmul(_resize(planes, fine.shape[1:3]) * factors, to_chroma)


def _views(x, views):
    """An image and its further views, as a larger batch."""
    return x if views == 1 else ops.concatenate([_reverse(x, axes) for axes in _REVERSED[:views]], axis=0)


def _mean_of_views(x, views):
    """The mean of what was made of `_views`, each turned back."""
    if views == 1:
        return x
    seen = ops.reshape(x, (views, -1, *x.shape[1:]))
    return sum(_reverse(seen[i], _REVERSED[i]) for i in range(views)) / views


def _reverse(x, axes):
    return ops.flip(x, axes) if axes else x


def _by_cell(x, columns, u):
    """`(cells, u * u, channels)` of an image of u x u positions a cell."""
    channels = x.shape[-1]
    x = ops.transpose(ops.reshape(x, (-1, u, columns, u * channels)), (0, 2, 1, 3))
    return ops.reshape(x, (-1, u * u, channels))


def _at_cells(x, u, kind):
    """What a grid of this kind would hold of an image whose cells have u x u pixels."""
    if kind == "means":
        return ops.average_pool(x, u, u, data_format="channels_last")
    a, b = u // 2 - 1, u // 2
    return (x[:, a::u, a::u] + x[:, a::u, b::u] + x[:, b::u, a::u] + x[:, b::u, b::u]) / 4.0


def _extend(x, size, before=0):
    """Repeats the border of an image until it has `size`, rows and columns, `before` of each in front of it."""
    for axis, (side, wanted) in enumerate(zip(x.shape[1:3], size, strict=True), 1):
        if side != wanted:
            first, last = (x[(slice(None),) * axis + (part,)] for part in (slice(1), slice(-1, None)))
            x = ops.concatenate([first] * before + [x] + [last] * (wanted - before - side), axis=axis)
    return x


def _resize(x, size):
    if tuple(x.shape[1:3]) == tuple(size):
        return x
    return ops.image.resize(x, size, "bilinear", antialias=False, data_format="channels_last")
