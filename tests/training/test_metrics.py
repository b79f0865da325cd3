"""Metrics against their definitions and scikit-image."""

import tracemalloc

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from training.metrics import images as metrics
from training.metrics import perceptual
from training.metrics.rates import paper_relative_size, relative_size


@pytest.fixture
def pair(photographs):
    """A photograph, and the same in 16 levels a channel."""
    return photographs[0], photographs[0] // 16 * 16 + 8


def test_psnr(pair):
    assert metrics.psnr(*pair) == pytest.approx(peak_signal_noise_ratio(*pair))
    assert metrics.psnr(pair[0], pair[0]) == pytest.approx(100)


def test_differences_as_eyes_see_them(pair):
    same = (pair[0], pair[0])
    assert (perceptual.ssimulacra2(*same), perceptual.flip(*same)) == pytest.approx((100, 0), abs=1e-6)
    assert perceptual.ssimulacra2(*pair) < 90
    assert 0.01 < perceptual.flip(*pair) < 0.5


def test_chroma_psnr_ignores_lightness(pair):
    from skimage.color import rgb2lab

    error = (rgb2lab(pair[0]) - rgb2lab(pair[1]))[..., 1:]
    assert metrics.chroma_psnr(*pair) == pytest.approx(20 * np.log10(255 / np.sqrt((error**2).mean())))


def test_equal_images_are_perfect(pair):
    assert metrics.ssim(pair[0], pair[0]) == pytest.approx(1)
    assert metrics.csim(pair[0], pair[0]) == pytest.approx(1)
    assert metrics.ciede2000(pair[0], pair[0]) == 0


def test_more_error_is_worse(photographs):
    for name, metric in metrics.METRICS.items():
        values = [metric(photographs[0], photographs[0] // step * step) for step in (4, 16, 64)]
        assert values == sorted(values, reverse=name != "ciede2000"), name


def test_relative_sizes_of_the_paper():
    steps = (6, 15, 20, 40, 50, 60, 80, 100)
    paper = (0.3611, 0.3378, 0.3358, 0.3340, 0.3337, 0.3336, 0.3335, 0.3334)
    assert tuple(round(paper_relative_size(n), 4) for n in steps) == pytest.approx(paper, abs=1.01e-4)
    assert relative_size(20, 320, 320) == pytest.approx(1 / 3 + 2 / (3 * 20**2))
    assert relative_size(6, 320, 320) == pytest.approx(1 / 3 + 2 * 54**2 / (3 * 320**2))


def test_psnr_of_large_images_needs_little_memory(photographs):
    """The same figure, to the last bit, as of all errors at once."""
    original = np.tile(photographs[0], (5, 6, 1))
    decoded = original // 8 * 8
    whole = -10 * np.log10(np.mean(np.square(original.astype(float) - decoded)) / 255**2)
    tracemalloc.start()
    found = metrics.psnr(original, decoded)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == whole
    assert peak < 6 * original.size


def test_psnr_of_images_of_two_shapes(photographs):
    with pytest.raises(ValueError, match=r"one shape\. Received: \(256, 256, 3\) and \(1, 256, 3\)"):
        metrics.psnr(photographs[0], photographs[0][:1])
