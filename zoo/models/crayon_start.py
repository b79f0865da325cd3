"""Starting weights of Crayon with which it interpolates its hints before any training, ours.

From noise, a network of this size learns for hours to carry a dot of colour across a cell. Here a few channels of each
layer do that from the start, and training has only to better it:

- four hold the positive and negative parts of a* and b*, which ReLU and max-pooling let through;
- at an eighth of the size another tells where colour is known. Six of the dilated layers copy known colours to where
  there are none, from the left and the right and from above and below, over up to five positions each way;
- on the way up colours are repeated and blurred, and the residual network hands them on.

All other channels start from He's distribution (arXiv 1502.01852), most of them damped and with an identity added;
what the residual network adds, and the two outputs, are small, so that noise does not drown the colours.
"""

import contextlib

import numpy as np

from zoo.settings import pinned

GAIN = 2.0  # of the four channels, in units of 110
GREY = 2.0  # CIELAB units of a* and b* together from which a hint counts as known
SUPPRESSED = 2.0  # what is known elsewhere does not matter where colour is known already
HINTS = {"row02": slice(1, 3), "row52": slice(1, 5)}  # which inputs of these layers are colours
HINT_GAIN = 8.0  # of them in random channels
BRANCHES = ("row58", "row63", "row68", "row73")  # the last of each residual block
OUTPUTS = ("row50", "row78")
# Which layers copy colours along which axis, (down, right), from the neighbours on both sides.
FILLING = {"row17": (0, 1), "row19": (1, 0), "row21": (0, 1), "row23": (0, 1), "row25": (1, 0), "row27": (1, 0)}
GATHERING = ("row29", "row31", "row33")  # what was filled in, into the colours
SMOOTHING = (0.05, 0.9, 0.05)  # by the last of them, along an axis
# On the way up: a transposed convolution, that behind its joint, and how this one blurs along an axis. Hints lie
# anywhere in blocks of 8 pixels, of n = 8 in their first corner: what is blurred moves a little towards that.
WIDENING = {
    "row35": ("row38", (0.0, 0.5, 0.5)),
    "row40": ("row43", (0.1, 0.5, 0.4)),
    "row45": ("row48", (0.125, 0.5, 0.375)),
}
JOINED = tuple(joined for joined, _ in WIDENING.values())
# Channels at an eighth of the size: known colours and where they are, and what was just filled in from either side.
COLORS, KNOWN, BEFORE, AFTER, KNOWN_BEFORE, KNOWN_AFTER = slice(0, 4), 4, slice(5, 9), slice(9, 13), 13, 14
SAME = np.eye(4)
SIGNED = np.array([[1, -1, 0, 0], [0, 0, 1, -1]])  # of a* and b*, their parts


@pinned
def interpolating(model, seed=0):
    """Gives a `zoo.crayon`, of a width of at least 4, weights with which it interpolates hints, and gives it back.

    Raises:
        ValueError: a width below 4.
    """
    layers = {layer.name[:5]: layer for layer in model.layers if layer.weights}
    width = layers["row02"].filters
    if width < 4:
        raise ValueError(f"`model` must have a width of at least 4. Received: width={width}")
    random = np.random.default_rng(seed)
    for row, layer in layers.items():
        layer.set_weights([_noise(row, layer, random), np.zeros(layer.bias.shape)])

    @contextlib.contextmanager
    def rewritten(row, channels=4):
        """Kernel `(h, w, inputs, outputs)` and bias of a layer, to be written to, after the first channels are zero."""
        kernel, bias = layers[row].get_weights()
        view = kernel.swapaxes(2, 3) if _is_transposed(layers[row]) else kernel
        view[..., :channels] = 0
        yield view, bias
        layers[row].set_weights([kernel, bias])

    with rewritten("row02") as (kernel, _):
        kernel[1, 1, 1:3, COLORS] = GAIN * SIGNED
    with rewritten("row04") as (kernel, _):
        kernel[1, 1, COLORS, COLORS] = SAME
    with rewritten("row07", 5) as (kernel, bias):
        kernel[1, 1, COLORS, COLORS] = SAME
        kernel[1, 1, COLORS, KNOWN], bias[KNOWN] = -110 / GAIN / GREY, 1  # where it is not known, that is
    with rewritten("row09", 5) as (kernel, bias):
        kernel[1, 1, COLORS, COLORS] = SAME
        kernel[1, 1, KNOWN, KNOWN], bias[KNOWN] = -1, 1
    for row in ("row12", "row14"):
        with rewritten(row, 5) as (kernel, _):
            kernel[1, 1, COLORS, COLORS] = SAME
            kernel[1, 1, KNOWN, KNOWN] = 1

    colors, known = [COLORS], [KNOWN]
    for row, (down, right) in FILLING.items():
        with rewritten(row, 15) as (kernel, _):
            here = kernel[1, 1]
            before, after = kernel[1 - down, 1 - right], kernel[1 + down, 1 + right]
            for group in colors:
                here[group, COLORS] = before[group, BEFORE] = after[group, AFTER] = SAME
            for mask in known:
                here[mask, KNOWN] = before[mask, KNOWN_BEFORE] = after[mask, KNOWN_AFTER] = 1
                for tap, filled in ((here, BEFORE), (here, AFTER), (before, AFTER)):
                    tap[mask, filled] = -SUPPRESSED
                here[mask, KNOWN_BEFORE] = here[mask, KNOWN_AFTER] = before[mask, KNOWN_AFTER] = -SUPPRESSED
        colors, known = [COLORS, BEFORE, AFTER], [KNOWN, KNOWN_BEFORE, KNOWN_AFTER]
    for row in GATHERING:
        with rewritten(row, 15) as (kernel, _):
            shares = SMOOTHING if row == GATHERING[-1] else (0, 1, 0)
            for group in colors:
                kernel[:, :, group, COLORS] = np.multiply.outer(np.outer(shares, shares), SAME)
        colors = [COLORS]

    for transposed, (joined, blur) in WIDENING.items():
        with rewritten(transposed) as (kernel, _):
            kernel[:, :, COLORS, COLORS] = SAME
        with rewritten(joined) as (kernel, _):
            first = kernel.shape[2] - layers[transposed].filters
            kernel[:, :, first : first + 4, COLORS] = np.multiply.outer(np.outer(blur, blur), SAME)

    with rewritten("row52") as (kernel, _):
        kernel[1, 1, 3:5, COLORS] = GAIN * SIGNED
    for row in ("row54", "row76"):
        with rewritten(row) as (kernel, _):
            kernel[1, 1, COLORS, COLORS] = SAME
    for row in BRANCHES:
        kernel, bias = layers[row].get_weights()
        kernel[..., COLORS] *= 0.01  # not zero: a ReLU at zero has no gradient
        layers[row].set_weights([kernel, bias])
    for row in OUTPUTS:
        kernel, bias = layers[row].get_weights()
        kernel[:, :, COLORS] = 0
        centre = kernel.shape[0] // 2
        kernel[centre, centre, COLORS] = SIGNED.T / GAIN
        layers[row].set_weights([kernel, bias])
    return model


def _is_transposed(layer):
    return "transpose" in layer.name


def _noise(row, layer, random):
    """A random kernel of a layer."""
    transposed = _is_transposed(layer)
    kernel = random.standard_normal(layer.kernel.shape)
    view = kernel.swapaxes(2, 3) if transposed else kernel
    inputs, outputs = view.shape[2:]
    taps = 1 if transposed else np.prod(view.shape[:2])  # that make one pixel
    view *= np.sqrt(2 / (taps * inputs))
    if row in HINTS:
        view[:, :, HINTS[row]] *= HINT_GAIN
    elif row in BRANCHES:
        view *= 0.1
    elif row in OUTPUTS:
        view *= 0.003
    else:
        view *= 0.3
        # Of what was joined the first half of the channels goes on with what came up, the second with the skip.
        joined = inputs - outputs if row in JOINED else 0
        for channel in range(min(inputs, outputs)):
            source = channel + (joined if channel < outputs // 2 else 0)
            if transposed:
                view[:, :, source, channel] += 1
            else:
                view[1, 1, source, channel] += 1
    return kernel
