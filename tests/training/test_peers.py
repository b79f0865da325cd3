"""The bytes of a colour grid, and JPEG's colours for as many."""

import numpy as np

from training.baselines.image_codecs import grid_bytes, jpeg_colors
from training.metrics.images import psnr
from zoo.codecs.grid import Grid
from zoo.color_spaces import YCBCR


def test_a_grid_costs_less_than_its_raw_bytes(photographs):
    for rgb in photographs:
        coarse, fine = (grid_bytes(Grid(n, "means", YCBCR).encode(rgb)[1]) for n in (16, 8))
        assert 60 < coarse < fine < 2 * 32 * 32


def test_jpeg_is_better_with_more_bytes_and_keeps_the_luma(photographs):
    rgb = photographs[0]
    views, spent = zip(*(jpeg_colors(rgb, most) for most in (700, 1500, 4000)), strict=True)
    assert all(actual <= most for actual, most in zip(spent, (700, 1500, 4000), strict=True))
    quality = [psnr(rgb, view) for view in views]
    assert quality == sorted(quality)
    unclipped = ((views[2] > 2) & (views[2] < 253)).all(-1)
    error = np.asarray(YCBCR.from_rgb(views[2]) - YCBCR.from_rgb(rgb))[..., 0]
    assert np.abs(error[unclipped]).max() < 1


def test_jpeg_without_enough_bytes_takes_the_fewest(photographs):
    view, spent = jpeg_colors(photographs[0], 0)
    assert spent > 0
    assert view.shape == photographs[0].shape
