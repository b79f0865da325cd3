"""Crayon against tables 1 and 2 of arXiv 2502.05402, row by row."""

import keras
import numpy as np
import pytest

import zoo
from zoo.registry import macs

# row: (kind, inputs by row, channels, kernel, dilation, size at 320). A ReLU has its convolution's shape.
CONVOLUTIONS = {
    2: ((0, 1), 64, 3, 1, 320),
    4: ((3,), 64, 3, 1, 320),
    7: ((6,), 128, 3, 1, 160),
    9: ((8,), 128, 3, 1, 160),
    12: ((11,), 256, 3, 1, 80),
    14: ((13,), 256, 3, 1, 80),
    17: ((16,), 512, 3, 1, 40),
    19: ((18,), 512, 3, 1, 40),
    21: ((20,), 512, 3, 2, 40),
    23: ((22,), 512, 3, 2, 40),
    25: ((24,), 512, 3, 2, 40),
    27: ((26,), 512, 3, 2, 40),
    29: ((28,), 512, 3, 2, 40),
    31: ((30,), 512, 3, 2, 40),
    33: ((32,), 512, 3, 1, 40),
    38: ((37,), 256, 3, 1, 80),
    43: ((42,), 128, 3, 1, 160),
    48: ((47,), 128, 3, 1, 320),
    50: ((49,), 2, 1, 1, 320),
    52: ((51,), 64, 3, 1, 320),
    54: ((53,), 64, 3, 1, 320),
    56: ((55,), 64, 3, 1, 320),
    58: ((57,), 64, 3, 1, 320),
    61: ((60,), 64, 3, 1, 320),
    63: ((62,), 64, 3, 1, 320),
    66: ((65,), 64, 3, 1, 320),
    68: ((67,), 64, 3, 1, 320),
    71: ((70,), 64, 3, 1, 320),
    73: ((72,), 64, 3, 1, 320),
    76: ((75,), 256, 3, 1, 320),
    78: ((77,), 2, 3, 1, 320),
}
POOLS = {6: (5, 64, 160), 11: (10, 128, 80), 16: (15, 256, 40)}
TRANSPOSED = {35: (34, 256, 80), 40: (39, 128, 160), 45: (44, 128, 320)}
CONCATENATIONS = {
    37: ((15, 36), 512, 80),
    42: ((10, 41), 256, 160),
    47: ((5, 46), 192, 320),
    51: ((0, 1, 50), 5, 320),
    79: ((0, 78), 3, 320),
}
SUMS = {60: (54, 59), 65: (60, 64), 70: (65, 69), 75: (70, 74)}
RELUS = {row + 1: row for row in (*CONVOLUTIONS, *TRANSPOSED) if row not in (50, 78)}


@pytest.fixture(scope="module")
def model():
    return zoo.crayon(input_size=(320, 320))


def row_of(layer):
    """The table's row of a layer: 0 and 1 are the inputs."""
    return {"luma": 0, "hints": 1}.get(layer.name) if not layer.name.startswith("row") else int(layer.name[3:5])


def sources(model, layer):
    """Rows that a layer reads; a row of several layers, as 2 with its concatenation, counts once."""
    rows = set()
    for node in layer._inbound_nodes:
        for parent in node.parent_nodes:
            row = row_of(parent.operation)
            rows |= sources(model, parent.operation) if row == row_of(layer) and row > 1 else {row}
    return rows


def layer_at(model, row, kind):
    (layer,) = [layer for layer in model.layers if row_of(layer) == row and isinstance(layer, kind)]
    return layer


@pytest.mark.parametrize("row", CONVOLUTIONS)
def test_convolution_rows(model, row):
    inputs, channels, kernel, dilation, size = CONVOLUTIONS[row]
    layer = layer_at(model, row, keras.layers.Conv2D)
    assert sources(model, layer) == set(inputs)
    assert layer.output.shape == (None, size, size, channels)
    assert (layer.kernel_size, layer.dilation_rate) == ((kernel, kernel), (dilation, dilation))
    assert (layer.strides, layer.padding) == ((1, 1), "same" if kernel == 3 else "valid")
    assert layer.activation is keras.activations.linear


@pytest.mark.parametrize("row", RELUS)
def test_relu_rows(model, row):
    layer = layer_at(model, row, keras.layers.ReLU)
    assert sources(model, layer) == {RELUS[row]}


@pytest.mark.parametrize("row", POOLS)
def test_pool_rows(model, row):
    source, channels, size = POOLS[row]
    layer = layer_at(model, row, keras.layers.MaxPooling2D)
    assert sources(model, layer) == {source}
    assert (layer.pool_size, layer.strides) == ((2, 2), (2, 2))
    assert layer.output.shape == (None, size, size, channels)


@pytest.mark.parametrize("row", TRANSPOSED)
def test_transposed_rows(model, row):
    source, channels, size = TRANSPOSED[row]
    layer = layer_at(model, row, keras.layers.Conv2DTranspose)
    assert sources(model, layer) == {source}
    assert (layer.kernel_size, layer.strides) == ((2, 2), (2, 2))
    assert layer.output.shape == (None, size, size, channels)


@pytest.mark.parametrize("row", CONCATENATIONS)
def test_concatenation_rows(model, row):
    inputs, channels, size = CONCATENATIONS[row]
    layer = layer_at(model, row, keras.layers.Concatenate)
    assert sources(model, layer) == set(inputs)
    assert layer.output.shape == (None, size, size, channels)


@pytest.mark.parametrize("row", SUMS)
def test_sum_rows(model, row):
    layer = layer_at(model, row, keras.layers.Add)
    assert sources(model, layer) == set(SUMS[row])
    assert layer.output.shape == (None, 320, 320, 64)


def test_every_row_is_there(model):
    tested = {0, 1, *CONVOLUTIONS, *RELUS, *POOLS, *TRANSPOSED, *CONCATENATIONS, *SUMS}
    assert tested == set(range(80))
    assert {row_of(layer) for layer in model.layers} == tested


def test_published_size(model):
    assert model.count_params() == 24_109_572
    assert round(macs(model) / 1e9) == 138


def test_any_size_that_eight_divides():
    model = zoo.crayon(width=2)
    for height, width in ((8, 8), (64, 40)):
        lab = model({"luma": np.full((1, height, width, 1), 50.0), "hints": np.zeros((1, height, width, 2))})["lab"]
        assert lab.shape == (1, height, width, 3)
        assert np.allclose(keras.ops.convert_to_numpy(lab)[..., 0], 50)


@pytest.mark.parametrize("arguments", [{"input_size": (320, 321)}, {"input_size": (0, 8)}, {"width": 0}])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="Received"):
        zoo.crayon(**arguments)
