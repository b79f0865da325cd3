"""XiaoNet against the structure of its authors' code, layer by layer."""

import re

import keras
import numpy as np
import pytest

import zoo
from zoo.registry import float32_layers, macs

# name: (what it reads, channels, size at 320, dilation, whether it is normalised), all 3x3 and followed by ReLU.
TRUNK = {
    "hints": ("hints_concat", 64, 320, 1, False),
    "luma": ("luma_scale", 64, 320, 1, False),
    "sobel": ("sqrt", 64, 320, 1, False),
    "conv1_1": ("inputs_add", 64, 320, 1, False),
    "conv1_2": ("conv1_1_relu", 64, 320, 1, True),
    "conv2_1": ("conv1_pool", 128, 160, 1, False),
    "conv2_2": ("conv2_1_relu", 128, 160, 1, True),
    "conv3_1": ("conv2_pool", 256, 80, 1, False),
    "conv3_2": ("conv3_1_relu", 256, 80, 1, False),
    "conv3_3": ("conv3_2_relu", 256, 80, 1, True),
    "conv4_1": ("conv3_pool", 512, 40, 1, False),
    "conv4_2": ("conv4_1_relu", 512, 40, 1, False),
    "conv4_3": ("conv4_2_relu", 512, 40, 1, True),
    "conv5_1": ("conv4_3_relu", 512, 40, 2, False),
    "conv5_2": ("conv5_1_relu", 512, 40, 2, False),
    "conv5_3": ("conv5_2_relu", 512, 40, 2, True),
    "conv6_1": ("conv5_3_relu", 512, 40, 2, False),
    "conv6_2": ("conv6_1_relu", 512, 40, 2, False),
    "conv6_3": ("conv6_2_relu", 512, 40, 2, True),
    "conv7_1": ("conv6_3_relu", 512, 40, 1, False),
    "conv7_2": ("conv7_1_relu", 512, 40, 1, False),
    "conv7_3": ("conv7_2_relu", 512, 40, 1, True),
    "conv8_2": ("conv8_1_relu", 256, 80, 1, False),
    "conv8_3": ("conv8_2_relu", 256, 80, 1, True),
    "conv9_2": ("conv9_1_relu", 128, 160, 1, True),
    "conv10_2": ("conv10_1_relu", 128, 320, 1, True),
}
# name: (what goes up, what is joined, channels, size at 320)
WIDENING = {
    "conv8": ("conv7_3_relu", "conv3_3_relu", 256, 80),
    "conv9": ("conv8_3_relu", "conv2_2_relu", 128, 160),
    "conv10": ("conv9_2_relu", "conv1_2_relu", 128, 320),
}
POOLS = {"conv1": "conv1_2_relu", "conv2": "conv2_2_relu", "conv3": "conv3_3_relu"}
# Of the refinement, without a bias: (what it reads, channels, kernel).
REFINEMENT = {
    "refine": ("refine_concat", 64, 3),
    **{f"refine{i}a": (f"refine{i - 1}_add" if i > 1 else "refine_conv", 64, 3) for i in range(1, 9)},
    **{f"refine{i}b": (f"refine{i}a_relu", 64, 3) for i in range(1, 9)},
    "refine_wide": ("refine8_add", 256, 3),
    "refine_out": ("refine_wide_conv", 2, 1),
}
SUMS = {
    "inputs_add": ["hints_relu", "luma_relu", "sobel_relu"],
    **{f"refine{i}_add": [f"refine{i - 1}_add" if i > 1 else "refine_conv", f"refine{i}b_conv"] for i in range(1, 9)},
    "refined_add": ["painted_tanh", "refine_out_conv"],
}


@pytest.fixture(scope="module")
def model():
    return zoo.xiaonet(input_size=(320, 320))


def sources(layer):
    """Names of what a layer reads; Keras numbers those that are none of ours."""
    (node,) = layer._inbound_nodes
    return [re.sub(r"^sqrt_\d+$", "sqrt", parent.operation.name) for parent in node.parent_nodes]


@pytest.mark.parametrize("name", TRUNK)
def test_trunk(model, name):
    source, channels, size, dilation, normalized = TRUNK[name]
    layer, after = model.get_layer(f"{name}_conv"), f"{name}_norm" if normalized else f"{name}_conv"
    assert sources(layer) == [source]
    assert layer.output.shape == (None, size, size, channels)
    assert (layer.kernel_size, layer.dilation_rate, layer.strides) == ((3, 3), (dilation, dilation), (1, 1))
    assert layer.use_bias is not normalized
    assert layer.activation is keras.activations.linear
    assert sources(model.get_layer(f"{name}_relu")) == [after]
    if normalized:
        assert sources(model.get_layer(after)) == [f"{name}_conv"]


@pytest.mark.parametrize("block", WIDENING)
def test_widening(model, block):
    source, joined, channels, size = WIDENING[block]
    up, skip = model.get_layer(f"{block}_1_conv_transpose"), model.get_layer(f"{block}_skip_conv")
    assert (sources(up), sources(skip)) == ([source], [joined])
    assert (up.kernel_size, up.strides, skip.kernel_size) == ((4, 4), (2, 2), (3, 3))
    assert up.output.shape == skip.output.shape == (None, size, size, channels)
    assert sources(model.get_layer(f"{block}_1_add")) == [skip.name, up.name]
    assert sources(model.get_layer(f"{block}_1_relu")) == [f"{block}_1_add"]


@pytest.mark.parametrize("name", REFINEMENT)
def test_refinement(model, name):
    source, channels, kernel = REFINEMENT[name]
    layer = model.get_layer(f"{name}_conv")
    assert sources(layer) == [source]
    assert layer.output.shape == (None, 320, 320, channels)
    assert (layer.kernel_size, layer.use_bias) == ((kernel, kernel), False)


def test_what_joins(model):
    assert {name: sources(model.get_layer(name)) for name in SUMS} == SUMS
    assert sources(model.get_layer("refine_concat")) == ["painted_tanh", "luma_scale"]
    assert sources(model.get_layer("painted_conv")) == ["conv10_2_relu"]
    assert sources(model.get_layer("refined_tanh")) == ["refined_add"]


def test_every_second_pixel_is_kept(model):
    for block, source in POOLS.items():
        layer = model.get_layer(f"{block}_pool")
        assert (sources(layer), layer.pool_size, layer.strides) == ([source], (1, 1), (2, 2))


def test_every_layer_with_weights_is_there(model):
    tested = {f"{name}_conv" for name in (*TRUNK, *REFINEMENT, "painted", *(f"{block}_skip" for block in WIDENING))}
    tested |= {f"{name}_norm" for name, (*_, normalized) in TRUNK.items() if normalized}
    tested |= {f"{block}_1_conv_transpose" for block in WIDENING}
    assert {layer.name for layer in model.layers if layer.weights} == tested


def test_layers_that_stay_float32_are_there(model):
    assert float32_layers(model) == ("lab_concat", "refined_add")
    assert all(model.get_layer(name) for name in float32_layers(model))


def test_published_size(model):
    """Without and with the branch for theme colours, and what of it is the refinement's."""
    theme = 7 * 3 * 512 + 3 * 512 * 512 + 4 * 4 * 512
    refinement = sum(layer.count_params() for layer in model.layers if layer.name.startswith("refine"))
    assert model.count_params() == 34_831_490
    assert (refinement, model.count_params() + theme) == (739_520, 35_636_866)
    assert round(macs(model) / 1e9) == 197


def test_what_the_network_sees(photographs):
    """The Sobel gradient of scaled L*, and a mask of hints that are not zero when rounded."""
    from scipy import ndimage

    model = zoo.xiaonet((64, 48), width=1)
    parts = keras.Model(
        model.input, [model.get_layer("sobel_conv").input, model.get_layer("hints_concat").output], name="parts"
    )
    luma = photographs[0][:64, :48, 1].astype("float32") / 2.55
    hints = np.zeros((64, 48, 2), "float32")
    hints[8, 4], hints[8, 8], hints[8, 12] = (0, -0.6), (0.4, -0.4), (30, 20)
    steepness, seen = (np.asarray(x)[0] for x in parts({"luma": luma[None, ..., None], "hints": hints[None]}))
    scaled = luma / 50 - 1
    across, down = (ndimage.sobel(scaled, axis, mode="constant") for axis in (1, 0))
    assert np.allclose(steepness[..., 0], np.hypot(across, down), atol=1e-4)
    assert np.argwhere(seen[..., 2]).tolist() == [[8, 4], [8, 12]]
    assert np.allclose(seen[..., :2], (hints + 128) / 255 * 2 - 1, atol=1e-6)


def test_any_size_that_eight_divides():
    model = zoo.xiaonet(width=2)
    for height, width in ((8, 8), (64, 40)):
        lab = model({"luma": np.full((1, height, width, 1), 50.0), "hints": np.zeros((1, height, width, 2))})["lab"]
        assert lab.shape == (1, height, width, 3)
        assert np.allclose(keras.ops.convert_to_numpy(lab)[..., 0], 50)


@pytest.mark.parametrize("arguments", [{"input_size": (320, 321)}, {"input_size": (0, 8)}, {"width": 0}])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="Received"):
        zoo.xiaonet(**arguments)
