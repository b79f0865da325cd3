"""Crayon for the edge: a small network that tells each pixel which cells of the colour grid to take its colour from."""

import math
import re

import keras
import numpy as np
from keras import layers, ops

from zoo.color_grid import KINDS, grid_shape
from zoo.settings import pinned
from zoo.weights import with_weights

NEIGHBOURS = 5  # each pixel attends to this many cells a side
KEY = 12  # channels of queries and keys
# Cells of up to so many pixels are resized to 8, 16 and 32 pixels a side, larger ones to 64. Small cells are never
# reduced: fine colour is what is left to win there.
LARGEST_STEPS = {8: 8, 16: 22, 32: 45}
LARGEST_STEPS_M = {8: 8, 16: 11, 32: 22}
_TRANSPOSED = "transposed"  # the name of a model within `crayon_edge_m`
_REFINED = "decoder1_refinea"  # a layer of models with `refine`
# The name of a layer that says how a model was built; that of older files does not.
_BUILT = re.compile(r"cell_concat(?:_steps((?:_\d+x\d+)*)_views(\d))?")
_CHROMA = np.float32([1, 1, 0, 0])
_SLOPES = np.float32([0, 0, 1, 1])
# The axes along which an image is reversed for each further view of it.
_REVERSED = ((), (1, 2), (1,), (2,))


@pinned
def crayon_edge_m(input_size=(320, 320), n=16, kind="means", views=None, name="crayon_edge_m", **options):
    """`crayon_edge` for finer colour, where milliseconds do not count.

    Cells of 12 to 45 pixels are resized to twice as many, and each level of the decoder has a residual block more,
    which is five times the work; and the network looks at several views: four where the grid holds means. Points lie
    in one corner of their cells, and so does the first of them in the image: of those it sees the transposed image as
    well. Args and errors are those of `crayon_edge`, `views=1` is for training; its pretrained weights are
    `crayon_edge_m-photographs`.
    """
    finer = {"largest_steps": LARGEST_STEPS_M, "refine": True, **options}
    if kind != "points" or views == 1:
        return crayon_edge(input_size, n, kind, views=views or 4, name=name, **finer)
    upright = crayon_edge(input_size, n, kind, **finer)
    sharing = {**finer, "weights": None, "share": upright}
    transposed = crayon_edge(input_size[::-1], n, kind, name=_TRANSPOSED, **sharing)
    turned = transposed({key: ops.transpose(x, (0, 2, 1, 3)) for key, x in upright.input.items()})
    return keras.Model(upright.input, (upright.output + ops.transpose(turned, (0, 2, 1, 3))) / 2.0, name=name)


@pinned
def crayon_edge(
    input_size=(320, 320),
    n=16,
    kind="means",
    width=16,
    weights=None,
    share=None,
    views=1,
    name="crayon_edge",
    largest_steps=LARGEST_STEPS,
    refine=False,
    matrix=None,
):
    """A decoder from luma and colour grid to chroma, in Y'CbCr, whose weights serve every n, size and kind of grid.

    Luma is resized until a cell has p x p pixels, p a power of two from 8 to 64 near n, so that the network always
    sees one geometry. An encoder of strided convolutions goes down from half of that size to one position a
    cell, where it meets the grid, and comes up again. Each position at half size then attends to the 5 x 5 nearest
    cells (its query against keys that were made from luma and colour there, and a learned sharpness against distance)
    and takes the weighted mean of *their colours*. A small residual, which sees how far the cells' colours were
    missed, is added; where the grid holds means, so is what they are missed by still. The result is resized to full
    size, where what luma has beyond half size comes in: chroma follows it with a slope that was predicted for each
    position, as in AV1's chroma from luma.

    Joint bilateral upsampling (Kopf et al. 2007) is the same sum with weights that are given, not learned.

    Args:
        input_size: `(height, width)`, static.
        n: step of the colour grid.
        kind: "means" or "points", see `zoo.color_grid`.
        width: channels at half size; 4 x width in the depths.
        weights: None for new ones, the name of weights of the zoo (`crayon_edge-photographs`), or a .npz file.
        share: a `crayon_edge` whose layers this one uses; new ones if None.
        views: 1; or for means 2 or 4: the mean of what comes out for the image and for itself turned by 180 degrees,
            and mirrored at either axis, the self-ensemble of Lim et al. 2017 (EDSR).
        name: name of the model.
        largest_steps: `{p: n}`, the largest n whose cells are resized to p x p pixels; 64 x 64 beyond them.
        refine: whether each level of the decoder ends in a residual block.
        matrix: `(2, k)` by which Cb and Cr are multiplied, at no cost, for a decoder that goes on to RGB; None for
            themselves.

    Returns:
        A functional model from `{"luma": (batch, H, W, 1), "grid": (batch, ceil(H/n), ceil(W/n), 2)}` to `chroma`
        (batch, H, W, 2). `luma` is Y' in 0 to 255, `grid` and `chroma` Cb and Cr in -128 to 127.

    Raises:
        ValueError: an unknown kind, a width below 1, another number of views, an n that does not fit the size, a model
            to share with that lacks layers; see `zoo.weights` for weights.
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {KINDS}. Received: kind={kind!r}")
    if width < 1:
        raise ValueError(f"`width` must be at least 1. Received: width={width}")
    if views not in ((1, 2, 4) if kind == "means" else (1,)):
        raise ValueError(f"`views` must be 1, or for means 2 or 4. Received: views={views} of {kind}")
    height, breadth = input_size
    given = grid_shape(height, breadth, n)
    # A point lies in the middle of its cell once the image is moved by half a cell.
    shift = n // 2 if kind == "points" else 0
    cells = tuple(-(-(side + shift) // n) for side in input_size)
    p = cell_size(n, largest_steps)
    layer = _Layers(share)

    luma = keras.Input((height, breadth, 1), name="luma")
    grid = keras.Input((*given, 2), name="grid")
    light = _extend(luma, [(shift, count * n - side - shift) for count, side in zip(cells, input_size, strict=True)])
    light = _views(light / 64.0 - 2.0, views)
    whole = light.shape[1:3]
    x = _resize(light, [count * p for count in cells])
    half = ops.average_pool(x, 2, 2, data_format="channels_last")
    light = light - _resize(half, whole)
    colors = _extend(grid, [(0, count - known) for count, known in zip(cells, given, strict=True)])
    colors = _views(colors / 32.0, views)

    depth = int(math.log2(p))
    skips = [layer.conv("encoder1b", width)(layer.conv("encoder1a", width, strides=2)(x))]
    for level in range(2, depth + 1):
        block, filters = f"encoder{min(level, 4)}", width * min(2 ** (level - 1), 4)
        skips.append(layer.conv(f"{block}b", filters)(layer.conv(f"{block}a", filters, strides=2)(skips[-1])))
    brightness = _at_cells(half, p // 2, kind) if kind == "means" else _at_cells(x, p, kind)
    is_point = ops.full_like(colors[..., :1], float(kind == "points"))
    built = "".join(f"_{side}x{largest}" for side, largest in largest_steps.items())
    x = layers.Concatenate(name=f"cell_concat_steps{built}_views{views}")([skips.pop(), colors, brightness, is_point])
    x = layer.conv("cell_embed", 4 * width)(x)
    for block in ("cell1", "cell2"):
        x = layer.residual(x, block, f"{block}_add")
    keys = layer.conv("cell_key", KEY, 1, activation=None)(x)
    for level in range(depth - 1, 0, -1):
        block, filters = f"decoder{min(level, 3)}", width * min(2 ** (level - 1), 4)
        x = layer.conv_transpose(f"{block}a", filters)(x)
        x = layer.conv(f"{block}b", filters)(layers.Add(name=f"decoder_add{level}")([x, skips.pop()]))
        if refine:
            x = layer.residual(x, f"{block}_refine", f"decoder_refine_add{level}", gain=1e-4)

    queries = layer.conv("query", KEY, 1, activation=None, gain=1 / KEY)(x)
    sharpness = layer.conv("sharpness", 1, 1)(x)
    chroma = _attend(queries, sharpness, keys, colors, p // 2)
    size = half.shape[1:3]
    missed = _resize(colors - _at_cells(chroma, p // 2, kind), size)
    residual = layer.conv("residual_a", width)(layers.Concatenate(name="residual_concat")([x, chroma, missed]))
    residual = layer.conv("residual_b", 4, activation=None, gain=0.1)(residual)
    # From here on four planes: Cb, Cr, and their slopes against luma.
    planes = ops.matmul(chroma, np.eye(2, 4, dtype="float32")) + residual
    if kind == "means":
        known = ops.matmul(colors, np.eye(2, 4, dtype="float32"))
        planes = planes + _resize(known - ops.multiply(_at_cells(planes, p // 2, kind), _CHROMA), size)
    light = ops.add(ops.matmul(light, _SLOPES[None]), _CHROMA)
    matrix = np.eye(2) if matrix is None else np.asarray(matrix)
    chroma = ops.matmul(_resize(planes, whole) * light, np.tile(32 * matrix, (2, 1)).astype("float32"))
    if views > 1:
        seen = ops.reshape(chroma, (views, -1, *chroma.shape[1:]))
        chroma = sum(_reverse(seen[i], _REVERSED[i]) for i in range(views)) / views
    if chroma.shape[1:3] != (height, breadth):
        chroma = chroma[:, shift : shift + height, shift : shift + breadth]
    return with_weights(keras.Model({"luma": luma, "grid": grid}, chroma, name=name), weights)


def rebuilt(model, input_size, n, kind, matrix=None):
    """The same decoder, with the same layers, for images of another size, another step or kind of grid.

    What model it is its layers say, whatever its name: whether they refine, how large cells are at which step, and at
    how many views it looks.

    Args:
        model: what `crayon_edge` or `crayon_edge_m` built, now or in a file.
        input_size, n, kind, matrix: see `crayon_edge`.

    Raises:
        ValueError: another model, or one that lacks layers that so large a step needs; see `crayon_edge`.
    """
    names = [layer.name for layer in model.layers]
    built = next(filter(None, map(_BUILT.fullmatch, names)), None)
    finer = {"crayon_edge": False, "crayon_edge_m": True}.get(model.name)
    if built and built[1] is not None:
        steps = {int(side): int(largest) for side, largest in re.findall(r"(\d+)x(\d+)", built[1])}
        views = int(built[2])
    elif built and finer == (_REFINED in names):
        steps, views = (LARGEST_STEPS_M, 4) if finer else (LARGEST_STEPS, 1)
    else:
        raise ValueError(f"`model` must be a `crayon_edge` whose layers say how it was built. Received: {model.name}")
    options = {"largest_steps": steps, "refine": _REFINED in names, "share": model, "matrix": matrix}
    if views == 1 and _TRANSPOSED not in names:
        return crayon_edge(input_size, n, kind, **options)
    return crayon_edge_m(input_size, n, kind, views if kind == "means" and views > 1 else None, **options)


def cell_size(n, largest_steps=LARGEST_STEPS):
    """Pixels a side that a cell of the grid is resized to."""
    return next((p for p, largest in largest_steps.items() if n <= largest), 64)


class _Layers:
    """Convolutions by name: another model's, or new ones; the same one each time a name is asked for.

    ValueError for a name that the other model lacks: a new layer among trained ones would give wrong colours.
    """

    def __init__(self, share):
        self._shared = share
        self._layers = {} if share is None else {layer.name: layer for layer in share.layers}

    def conv(self, name, filters, kernel=3, strides=1, activation="relu", gain=1.0):
        if self._is_new(name):
            initializer = keras.initializers.VarianceScaling(gain, "fan_avg", "uniform")
            self._layers[name] = layers.Conv2D(
                filters, kernel, strides, "same", activation=activation, kernel_initializer=initializer, name=name
            )
        return self._layers[name]

    def residual(self, x, block, name, gain=1.0):
        filters = x.shape[-1]
        y = self.conv(f"{block}b", filters, activation=None, gain=gain)(self.conv(f"{block}a", filters)(x))
        return layers.Add(name=name)([x, y])

    def conv_transpose(self, name, filters):
        if self._is_new(name):
            self._layers[name] = layers.Conv2DTranspose(filters, 2, 2, "same", name=name)
        return self._layers[name]

    def _is_new(self, name):
        if name not in self._layers and self._shared is not None:
            raise ValueError(
                f"`share` lacks the layer {name}, that cells of this size need: build it for a larger `n`. Received: "
                f"share={self._shared.name}"
            )
        return name not in self._layers


def _views(x, views):
    """An image and its further views, as a larger batch."""
    return x if views == 1 else ops.concatenate([_reverse(x, axes) for axes in _REVERSED[:views]], axis=0)


def _reverse(x, axes):
    return ops.flip(x, axes) if axes else x


def _attend(queries, sharpness, keys, colors, u):
    """Mean of the colours of the 5 x 5 nearest cells for each of the u x u positions of every cell."""
    rows, columns = colors.shape[1:3]
    # Similarity and distance in one product: q k - s |position - neighbour|^2, less what is equal for all neighbours.
    sharpness = _by_cell(sharpness, columns, u)
    place = np.stack(np.mgrid[:u, :u], -1).reshape(-1, 2) * 2 / u - (u - 1) / u
    place = np.concatenate([place, np.full_like(place[:, :1], -1)], -1).astype("float32")
    queries = ops.concatenate([_by_cell(queries, columns, u), ops.multiply(sharpness, place)], axis=-1)

    reach = NEIGHBOURS // 2
    offset = np.stack(np.mgrid[-reach : reach + 1, -reach : reach + 1], -1).reshape(-1, 2)
    offset = np.concatenate([offset, np.square(offset).sum(-1, keepdims=True)], -1).astype("float32")
    cells = _extend(ops.concatenate([keys, colors], axis=-1), [(reach, reach)] * 2)
    cells = ops.concatenate([cells[:, :, j : j + columns] for j in range(NEIGHBOURS)], axis=-1)
    cells = ops.concatenate([cells[:, i : i + rows] for i in range(NEIGHBOURS)], axis=-1)
    cells = ops.reshape(cells, (-1, NEIGHBOURS**2, KEY + 2))
    keys, colors = cells[..., :KEY], cells[..., KEY:]
    keys = ops.concatenate([keys, ops.multiply(ops.ones_like(keys[..., :1]), offset)], axis=-1)

    weights = ops.softmax(ops.matmul(queries, ops.transpose(keys, (0, 2, 1))), axis=-1)
    taken = ops.reshape(ops.matmul(weights, colors), (-1, columns, u, 2 * u))
    return ops.reshape(ops.transpose(taken, (0, 2, 1, 3)), (-1, rows * u, columns * u, 2))


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


def _extend(x, margins):
    """Repeats the border of an image by `margins`, ((top, bottom), (left, right))."""
    for axis, (before, after) in enumerate(margins, 1):
        if before or after:
            side = x.shape[axis]
            x = ops.take(x, np.clip(np.arange(-before, side + after), 0, side - 1), axis=axis)
    return x


def _resize(x, size):
    if tuple(x.shape[1:3]) == tuple(size):
        return x
    return ops.image.resize(x, size, "bilinear", antialias=False, data_format="channels_last")
