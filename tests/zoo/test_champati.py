"""The small-scale colorizers: published parameter counts, units, VGG's first layers, colours for any photograph."""

import keras
import numpy as np
import pytest

import zoo
from zoo.color_bins import annealed_mean
from zoo.color_spaces import rgb_to_lab
from zoo.models.champati import bin_colors

BUILDERS = {
    "baseline": zoo.champati_baseline,
    "regression": zoo.champati_regression,
    "classification": zoo.champati_classification,
}


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory):
    """A file of the form of VGG16's first block: each filter of the first takes one shifted pixel of one channel."""
    path, random = tmp_path_factory.mktemp("vgg") / "block1.npz", np.random.default_rng(0)
    arrays = {f"block1_conv{i}_kernel": random.normal(0, 0.1, (3, 3, c, 64)) for i, c in ((1, 3), (2, 64))}
    arrays |= {f"block1_conv{i}_bias": random.normal(0, 1, 64) for i in (1, 2)}
    np.savez(path, **{name: array.astype("float32") for name, array in arrays.items()})
    return path


@pytest.fixture(scope="module")
def small(photographs):
    """Three photographs at 32x32."""
    return np.stack([rgb[4::8, 4::8] for rgb in photographs])


def test_published_parameter_counts():
    counts = {name: build().count_params() for name, build in BUILDERS.items()}
    assert counts == {"baseline": 5_327_216, "regression": 1_749_570, "classification": 1_772_401}
    assert zoo.champati_features().count_params() == 324_758


@pytest.mark.parametrize("kind", BUILDERS)
@pytest.mark.parametrize(("space", "white"), [("lab", 100.0), ("yuv", 1.0)])
def test_luma_goes_through(kind, space, white, small):
    model = BUILDERS[kind](color_space=space, width=4)
    luma = small[..., :1] * np.float32(white / 255)
    outputs = model.predict_on_batch({"luma": luma})
    assert outputs[space].shape == (3, 32, 32, 3)
    assert np.allclose(outputs[space][..., :1], luma)
    assert np.abs(outputs[space][..., 1:]).max() < 3 * white


def test_regression_of_rgb(small):
    for build in (zoo.champati_baseline, zoo.champati_regression):
        rgb = build(color_space="rgb", width=4).predict_on_batch({"luma": small[..., :1].astype("float32")})["rgb"]
        assert rgb.shape == (3, 32, 32, 3)


@pytest.mark.parametrize("bins", [49, 313])
def test_colours_are_the_annealed_mean_of_the_bins(bins, small):
    model = zoo.champati_classification(bins=bins, width=4, temperature=0.5)
    luma = rgb_to_lab(small)[..., :1]
    outputs = model.predict_on_batch({"luma": luma})
    assert outputs["bins"].shape == (3, 32, 32, bins)
    expected = annealed_mean(outputs["bins"], bin_colors(bins), 0.5)
    assert np.allclose(outputs["lab"][..., 1:], expected, atol=1e-2)


def test_vgg_sees_grey_less_its_mean(vgg_file, small):
    model = zoo.champati_regression(vgg="frozen", width=4, vgg_weights=vgg_file)
    features = keras.Model(model.input, model.get_layer("vgg_conv1").output)
    luma = np.float32(100 / 255) * small[..., :1]
    file = np.load(vgg_file)
    # One interior pixel by hand: blue, green and red of 0 to 255 are all the grey level.
    patch = np.repeat(np.float32(small[0, 4:7, 9:12, :1]), 3, -1) - np.float32([103.939, 116.779, 123.68])
    expected = np.einsum("ijc,ijcf->f", patch, file["block1_conv1_kernel"]) + file["block1_conv1_bias"]
    assert np.allclose(features.predict_on_batch({"luma": luma})[0, 5, 10], np.maximum(expected, 0), atol=1e-2)


@pytest.mark.parametrize(("vgg", "trained"), [("frozen", 0), ("trainable", 4)])
def test_vgg_is_frozen_or_not(vgg, trained, vgg_file):
    model = zoo.champati_classification(vgg=vgg, width=4, vgg_weights=vgg_file)
    names = [variable.path for variable in model.trainable_variables]
    assert sum("vgg_conv" in name for name in names) == trained
    assert not any("conv01" in name or "conv02" in name for name in names)


def test_dilation_is_in_the_late_pair_of_64():
    dilated = [
        layer.name for layer in zoo.champati_classification().layers if getattr(layer, "dilation_rate", 1) == (2, 2)
    ]
    assert dilated == ["conv11", "conv12"]
    assert {zoo.champati_classification().get_layer(name).filters for name in dilated} == {64}


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        ("baseline", {"input_size": (None, None)}, "Received: input_size"),
        ("baseline", {"input_size": (16, 32)}, "Received: input_size"),
        ("regression", {"color_space": "hsv"}, "Received: color_space='hsv'"),
        ("regression", {"width": 0}, "Received: width=0"),
        ("regression", {"vgg": "melted"}, "Received: vgg='melted'"),
        ("classification", {"color_space": "rgb"}, "Received: color_space='rgb'"),
        ("classification", {"bins": 50}, "Received: count=50"),
        ("classification", {"bins": 313, "color_space": "yuv"}, "Received: color_space='yuv'"),
        ("classification", {"lattice": "right"}, "Received: lattice='right'"),
        ("classification", {"temperature": 0}, "Received: temperature=0"),
    ],
)
def test_bad_arguments(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        BUILDERS[build](**arguments)


@pytest.mark.parametrize("space", ["lab", "yuv", "rgb"])
@pytest.mark.parametrize("shape", [(256, 256, 3), (50, 37), (1, 1, 1), (3, 400, 3)])
def test_colorize_any_photograph(space, shape, photographs):
    image = np.resize(photographs[0][: shape[0], : shape[1]], shape)
    grey = np.resize(image, shape) if len(shape) < 3 or shape[-1] == 1 else image
    colored = zoo.colorize(zoo.champati_regression(color_space=space, width=4), grey)
    assert colored.shape == (*shape[:2], 3)
    assert colored.dtype == np.uint8


@pytest.mark.parametrize("build", BUILDERS.values())
def test_colorize_keeps_luma_and_ignores_colours(build, photographs):
    model = build((32, 32), width=4)
    lightness = np.asarray(rgb_to_lab(photographs[1]))[..., 0]
    grey = np.asarray(zoo.color_spaces.lab_to_rgb(np.stack([lightness, lightness * 0, lightness * 0], -1))).round()
    # Equal but for the rounding of grey to 8 bits.
    difference = zoo.colorize(model, photographs[1]).astype(int) - zoo.colorize(model, grey.astype(np.uint8))
    assert np.abs(difference).mean() < 0.5


def test_colorize_refuses(photographs):
    with pytest.raises(ValueError, match="Received: float32"):
        zoo.colorize(zoo.champati_regression(width=4), np.float32(photographs[0]))
    with pytest.raises(ValueError, match=r"Received: uint8 \(4, 4, 2\)"):
        zoo.colorize(zoo.champati_regression(width=4), np.zeros((4, 4, 2), np.uint8))
    with pytest.raises(ValueError, match="must have an output named"):
        zoo.colorize(zoo.champati_features(width=4), photographs[0])
