"""An auto-encoder whose latent has a stated budget of bits: the network, what its numbers cost, and their depths.

It holds two models of its own, `model.get_layer("encoder")` and `model.get_layer("decoder")`, and a third
one, `entropy`.
"""

import functools
import math

import keras
import numpy as np
from keras import layers, ops

from zoo.models.nwala import STRIDE, check_widths, down, up
from zoo.settings import pinned
from zoo.weights import with_weights

LEVELS = 8  # of quality
MOST_BITS = 8
# Channels of the latent that stand for brightness, and those for its two colours, are cut into bands, each with a depth
# of its own, at these frequencies.
CUTS = ((2, 4, 7), (2, 5))
BANDS = sum(len(cuts) + 1 for cuts in CUTS)
SCALES = (-4.0, 8.0)  # logarithms to base 2
CONTEXTS = (MOST_BITS + 2) ** 2  # of a depth
TABLE_UNIT = 10.0  # of what tables store: entries that are seldom met must learn fast
_CAUTION = 0.1  # of the convolutions beside the transform, so that a step of Adam is a small one
_UNIT = 64.0  # of what the adaptive network sees, in levels of RGB
# Layers that stay float32 in an int8 file: the transform, whose means would take the steps of all else.
FLOAT32 = ("blocks",)
# Gains start at these powers of 2: one level quantises finer than the one before, by the root of 2.
_FIRST_GAIN, _LEVEL_STEP = -1.0, 0.5


@pinned
def adaptive_autoencoder(input_size=(None, None), width=32, latent=128, weights=None, name="adaptive_autoencoder"):
    """An auto-encoder for eight levels of quality, whose latent is whole numbers of few bits: ours.

    Every position of the latent has a depth of 0 to 8 bits for each of seven bands of channels, four of brightness and
    three of colour, as many as the largest of their numbers needs. Flat regions need few: the depth follows the
    complexity of the region as the encoder has learned to see it. `zoo.codecs.latent` makes bytes of it, depths too.

    What the network sees is the image less its mean colour. A discrete cosine transform of blocks, two thirds of its
    frequencies, stands beside the three strided convolutions of the paper, its transpose beside those of the decoder;
    the convolutions start at nothing, so that training begins with what JPEG does. The transform stays as it is:
    trained by Adam it was torn down first and found again later, if at all. At each level every channel has a gain
    before it is rounded and another one after (Cui et al. 2021, "Asymmetric Gained Deep Image Compression"). What
    numbers and depths cost are weights as well: Laplacians, whose scales all depths of a position have a part in, and
    how likely each depth is beside its neighbours.

    Args:
        input_size: `(height, width)`, multiples of 8, None for any.
        width: filters of the first convolution.
        latent: channels of the latent, so many that no band is empty: 67 at least.
        weights: None for new ones, the name of weights of the zoo, or a .npz file.
        name: name of the model.

    Returns:
        A functional model from `{"rgb": (batch, H, W, 3), "color": (batch, 3), "level": (batch,)}` to `{"rgb": as the
        input, "bits": (batch,)}`, what is decoded and about what it costs. `color` is the mean colour in 0 to 255, a
        whole number, `level` 0 (few bits) to 7. `encoder` has the same inputs and gives `{"latent": (batch, H/8, W/8,
        C)}` in steps of the quantiser, not rounded; `decoder` takes `latent`, `color` and `level`.

    Raises:
        ValueError: a width below 1, a latent with an empty band; see `zoo.weights` for weights.

    Weights `adaptive_autoencoder-cifar100`, of results/autoencoder-cifar100.json:

        level      0       2       4       6       7
        bytes  69.48  144.48  267.14  435.20  532.23
        psnr   24.39   28.45   32.72   36.78   38.47

    Example:

        model = zoo.adaptive_autoencoder(weights="adaptive_autoencoder-cifar100")
        rgb, color, level = np.full((1, 32, 32, 3), 99.0), np.full((1, 3), 99.0), np.array([4])
        decoded = model.predict({"rgb": rgb, "color": color, "level": level})["rgb"]
    """
    check_widths(width, latent)
    if any(first == last for first, last in bands(latent)):
        raise ValueError(f"`latent` is too small for each of the {BANDS} bands to have one. Received: latent={latent}")
    rgb, color = keras.Input((*input_size, 3), name="rgb"), keras.Input((3,), name="color")
    level = keras.Input((), dtype="int32", name="level")
    inputs = {"rgb": rgb, "color": color, "level": level}
    x = (rgb - ops.reshape(color, (-1, 1, 1, 3))) / _UNIT
    transform = layers.Conv2D(latent, STRIDE, STRIDE, use_bias=False, trainable=False, name="blocks")
    blocks = transform(x)
    x = layers.Conv2D(latent, 1, kernel_initializer="zeros", name="detail")(down(x, width, "leaky_relu"))
    encoder = keras.Model(inputs, {"latent": (blocks + x * _CAUTION) * _gain(level, latent, 1)}, name="encoder")

    numbers = keras.Input((*encoder.output["latent"].shape[1:],), name="latent")
    x = numbers * _gain(level, latent, -1)
    transposed = layers.Conv2DTranspose(3, STRIDE, STRIDE, use_bias=False, trainable=False, name="blocks")
    blocks = transposed(x)
    for layer in (transform, transposed):
        layer.set_weights([_cosines(latent)])
    x = layers.Conv2D(4 * width, 3, padding="same", activation="leaky_relu", name="widen")(x * _CAUTION)
    x = layers.Conv2D(3, 3, padding="same", kernel_initializer="zeros", name="planes")(up(x, width, "leaky_relu"))
    decoded = ops.add((blocks + x * _CAUTION) * _UNIT, ops.reshape(color, (-1, 1, 1, 3)))
    decoder_inputs = {"latent": numbers, "color": color, "level": level}
    decoder = keras.Model(decoder_inputs, {"rgb": decoded}, name="decoder")

    entropy = _entropy(latent)
    latent = encoder(inputs)["latent"]
    depth = depths(latent)
    numbers = rounded(latent, depth)
    outputs = {
        "rgb": decoder({"latent": numbers, "color": color, "level": level})["rgb"],
        "bits": bits(entropy, numbers, depth, level),
    }
    return with_weights(keras.Model(inputs, outputs, name=name), weights)


def _entropy(channels):
    """What numbers and depths cost: sums of tables by level and depth, and tables by level and context."""
    level = keras.Input((), dtype="int32", name="level")
    depth = keras.Input((None, None, BANDS), name="depth")
    context = keras.Input((None, None, BANDS), name="context")
    first = ops.reshape(level, (-1, 1, 1))
    scale, chances = by_channel(depth, channels) - 3.0, []
    for band in range(BANDS):
        row = first * (MOST_BITS + 1) + ops.cast(depth[..., band], "int32")
        scale = scale + _table(f"scale{band}", LEVELS * (MOST_BITS + 1), channels)(row) * TABLE_UNIT
        row = first * CONTEXTS + ops.cast(context[..., band], "int32")
        chances.append(_table(f"chances{band}", LEVELS * CONTEXTS, MOST_BITS + 1)(row) * TABLE_UNIT)
    found = {"scale": scale, "chances": ops.stack(chances, -2)}
    return keras.Model({"level": level, "depth": depth, "context": context}, found, name="entropy")


def _table(name, rows, columns):
    return layers.Embedding(rows, columns, embeddings_initializer="zeros", name=name)


def bands(channels):
    """The first channel of each band, and the one behind its last."""
    edges = np.searchsorted(_channels(channels)[1], range(BANDS + 1)).tolist()
    return list(zip(edges[:-1], edges[1:], strict=True))


def by_channel(depth, channels):
    """Depths `(..., 7)` as those of the channels `(..., C)`."""
    parts = enumerate(bands(channels))
    return ops.concatenate([ops.repeat(depth[..., i, None], last - first, axis=-1) for i, (first, last) in parts], -1)


def bits(entropy, numbers, depth, level):
    """About how many bits the latents of a batch cost, `(batch,)`.

    The codec takes a few less: some number of each band needs all its bits.

    Args:
        entropy: the model of this name.
        numbers: `(batch, h, w, C)`, whole or, for training, with noise in the place of rounding.
        depth: `(batch, h, w, 7)`.
        level: `(batch,)`.
    """
    found = entropy({"level": level, "depth": depth, "context": contexts(depth)})
    chosen = ops.one_hot(ops.cast(depth, "int32"), MOST_BITS + 1)
    of_depths = -ops.sum(ops.log_softmax(found["chances"], axis=-1) * chosen, axis=(1, 2, 3, 4))
    # A Laplacian, over whole numbers as far as the depth reaches.
    depth = by_channel(depth, numbers.shape[-1])
    scale, size = ops.exp2(ops.clip(found["scale"], *SCALES)), ops.abs(numbers)
    near = 1 - 0.5 * (ops.exp(-ops.relu(0.5 - size) / scale) + ops.exp(-(0.5 + size) / scale))
    far = -ops.relu(size - 0.5) / scale + ops.log(0.5 * (1 - ops.exp(-1 / scale)))
    reach = ops.exp2(ops.maximum(depth, 1.0) - 1) - 0.5
    likely = ops.where(size < 0.5, ops.log(ops.maximum(near, 1e-9)), far) - ops.log1p(-ops.exp(-reach / scale))
    of_numbers = -ops.sum(ops.where(depth > 0, likely, 0.0), axis=(1, 2, 3))
    return (of_depths + of_numbers) / math.log(2)


def rounded(latent, depth):
    """The whole numbers `(..., C)` nearest to a latent that the depths `(..., 7)` hold: b bits +-(2^(b-1) - 1).

    One bit holds zero alone, as none does, and is not used.
    """
    return held(ops.round(latent), depth)


def held(latent, depth):
    """A latent `(..., C)` cut off where the depths `(..., 7)` end."""
    limit = ops.maximum(ops.exp2(by_channel(depth, latent.shape[-1]) - 1) - 1, 0.0)
    return ops.maximum(ops.minimum(latent, limit), -limit)


def depths(latent):
    """How many bits each band of a latent `(..., C)` needs at each position, 0 to 8, `(..., 7)`."""
    size = ops.abs(ops.round(latent))
    largest = [ops.max(size[..., first:last], axis=-1) for first, last in bands(latent.shape[-1])]
    return _bits_for(ops.stack(largest, -1))


def color_depths(rgb, color, level):
    """How many bits each position may need by the colours there alone, the same for all bands, `(batch, h, w, 7)`.

    A block's root mean squared deviation from the mean colour bounds what any orthonormal transform makes of it; of
    that bound the largest number is rarely more than 0.7.
    """
    squared = ops.square(rgb - ops.reshape(color, (-1, 1, 1, 3)))
    blocks = ops.mean(ops.average_pool(squared, STRIDE, STRIDE, data_format="channels_last"), axis=-1, keepdims=True)
    norm = ops.sqrt(blocks * (3 * STRIDE**2)) / _UNIT
    gain = ops.exp2(_FIRST_GAIN + _LEVEL_STEP * ops.cast(level, "float32"))
    found = _bits_for(ops.round(0.7 * norm * ops.reshape(gain, (-1, 1, 1, 1))))
    return ops.repeat(found, BANDS, axis=-1)


def _bits_for(largest):
    needed = 1 + ops.ceil(ops.log2(ops.maximum(largest, 1.0) + 1))
    return ops.where(largest > 0, ops.minimum(needed, float(MOST_BITS)), 0.0)


def contexts(depth):
    """What is known of each depth `(batch, h, w, 7)` before it, 0 to 99.

    10 times the mean, upward, of those above and to the left, plus the one of the band before; 9 for none.
    """
    above = ops.pad(depth, ((0, 0), (1, 0), (0, 0), (0, 0)))[:, :-1]
    left = ops.pad(depth, ((0, 0), (0, 0), (1, 0), (0, 0)))[:, :, :-1]
    ones = ops.ones_like(depth)
    count = ops.pad(ones, ((0, 0), (1, 0), (0, 0), (0, 0)))[:, :-1]
    count = count + ops.pad(ones, ((0, 0), (0, 0), (1, 0), (0, 0)))[:, :, :-1]
    mean = ops.where(count > 0, ops.ceil((above + left) / ops.maximum(count, 1.0)), MOST_BITS + 1.0)
    before = ops.pad(depth, ((0, 0), (0, 0), (0, 0), (1, 0)), constant_values=MOST_BITS + 1.0)[..., :-1]
    return mean * (MOST_BITS + 2) + before


def _gain(level, channels, sign):
    gain = layers.Embedding(LEVELS, channels, embeddings_initializer="zeros", name="gain")(level)
    steps = ops.cast(level, "float32")[:, None] * _LEVEL_STEP + _FIRST_GAIN
    # Not `exp2`, which TFLite makes a power, that its fast kernels lack.
    return ops.reshape(ops.exp(sign * math.log(2) * (steps + gain)), (-1, 1, 1, channels))


def _cosines(count):
    """The orthonormal discrete cosine transform of blocks, in brightness and two colours, `(8, 8, 3, count)`."""
    x = np.arange(STRIDE)
    waves = np.cos(np.pi * (x[:, None] + 0.5) * x / STRIDE) * np.where(x, np.sqrt(2 / STRIDE), np.sqrt(1 / STRIDE))
    planes = np.array([[1, 1, 1], [-1, -1, 2], [1, -1, 0]])  # brightness, blue and red against the others
    planes = planes / np.linalg.norm(planes, axis=1, keepdims=True)
    basis = np.einsum("yu,xv,pc->yxcuvp", waves, waves, planes).reshape(STRIDE, STRIDE, 3, -1)
    chosen = _channels(count)[0]
    kernel = np.zeros((STRIDE, STRIDE, 3, count), np.float32)
    kernel[..., : len(chosen)] = basis[..., chosen]
    return kernel


@functools.cache
def _channels(count):
    """Which cosine each of `count` channels begins as, of `(u, v, plane)`, as far as there are any, and its band."""
    u, v, plane = np.indices((STRIDE, STRIDE, 3)).reshape(3, -1)
    frequency, colored = u + v, plane > 0
    chosen = np.argsort(frequency + 2.5 * colored, kind="stable")[:count]  # about as their variances fall
    of_color = len(CUTS[0]) + 1 + np.digitize(frequency, CUTS[1])
    band = np.where(colored, of_color, np.digitize(frequency, CUTS[0]))[chosen]
    order = np.argsort(band, kind="stable")
    return chosen[order], np.pad(band[order], (0, count - len(chosen)), constant_values=BANDS - 1)


# How many bits each position of a latent gets, by what the encoder was given and what it made of it.
DEPTHS = {
    "latent": lambda latent, inputs: depths(latent),
    "colors": lambda latent, inputs: color_depths(**inputs),
    "uniform": lambda latent, inputs: ops.full_like(latent[..., :BANDS], float(MOST_BITS)),
}
