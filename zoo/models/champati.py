"""Small-scale colorizers: colours from luma alone, on 32x32 images, by regression or by classification.

Champati, Houle and Zhang, "Small-Scale Automatic Image Colorization". Three networks of figures 4 to 6 and the
classifier of its feature-preservation metric. The text leaves the filters open; they are those of the authors' public
code, and give its parameter counts. Layers are named in order: `conv01`, `norm01`, ...

Common to all:

- The text says batch normalisation after every two or three convolutions. The code has it after each, after its ReLU;
  so has this.
- Luma is divided by its white. A colour space is one of `SPACES`, by which the output is named as well.
- The last layer starts at zero, which is ours: training starts from grey (in RGB from black), or from equal logits.
- `width` scales all filters, in units of the first convolution's; VGG's stay as they are.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from zoo.arrays import read_arrays
from zoo.color_bins import annealed_mean, square_bins, zhang_bins
from zoo.settings import pinned
from zoo.weights import with_weights

# Luma of white, and what one unit of the network's output is: of a* and b*, of U and V, or of R, G and B.
SPACES = {"lab": (100.0, 110.0), "yuv": (1.0, 0.5), "rgb": (255.0, 255.0)}
VGG_MODES = (None, "frozen", "trainable")
ZHANG = 313
# Of the 13 convolutions of figures 5 and 6, in units of the first.
_TRUNK = (1, 1, 2, 2, 4, 4, 8, 8, 4, 4, 2, 2, 1)
_DILATED = (10, 11)  # the late pair of 64
_VGG_MEAN = np.float32([103.939, 116.779, 123.68])  # B, G, R
# Layers that stay float32 in an int8 file: the last one, which joins luma to the colours and would lose more in 8 bits
# than the network's own rounding, and VGG's three channels of grey, which would be rounded before their mean is off.
FLOAT32 = ("lab", "yuv", "vgg_grey")


@pinned
def champati_baseline(input_size=(32, 32), color_space="lab", width=16, weights=None, name="champati_baseline"):
    """The regression baseline of figure 4: four convolutions, and a dense layer that gives the colour planes.

    5,327,216 parameters at 32x32 for two planes. The dense layer is linear, as in the public code.

    Args:
        input_size: `(height, width)`, static, at least 17.
        color_space: "lab", "yuv" or "rgb".
        width: filters of the first convolution, 16 in the code.
        weights: None for new ones, or a .npz file; the zoo has none yet.
        name: name of the model.

    Returns:
        A functional model from `{"luma": (batch, H, W, 1)}` to `{color_space: (batch, H, W, 3)}`. `luma` is L* in 0 to
        100, Y' in 0 to 1, or for "rgb" Y' in 0 to 255; the output has the units of `zoo.color_spaces`, and but for
        "rgb" the luma of the input.

    Raises:
        ValueError: an unknown colour space, a width below 1, a size that is too small; see `zoo.weights` for weights.

    Example:

        model = zoo.champati_baseline()
        lab = model.predict({"luma": np.full((1, 32, 32, 1), 50.0)})["lab"]
    """
    if None in input_size or min(input_size) < 17:
        raise ValueError(f"`input_size` must be static and at least 17. Received: input_size={input_size}")
    luma, x = _luma(input_size, color_space, width)
    for number, (filters, strides) in enumerate(((1, 2), (1, 1), (2, 1), (2, 1)), 1):
        x = _conv(x, number, filters * width, strides=strides, padding="valid")
    planes = 3 if color_space == "rgb" else 2
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(planes * input_size[0] * input_size[1], kernel_initializer="zeros", name="dense")(x)
    x = layers.Reshape((*input_size, planes), name="planes")(x)
    model = keras.Model({"luma": luma}, {color_space: _joined(luma, x, color_space)}, name=name)
    return with_weights(model, weights)


@pinned
def champati_regression(
    input_size=(None, None),
    color_space="lab",
    vgg=None,
    width=32,
    vgg_weights=None,
    weights=None,
    name="champati_regression",
):
    """Convolution-only regression, figure 5: 13 convolutions that keep the resolution, and one to the colours.

    1,749,570 parameters for two planes. Args that are not here are those of `champati_classification`, the returned
    model is like that of `champati_baseline`.

    Args:
        color_space: "lab", "yuv" or "rgb".

    Weights `champati_regression-cifar10`, of results/champati-tables.json:

        psnr                  25.03
        auc                   91.24
        colorfulness          17.14
        feature_preservation  78.28

    Example:

        model = zoo.champati_regression(width=16)
        lab = model.predict({"luma": np.full((1, 32, 32, 1), 50.0)})["lab"]
    """
    luma, x = _luma(input_size, color_space, width)
    x = _trunk(x, width, vgg, vgg_weights, weights)
    planes = 3 if color_space == "rgb" else 2
    x = layers.Conv2D(planes, 3, padding="same", kernel_initializer="zeros", name="planes")(x)
    model = keras.Model({"luma": luma}, {color_space: _joined(luma, x, color_space)}, name=name)
    return with_weights(model, weights)


@pinned
def champati_classification(
    input_size=(None, None),
    color_space="lab",
    bins=81,
    lattice="edge",
    temperature=0.38,
    vgg=None,
    width=32,
    vgg_weights=None,
    weights=None,
    name="champati_classification",
):
    """Convolution-only classification, figure 6: each pixel's colour is one of Q bins.

    1,772,401 parameters for 81 bins. The text adds dilated convolutions in "the last two 64-deep blocks"; the trunk
    has one late pair of 64, and dilation 2 there is ours.

    Args:
        input_size: `(height, width)`, None for any.
        color_space: "lab" or "yuv".
        bins: 49, 64, 81, 100 or another square, a lattice (`zoo.color_bins.square_bins`), or 313, Zhang's.
        lattice: "edge" as published, or "center".
        temperature: of the annealed mean, equations 6 and 7.
        vgg: None; "frozen" or "trainable": the first two convolutions are VGG16's, of 64 filters each, with their
            ReLU, and one normalisation behind them, which is ours. Luma becomes VGG's three channels as grey of 0 to
            255, less its mean.
        width: filters of the first convolution, 32 in the code.
        vgg_weights: a .npz file of `block1_conv1_kernel`, `..._bias` and the same of `block1_conv2`; None for those
            of `keras.applications`, which downloads them.
        weights: None for new ones, the name of weights of the zoo, or a .npz file.
        name: name of the model.

    Returns:
        A functional model from `{"luma": (batch, H, W, 1)}` to `{"bins": (batch, H, W, Q), color_space: (batch, H, W,
        3)}`: logits of the bins, and their annealed mean joined to the luma. Units as in `champati_baseline`.

    Raises:
        ValueError: an unknown colour space, lattice or mode of VGG, a width below 1, bins that are no square; see
            `zoo.weights` for weights.

    Weights `champati_classification-cifar10`, of results/champati-tables.json:

        psnr                  24.13
        auc                   90.65
        colorfulness          23.70
        feature_preservation  77.56

    Example:

        model = zoo.champati_classification(bins=49, width=16)
        bins = model.predict({"luma": np.full((1, 32, 32, 1), 50.0)})["bins"]
    """
    if color_space == "rgb":
        raise ValueError("`color_space` must be 'lab' or 'yuv' for classification. Received: color_space='rgb'")
    colors = bin_colors(bins, color_space, lattice)
    luma, x = _luma(input_size, color_space, width)
    x = _trunk(x, width, vgg, vgg_weights, weights, dilated=_DILATED)
    to_bins = layers.Conv2D(len(colors), 3, padding="same", kernel_initializer="zeros", dtype="float32", name="bins")
    logits = to_bins(x)
    joined = layers.Concatenate(dtype="float32", name=color_space)([luma, annealed_mean(logits, colors, temperature)])
    return with_weights(keras.Model({"luma": luma}, {"bins": logits, color_space: joined}, name=name), weights)


@pinned
def champati_features(input_size=(32, 32), width=32, weights=None, name="champati_features"):
    """The classifier of the feature-preservation metric: CIFAR-10's ten classes, of colour images.

    324,758 parameters; dropout 0.25, 0.25 and 0.5.

    Args:
        input_size: `(height, width)`, static, at least 16.
        width: filters of the first convolution, 32 in the code; the dense layer of 100 scales with it.
        weights: None for new ones, the name of weights of the zoo, or a .npz file.
        name: name of the model.

    Returns:
        A functional model from `{"rgb": (batch, H, W, 3)}`, 0 to 255, to `{"classes": (batch, 10)}`, logits.

    Raises:
        ValueError: a width below 1, a size that is too small; see `zoo.weights` for weights.

    Weights `champati_features-cifar10`, of results/champati-features.json:

        of                    truth   grey
        feature_preservation  83.97  77.43

    Example:

        model = zoo.champati_features(weights="champati_features-cifar10")
        logits = model.predict({"rgb": np.full((1, 32, 32, 3), 99.0)})["classes"]
    """
    if width < 1:
        raise ValueError(f"`width` must be at least 1. Received: width={width}")
    if None in input_size or min(input_size) < 16:
        raise ValueError(f"`input_size` must be static and at least 16. Received: input_size={input_size}")
    rgb = keras.Input((*input_size, 3), name="rgb")
    x = layers.Rescaling(1 / 255, name="scale")(rgb)
    for number, (filters, padding) in enumerate(((1, "same"), (2, "valid"), (2, "same"), (2, "valid")), 1):
        x = layers.Conv2D(filters * width, 3, padding=padding, activation="relu", name=f"conv{number:02}")(x)
        if number % 2 == 0:
            x = layers.MaxPooling2D(name=f"pool{number:02}")(x)
            x = layers.Dropout(0.25, name=f"dropout{number:02}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(100 * width // 32, activation="relu", name="dense")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(10, dtype="float32", name="classes")(x)
    return with_weights(keras.Model({"rgb": rgb}, {"classes": x}, name=name), weights)


def bin_colors(bins, color_space="lab", lattice="edge"):
    """Colours `(Q, 2)` of Q bins: Zhang's for 313, otherwise a square lattice. ValueError if there are none."""
    if bins != ZHANG:
        return square_bins(bins, color_space, lattice)
    if color_space != "lab":
        raise ValueError(f"The 313 bins are in 'lab'. Received: color_space={color_space!r}")
    return zhang_bins()


def _luma(input_size, color_space, width):
    """The input, and the same with white at 1."""
    if color_space not in SPACES:
        raise ValueError(f"`color_space` must be one of {tuple(SPACES)}. Received: color_space={color_space!r}")
    if width < 1:
        raise ValueError(f"`width` must be at least 1. Received: width={width}")
    luma = keras.Input((*input_size, 1), name="luma")
    return luma, layers.Rescaling(1 / SPACES[color_space][0], name="scale")(luma)


def _joined(luma, planes, color_space):
    """The network's planes in the units of the colour space, with the luma of the input."""
    if color_space == "rgb":
        return layers.Rescaling(SPACES["rgb"][1], dtype="float32", name="rgb")(planes)
    chroma = layers.Rescaling(SPACES[color_space][1], dtype="float32", name="chroma")(planes)
    return layers.Concatenate(dtype="float32", name=color_space)([luma, chroma])


def _trunk(x, width, vgg, vgg_weights, weights, dilated=()):
    if vgg not in VGG_MODES:
        raise ValueError(f"`vgg` must be one of {VGG_MODES}. Received: vgg={vgg!r}")
    if vgg:
        x = _vgg(x, vgg == "trainable", None if weights else _vgg_arrays(vgg_weights))
    for number, filters in enumerate(_TRUNK, 1):
        if not vgg or number > 2:
            x = _conv(x, number, filters * width, dilation_rate=2 if number - 1 in dilated else 1)
    return x


def _vgg(x, trainable, arrays):
    x = layers.Rescaling(255, name="vgg_scale")(x)
    x = ops.subtract(layers.Concatenate(name="vgg_grey")([x, x, x]), _VGG_MEAN)
    for number in (1, 2):
        conv = layers.Conv2D(64, 3, padding="same", activation="relu", trainable=trainable, name=f"vgg_conv{number}")
        x = conv(x)
        if arrays:
            conv.set_weights(arrays[2 * number - 2 : 2 * number])
    return layers.BatchNormalization(name="vgg_norm2")(x)


def _vgg_arrays(path):
    """Kernel and bias of VGG16's first two convolutions."""
    names = ("block1_conv1", "block1_conv2")
    if path is None:
        model = keras.applications.VGG16(include_top=False)
        return [array for name in names for array in model.get_layer(name).get_weights()]
    shapes = {}
    for name, channels in zip(names, (3, 64), strict=True):
        shapes |= {f"{name}_kernel": (3, 3, channels, 64), f"{name}_bias": (64,)}
    return list(read_arrays(Path(path).read_bytes(), shapes, path).values())


def _conv(x, number, filters, **options):
    options = {"padding": "same", "activation": "relu", **options}
    x = layers.Conv2D(filters, 3, name=f"conv{number:02}", **options)(x)
    return layers.BatchNormalization(name=f"norm{number:02}")(x)
