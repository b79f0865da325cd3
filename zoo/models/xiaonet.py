"""XiaoNet, Crayon's parent: a U-Net with batch normalisation and a refinement network, from luma and colour hints."""

import keras
import numpy as np
from keras import layers, ops

from zoo.settings import pinned
from zoo.weights import with_weights

# Layers that stay float32 in an int8 file: what follows the last convolution.
FLOAT32 = ("refined_add", "lab_concat")
HALF = 127.5  # CIELAB units of a* and b* that the network has as 1
BLOCKS = 8  # of the refinement
_SOBEL = np.float32([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
_SLOPES = np.stack([_SOBEL, _SOBEL.T], axis=-1)[:, :, None]


@pinned
def xiaonet(input_size=(None, None), width=64, weights=None, name="xiaonet"):
    """XiaoNet, by Xiao, Wu, Zhang, Zhou, Zheng, Leung and Kavan.

    "Interactive Deep Colorization and its Application for Image Compression", IEEE TVCG 28 (2022). This follows the
    authors' code, github.com/praywj/Interactive-Deep-Colorization-and-Compression; the article was not at hand.

    34,831,490 parameters and 197 GMAC at 320x320 for the published `width=64`; 35,636,866 parameters with the branch
    for theme colours, of which 739,520 are the refinement's.

    | layers           | of 320x320 | channels  | what                                                             |
    | ---------------- | ---------- | --------- | ---------------------------------------------------------------- |
    | hints, luma,     | 320        | 64        | 3x3 and ReLU each, of a*, b* and mask, of L*, and of the size of |
    | sobel            |            |           | its Sobel gradient; summed                                       |
    | conv1_1, _2      | 320        | 64        | then every second pixel of every second row                      |
    | conv2_1, _2      | 160        | 128       | the same                                                         |
    | conv3_1 to _3    | 80         | 256       | the same                                                         |
    | conv4_1 to _3    | 40         | 512       |                                                                  |
    | conv5, conv6     | 40         | 512       | three each, dilation 2                                           |
    | conv7_1 to _3    | 40         | 512       |                                                                  |
    | conv8_1 to _3    | 80         | 256       | 4x4 transposed, plus 3x3 of conv3_3, ReLU; then two more         |
    | conv9_1, _2      | 160        | 128       | the same with conv2_2; then one more                             |
    | conv10_1, _2     | 320        | 128       | the same with conv1_2; then one more                             |
    | painted          | 320        | 2         | 1x1, tanh                                                        |
    | refine           | 320        | 64        | 3x3 of what is painted and L*, without ReLU                      |
    | refine1 to 8     | 320        | 64        | 3x3, ReLU, 3x3, added                                            |
    | refine_wide      | 320        | 256       | 3x3, without ReLU                                                |
    | refine_out       | 320        | 2         | 1x1, added to what is painted; tanh                              |

    Convolutions of the trunk are 3x3 with ReLU, and the last of each block has batch normalisation in place of a bias.
    Those of the refinement have no bias. L*, a* and b* are scaled to [-1, 1], inside the graph.

    What is ours, and what is left open:

    - There are no theme colours, which a grid has none of. Their branch, of four 1x1 convolutions of 512 channels, adds
      one vector to all positions of what conv4_3 gives: without them a constant one.
    - The mask is not an input. A colour counts as known if its a* or b* is not zero when rounded, as devices have it:
      a known grey is no hint.
    - The code starts the factors of the normalisation uniform in 0.02 to 1, most likely meant as normal about 1 by
      0.02: here they are 1. Statistics have a momentum of 0.99, not 0.9, for batches may be as small as 3 images.
    - Kernels start as in the code, Glorot uniform in the trunk and normal by 0.02 in the refinement, but for that which
      paints, a twentieth of Glorot's: otherwise training starts with noise of 50 CIELAB units. Weights that interpolate
      hints, as Crayon starts with, are none here: in training, normalisation scales sparse colours by how sparse they
      are.

    Args:
        input_size: `(height, width)`, multiples of 8, or None for any.
        width: channels of the first layer; all others scale with it.
        weights: None for new ones, the name of weights of the zoo, or a .npz file.
        name: name of the model.

    Returns:
        A functional model from `{"luma": (batch, H, W, 1), "hints": (batch, H, W, 2)}` to `{"lab": (batch, H, W,
        3)}`, in the units of `zoo.crayon`.

    Raises:
        ValueError: a size that is not a multiple of 8, or a width below 1; see `zoo.weights` for weights.

    Example:

        model = zoo.xiaonet(width=8)
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
    grey = layers.Rescaling(2 / 100, -1, dtype="float32", name="luma_scale")(luma)
    # Zero is 128 of 0 to 255: not quite the middle.
    known = layers.Rescaling(1 / HALF, 0.5 / HALF, name="hints_scale")(hints)
    mask = ops.cast(ops.max(ops.abs(hints), axis=-1, keepdims=True) > 0.5, "float32")
    slopes = ops.conv(grey, _SLOPES, padding="same", data_format="channels_last")
    steepness = ops.sqrt(ops.sum(ops.square(slopes), axis=-1, keepdims=True))

    hinted = layers.Concatenate(name="hints_concat")([known, mask])
    seen = {"hints": hinted, "luma": grey, "sobel": steepness}
    x = layers.Add(name="inputs_add")([_conv_relu(part, kind, width) for kind, part in seen.items()])
    skips = []
    for block, filters, count in ((1, width, 2), (2, 2 * width, 2), (3, 4 * width, 3)):
        x = _block(x, block, filters, range(1, count + 1))
        skips.append(x)
        x = layers.MaxPooling2D(1, strides=2, name=f"conv{block}_pool")(x)
    for block in range(4, 8):
        x = _block(x, block, 8 * width, range(1, 4), dilation=2 if block in (5, 6) else 1)
    for block, filters, count in ((8, 4 * width, 3), (9, 2 * width, 2), (10, 2 * width, 2)):
        skip = _conv(skips.pop(), f"conv{block}_skip", filters)
        x = layers.Conv2DTranspose(filters, 4, strides=2, padding="same", name=f"conv{block}_1_conv_transpose")(x)
        x = layers.ReLU(name=f"conv{block}_1_relu")(layers.Add(name=f"conv{block}_1_add")([skip, x]))
        x = _block(x, block, filters, range(2, count + 1))
    small = keras.initializers.VarianceScaling(0.05**2, "fan_avg", "uniform")
    painted = _conv(x, "painted", 2, kernel=1, kernel_initializer=small)
    painted = layers.Activation("tanh", name="painted_tanh")(painted)

    x = _refining(layers.Concatenate(name="refine_concat")([painted, grey]), "refine", width)
    for i in range(1, BLOCKS + 1):
        y = layers.ReLU(name=f"refine{i}a_relu")(_refining(x, f"refine{i}a", width))
        x = layers.Add(name=f"refine{i}_add")([x, _refining(y, f"refine{i}b", width)])
    x = _refining(_refining(x, "refine_wide", 4 * width), "refine_out", 2, kernel=1)
    chroma = layers.Add(dtype="float32", name="refined_add")([painted, x])
    chroma = layers.Activation("tanh", dtype="float32", name="refined_tanh")(chroma)
    chroma = layers.Rescaling(HALF, -0.5, dtype="float32", name="chroma_scale")(chroma)
    lab = layers.Concatenate(dtype="float32", name="lab_concat")([luma, chroma])
    return with_weights(keras.Model({"luma": luma, "hints": hints}, {"lab": lab}, name=name), weights)


def _block(x, block, filters, numbers, dilation=1):
    """Convolutions, the last of which is normalised."""
    for i in numbers:
        x = _conv_relu(x, f"conv{block}_{i}", filters, dilation, normalized=i == numbers[-1])
    return x


def _conv_relu(x, name, filters, dilation=1, normalized=False):
    x = _conv(x, name, filters, dilation=dilation, use_bias=not normalized)
    if normalized:
        x = layers.BatchNormalization(epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _refining(x, name, filters, kernel=3):
    initializer = keras.initializers.RandomNormal(stddev=0.02)
    return _conv(x, name, filters, kernel, use_bias=False, kernel_initializer=initializer)


def _conv(x, name, filters, kernel=3, dilation=1, **options):
    return layers.Conv2D(filters, kernel, padding="same", dilation_rate=dilation, name=f"{name}_conv", **options)(x)
