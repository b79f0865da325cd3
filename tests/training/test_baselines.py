"""Classical colour propagation on real photographs, and each method's own definition."""

import numpy as np
import pytest

from training.baselines import propagation as baselines
from training.metrics.images import psnr
from zoo.codecs.grid import decode_image, encode_image


def quality(decoder, photographs, n, kind):
    return np.mean([psnr(rgb, decode_image(decoder, rgb, n, kind)) for rgb in photographs])


@pytest.mark.parametrize("kind", ["points", "means"])
@pytest.mark.parametrize("n", [16, 20])
def test_better_methods_are_better_on_photographs(photographs, n, kind):
    small = [rgb[:128, :128] for rgb in photographs]
    order = [baselines.grey, baselines.nearest, baselines.bilinear, baselines.levin]
    measured = [quality(decoder, small, n, kind) for decoder in order]
    assert measured == sorted(measured)
    assert quality(baselines.joint_bilateral, small, n, kind) > measured[1]


@pytest.mark.parametrize("kind", ["points", "means"])
@pytest.mark.parametrize("name", [name for name in baselines.BASELINES if name != "grey"])
def test_a_flat_colour_stays(name, kind, photographs):
    luma, grid = encode_image(photographs[0][:50, :37], 7, kind)
    flat = np.broadcast_to(np.float32([30, -20]), grid.shape)
    assert np.allclose(baselines.BASELINES[name](luma, flat, 7, kind), [30, -20], atol=1e-2)


@pytest.mark.parametrize("name", ["nearest", "bilinear", "bicubic"])
def test_interpolation_keeps_the_points(name, photographs):
    luma, grid = encode_image(photographs[0][:60, :41], 6, "points")
    decoded = baselines.BASELINES[name](luma, grid, 6, "points")
    assert np.allclose(decoded[::6, ::6], grid, atol=1e-3)


def test_levin_keeps_points_and_nearly_keeps_means(photographs):
    luma, points = encode_image(photographs[0][:64, :48], 8, "points")
    assert np.array_equal(baselines.levin(luma, points, 8, "points")[::8, ::8], points)
    _, means = encode_image(photographs[0][:64, :48], 8, "means")
    decoded = baselines.levin(luma, means, 8, "means")
    back = decoded.reshape(8, 8, 6, 8, 2).mean((1, 3))
    assert np.abs(back - means).mean() < 0.1 * np.abs(means - means.mean((0, 1))).mean()


def test_joint_bilateral_follows_an_edge():
    luma = np.where(np.arange(40) < 18, 20.0, 80.0) * np.ones((40, 1))
    grid = np.where(np.arange(4) * 10 < 18, 50.0, -50.0)[None, :, None] * np.ones((4, 1, 2))
    decoded = baselines.joint_bilateral(luma, grid, 10, "points")
    assert np.allclose(decoded, np.where(luma < 50, 50, -50)[..., None], atol=0.1)
