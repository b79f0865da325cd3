"""Colours for a photograph of any size, by a model that was made for small ones."""

import functools
import itertools

import numpy as np
from keras import ops

from zoo.codecs.base import Codec
from zoo.codecs.grid import EdgeCodec, Grid, input_names
from zoo.color_bins import annealed_mean
from zoo.color_spaces import LAB, YCBCR, YUV, rgb_to_ycbcr
from zoo.errors import ZooError
from zoo.images import checked_image, chunks, to_uint8
from zoo.models.champati import bin_colors

SIDE = 32  # that of the images that the colorizers of the zoo know
LARGEST_RATIO = 8  # of the sides of what a model is given
CELL = 16  # pixels a side that an edge decoder makes of one that a model is shown, at most
_PART = 1 << 18  # pixels that are converted at a time
# The colour space of the luma, by the output of a model; an output "rgb" itself is sRGB.
SPACES = {"lab": LAB, "yuv": YUV, "rgb": YCBCR}


def colorize(model, image, decoder=None):
    """Colours a photograph: chroma is predicted at the model's size and joined to the full-size luma.

    A model of static size sees the whole photograph squeezed to it, one of any size sees it with its shorter side at 32
    pixels, as in CIFAR-10. Chroma is made larger by an edge decoder, with its shorter side at up to 512 pixels, and
    resized from there; without a decoder it is resized at once, and colours run over edges.

    Args:
        model: a Keras model from `{"luma": (batch, h, w, 1)}` to an output named "lab", "yuv" or "rgb", such as those
            of `zoo.models.champati`.
        image: uint8, grey `(H, W)` or `(H, W, 1)`, or sRGB `(H, W, 3)`, whose own colours are not looked at.
        decoder: a `zoo.codecs.grid.EdgeCodec`, such as `zoo.load("crayon_edge")`, or None.

    Returns:
        uint8 sRGB `(H, W, 3)`.

    Raises:
        ValueError: an image of another type or shape, a model of other outputs, another decoder.
    """
    image = checked_image(image, may_be_grey=True)
    space = _output(model)
    if space is None:
        raise ValueError(f"`model` must have an output named {tuple(SPACES)}. Received: {model.output_names}")
    if not (decoder is None or isinstance(decoder, EdgeCodec)):
        raise ValueError(f"`decoder` must be an edge decoder, such as zoo.load('crayon_edge'). Received: {decoder}")
    shape = image.shape[:2]
    seen = _seen(image, SPACES[space], _size(model.inputs[0].shape, shape))
    predicted = ops.convert_to_numpy(model.predict_on_batch({"luma": seen})[space])
    if space == "rgb":
        predicted = ops.convert_to_numpy(rgb_to_ycbcr(predicted))
    space, chroma, colored = SPACES[space], predicted[0, ..., 1:], np.empty((*shape, 3), np.uint8)
    step = min(CELL, min(shape) // SIDE)
    if decoder is not None and step > 1:
        rgb = space.to_rgb(np.concatenate([seen[0], chroma], axis=-1))
        space, chroma = decoder.space, _painted(decoder, image, ops.convert_to_numpy(rgb).clip(0, 255), step)
    for part in _parts(shape):
        joined = np.concatenate([_luma(image[part], space), _enlarged(chroma, shape, part)], axis=-1)
        colored[part] = ops.convert_to_numpy(space.to_rgb(joined)).round().clip(0, 255)
    return colored


def _painted(decoder, image, rgb, step):
    """Chroma that follows the edges of an image, of cells of `step` pixels, from small sRGB `(h, w, 3)`."""
    cells = _size((None, None, None, 1), image.shape)
    luma = _seen(image, decoder.space, [side * step for side in cells])[0, ..., 0]
    colors = ops.convert_to_numpy(decoder.space.from_rgb(rgb)[..., 1:])
    colors = _enlarged(colors, cells, (slice(cells[0]), slice(cells[1])))
    return decoder(luma, colors, Grid(step, decoder.kind, decoder.space))


def _seen(image, space, size):
    """The luma of an image at the size at which a model is shown it, `(1, h, w, 1)`: first made low, then narrow."""
    resize = functools.partial(ops.image.resize, interpolation="bilinear", antialias=True, data_format="channels_last")
    height, width = image.shape[:2]
    low, columns = np.empty((1, size[0], width, 1), np.float32), max(1, _PART // height)
    for left in range(0, width, columns):
        part = _luma(image[:, left : left + columns], space)[None]
        low[:, :, left : left + columns] = ops.convert_to_numpy(resize(part, (size[0], part.shape[2])))
    return ops.convert_to_numpy(resize(low, size))


def _luma(image, space):
    """The luma `(H, W, 1)` of an image, grey or not."""
    luma = np.empty((*image.shape[:2], 1), np.float32)
    for part in _parts(luma.shape):
        rgb = np.broadcast_to(image[part], (*luma[part].shape[:2], 3))
        luma[part] = ops.convert_to_numpy(space.from_rgb(rgb)[..., :1])
    return luma


def _parts(shape):
    """Slices of the rows and columns of an image, for so many pixels at a time as memory is to be had for."""
    width = min(shape[1], _PART)
    height = max(1, _PART // width)
    for top, left in itertools.product(range(0, shape[0], height), range(0, shape[1], width)):
        yield slice(top, top + height), slice(left, left + width)


def _enlarged(small, shape, part):
    """A part of an image `(h, w, C)`, resized to `shape`, bilinear: as by `keras.ops.image.resize`."""
    for axis in (1, 0):
        length = small.shape[axis]
        places = np.arange(shape[axis], dtype=np.float32)[part[axis]] + np.float32(0.5)
        places = (places * np.float32(length / shape[axis]) - np.float32(0.5)).clip(0, length - 1)
        before = places.astype(int)
        share = (places - before).astype(np.float32).reshape((-1, 1) if axis else (-1, 1, 1))
        below = small.take(before, axis)
        small = below + (small.take((before + 1).clip(0, length - 1), axis) - below) * share
    return small


def _size(input_shape, shape):
    """Height and width at which a model is shown an image."""
    if None not in input_shape[1:3]:
        return input_shape[1:3]
    scale = SIDE / min(shape[:2])
    return tuple(min(round(side * scale), LARGEST_RATIO * SIDE) for side in shape[:2])


class Colorizer(Codec):
    """A Keras model from luma alone to colours: `zoo.champati_regression`, for one.

    Attributes:
        output: name of the output with the colours: "lab", "yuv" or "rgb".
    """

    family, what = "colorizer", "colorizers"

    def __init__(self, model, settings=None):
        super().__init__(model, settings)
        self.output = _output(model)

    @staticmethod
    def takes(model):
        """Whether a model is one of these."""
        return input_names(model) == ["luma"] and _output(model) is not None

    def colorize(self, image, decoder=None):
        """See `zoo.colorize`."""
        return colorize(self.model, image, decoder)

    def samples(self, images):
        """See `Codec`."""
        return [self.colorize(rgb) for rgb in images]

    def colored(self, images):
        """What the model makes of the luma of uint8 sRGB `(N, H, W, 3)`, each at its own size, as uint8."""
        space, decoded = SPACES[self.output], []
        for (part,) in chunks(images):
            luma = space.from_rgb(part)[..., :1]
            joined = self.model.predict({"luma": luma}, batch_size=128, verbose=0)[self.output]
            decoded.append(to_uint8(joined if self.output == "rgb" else space.to_rgb(joined)))
        return np.concatenate(decoded)

    def annealed(self, images, temperature):
        """What a classification makes of the same at another temperature, as uint8.

        ZooError where settings do not say what its bins are.
        """
        if not {"color_space", "bins", "lattice"} <= self.settings.keys():
            raise ZooError("what the bins of this model are is not known: put its recipe.json beside it")
        bins = bin_colors(self.settings["bins"], self.settings["color_space"], self.settings["lattice"])
        space, decoded = SPACES[self.output], []
        for (part,) in chunks(images):
            luma = space.from_rgb(part)[..., :1]
            guessed = annealed_mean(self.model.predict({"luma": luma}, verbose=0)["bins"], bins, temperature)
            decoded.append(to_uint8(space.to_rgb(ops.concatenate([luma, guessed], -1))))
        return np.concatenate(decoded)


def _output(model):
    return next((name for name in SPACES if name in model.output_names), None)
