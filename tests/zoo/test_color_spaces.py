"""Colour spaces against scikit-image, on every colour of a fine lattice."""

import numpy as np
import pytest
from skimage import color

from zoo import color_spaces


@pytest.fixture(scope="module")
def lattice():
    """All of sRGB in steps of 5, the corners included: (52, 52, 52, 3)."""
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), -1)


def test_lab_equals_scikit_image(lattice):
    lab = np.asarray(color_spaces.rgb_to_lab(lattice))
    assert np.abs(lab - color.rgb2lab(lattice)).max() < 1e-3


def test_lab_back_to_rgb(lattice):
    rgb = np.asarray(color_spaces.lab_to_rgb(color_spaces.rgb_to_lab(lattice)))
    assert np.abs(rgb - lattice).max() < 0.01


@pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")
def test_lab_outside_the_gamut_equals_scikit_image():
    lab = np.stack(np.meshgrid(*(np.linspace(a, b, 21) for a, b in ((0, 100), (-120, 120), (-120, 120)))), -1)
    assert np.abs(np.asarray(color_spaces.lab_to_rgb(lab)) - 255 * color.lab2rgb(lab)).max() < 0.05


def test_yuv_equals_scikit_image_and_inverts(lattice):
    yuv = np.asarray(color_spaces.rgb_to_yuv(lattice))
    assert np.abs(yuv - color.rgb2yuv(lattice)).max() < 1e-3
    assert np.abs(np.asarray(color_spaces.yuv_to_rgb(yuv)) - lattice).max() < 0.01


def test_ycbcr_is_that_of_jpeg(lattice):
    from PIL import Image

    flat = lattice.reshape(1, -1, 3)
    jpeg = np.asarray(Image.fromarray(flat).convert("YCbCr"), int) - [0, 128, 128]
    ycbcr = np.asarray(color_spaces.rgb_to_ycbcr(flat))
    assert np.abs(ycbcr - jpeg).max() < 1.01  # Pillow truncates
    assert np.abs(np.asarray(color_spaces.ycbcr_to_rgb(ycbcr)) - flat).max() < 0.01


@pytest.mark.parametrize(
    "name", ["rgb_to_lab", "lab_to_rgb", "rgb_to_yuv", "yuv_to_rgb", "rgb_to_ycbcr", "ycbcr_to_rgb"]
)
@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 4), (8, 8, 1), (3, 8, 8), ()])
def test_three_colors(name, shape):
    taken = name.split("_to_")[0]
    with pytest.raises(ValueError, match=rf"`{taken}` must be \(\.\.\., 3\)\. Received: uint8 \("):
        getattr(color_spaces, name)(np.zeros(shape, np.uint8))
