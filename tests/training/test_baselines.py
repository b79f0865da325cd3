"""Classical colour propagation on real photographs, and each method's own definition."""

import numpy as np
import pytest

from training.baselines import propagation as baselines
from training.metrics.images import psnr
from zoo.codecs.grid import Grid, through

ALL = {**baselines.FAST, "levin": baselines.levin}


def quality(decoder, photographs, n, kind):
    return np.mean([psnr(rgb, through(decoder, rgb, Grid(n, kind))) for rgb in photographs])


@pytest.mark.parametrize("kind", ["points", "means"])
@pytest.mark.parametrize("n", [16, 20])
def test_better_methods_are_better_on_photographs(photographs, n, kind):
    small = [rgb[:128, :128] for rgb in photographs]
    order = [baselines.grey, baselines.nearest, baselines.bilinear, baselines.levin]
    measured = [quality(decoder, small, n, kind) for decoder in order]
    assert measured == sorted(measured)
    assert quality(baselines.joint_bilateral, small, n, kind) > measured[1]


@pytest.mark.parametrize("kind", ["points", "means"])
@pytest.mark.parametrize("name", [name for name in ALL if name != "grey"])
def test_a_flat_colour_stays(name, kind, photographs):
    luma, grid = Grid(7, kind).encode(photographs[0][:50, :37])
    flat = np.broadcast_to(np.float32([30, -20]), grid.shape)
    assert np.allclose(ALL[name](luma, flat, Grid(7, kind)), [30, -20], atol=1e-2)


@pytest.mark.parametrize("name", ["nearest", "bilinear", "bicubic"])
def test_interpolation_keeps_the_points(name, photographs):
    luma, grid = Grid(6, "points").encode(photographs[0][:60, :41])
    decoded = ALL[name](luma, grid, Grid(6))
    assert np.allclose(decoded[::6, ::6], grid, atol=1e-3)


def test_levin_keeps_points_and_nearly_keeps_means(photographs):
    luma, points = Grid(8, "points").encode(photographs[0][:64, :48])
    assert np.array_equal(baselines.levin(luma, points, Grid(8))[::8, ::8], points)
    _, means = Grid(8, "means").encode(photographs[0][:64, :48])
    decoded = baselines.levin(luma, means, Grid(8, "means"))
    back = decoded.reshape(8, 8, 6, 8, 2).mean((1, 3))
    assert np.abs(back - means).mean() < 0.1 * np.abs(means - means.mean((0, 1))).mean()


def test_joint_bilateral_follows_an_edge():
    luma = np.where(np.arange(40) < 18, 20.0, 80.0) * np.ones((40, 1))
    grid = np.where(np.arange(4) * 10 < 18, 50.0, -50.0)[None, :, None] * np.ones((4, 1, 2))
    decoded = baselines.joint_bilateral(luma, grid, Grid(10))
    assert np.allclose(decoded, np.where(luma < 50, 50, -50)[..., None], atol=0.1)
