"""Crayon: a U-Net and a residual network that repaint an image from its lightness and a sparse colour grid."""

import keras
from keras import layers

from zoo.settings import pinned
from zoo.weights import with_weights

# Layers that stay float32 in an int8 file: the few in which a* and b* themselves go in and come out, of both networks,
# whose range 8 bits divide too coarsely, and the last, which joins L* to them.
FLOAT32 = (
    "row02_concat",
    "row02_conv",
    "row04_conv",
    "row50_conv",
    "row51_concat",
    "row52_conv",
    "row54_conv",
    "row78_conv",
    "row79_concat",
)


@pinned
def crayon(input_size=(None, None), width=64, weights=None, name="crayon"):
    """Crayon, as in tables 1 and 2 of arXiv 2502.05402. Layer names begin with the table's row.

    24,109,572 parameters and 138 GMAC at 320x320 for the published `width=64`.

    Where the paper is silent or wrong, this is what was chosen:

    - The printed row 51 gives 3 channels and row 77 gives 64; the inputs they name make it 5 and 256.
    - Row 60 adds row 54, the convolution *before* its ReLU, as the table says.
    - No normalisation of the inputs is given: L* is divided by 100, a* and b* by 110, inside the graph.
    - No initialisation is given: Keras's own, Glorot uniform. With He's the sums of the residual part start at
      hundreds of CIELAB units, and training spends its first hundred steps coming down.

    Args:
        input_size: `(height, width)`, multiples of 8, or None for any.
        width: channels of the first layer; all others scale with it.
        weights: None for new ones, the name of weights of the zoo, or a .npz file.
        name: name of the model.

    Returns:
        A functional model from `{"luma": (batch, H, W, 1), "hints": (batch, H, W, 2)}` to `{"lab": (batch, H, W,
        3)}`. `luma` is L* in 0 to 100; `hints` are a* and b* in CIELAB units, zero where unknown; the L* of `lab` is
        the input's.

    Raises:
        ValueError: a size that is not a multiple of 8, or a width below 1; see `zoo.weights` for weights.

    Weights `crayon-photographs`, of results/crayon-photographs.json:

        n         6     15     20     40     80
        psnr  38.59  34.33  32.73  28.99  25.87

    Example:

        model = zoo.crayon(width=32, weights="crayon-photographs")
        luma, hints = np.full((1, 64, 48, 1), 50.0), np.zeros((1, 64, 48, 2))
        hints[:, ::16, ::16] = 20.0, -30.0
        lab = model.predict({"luma": luma, "hints": hints})["lab"]
    """
    if any(side is not None and (side < 8 or side % 8) for side in input_size):
        raise ValueError(f"`input_size` must hold multiples of 8, or None. Received: input_size={input_size}")
    if width < 1:
        raise ValueError(f"`width` must be at least 1. Received: width={width}")

    luma = keras.Input((*input_size, 1), name="luma")
    hints = keras.Input((*input_size, 2), name="hints")
    grey = layers.Rescaling(1 / 100, name="row00_scale")(luma)
    known = layers.Rescaling(1 / 110, name="row01_scale")(hints)

    # Table 1: the U-Net.
    x = layers.Concatenate(name="row02_concat")([grey, known])
    skips = []
    for row, filters in ((2, width), (7, 2 * width), (12, 4 * width)):
        x = _conv_relu(x, row, filters)
        x = _conv_relu(x, row + 2, filters)
        skips.append(x)
        x = layers.MaxPooling2D(name=f"row{row + 4:02}_pool")(x)
    for row in range(17, 35, 2):
        x = _conv_relu(x, row, 8 * width, dilation=2 if 21 <= row <= 31 else 1)
    for row, filters in ((35, 4 * width), (40, 2 * width), (45, 2 * width)):
        x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"row{row}_conv_transpose")(x)
        x = _relu(x, row + 1)
        x = layers.Concatenate(name=f"row{row + 2}_concat")([skips.pop(), x])
        x = _conv_relu(x, row + 3, filters)
    painted = layers.Conv2D(2, 1, name="row50_conv")(x)

    # Table 2: the residual network.
    x = layers.Concatenate(name="row51_concat")([grey, known, painted])
    x = _conv_relu(x, 52, width)
    skip = _conv(x, 54, width)
    x = _conv_relu(_relu(skip, 55), 56, width)
    x = _conv_relu(x, 58, width)
    x = layers.Add(name="row60_add")([skip, x])
    for row in (61, 66, 71):
        skip = x
        x = _conv_relu(x, row, width)
        x = _conv_relu(x, row + 2, width)
        x = layers.Add(name=f"row{row + 4}_add")([skip, x])
    x = _conv_relu(x, 76, 4 * width)
    chroma = layers.Conv2D(2, 3, padding="same", name="row78_conv")(x)
    chroma = layers.Rescaling(110, dtype="float32", name="row78_scale")(chroma)
    lab = layers.Concatenate(dtype="float32", name="row79_concat")([luma, chroma])
    return with_weights(keras.Model({"luma": luma, "hints": hints}, {"lab": lab}, name=name), weights)


def _conv(x, row, filters, dilation=1):
    return layers.Conv2D(filters, 3, padding="same", dilation_rate=dilation, name=f"row{row:02}_conv")(x)


def _relu(x, row):
    return layers.ReLU(name=f"row{row:02}_relu")(x)


def _conv_relu(x, row, filters, dilation=1):
    return _relu(_conv(x, row, filters, dilation), row + 1)
