"""Random views of real photographs: each another, and what compression touches."""

import numpy as np
import pytest

from training.command import CommandError
from training.data.luma import CODECS, compress_luma
from training.data.sources import open_dataset
from training.data.views import RandomViews, random_view
from zoo.color_spaces import rgb_to_ycbcr


def chroma(rgb):
    return np.asarray(rgb_to_ycbcr(rgb))[..., 1:]


def luma(rgb):
    return np.asarray(rgb_to_ycbcr(rgb))[..., 0]


def test_batches_differ_and_come_again():
    views = RandomViews([open_dataset("samples")], "train", seed=3)
    first, second = (rgb.numpy() for rgb, _ in views.batches(64, 4, stream=0).take(2))
    assert first.shape == (4, 64, 64, 3)
    assert first.dtype == np.uint8
    assert not np.array_equal(first, second)
    again = next(iter(views.batches(64, 4, stream=0, first=1)))[0].numpy()
    assert np.array_equal(second, again)
    assert not np.array_equal(first, next(iter(views.batches(64, 4, stream=1)))[0].numpy())


def test_views_are_parts_of_the_photograph(photographs):
    """At full size a view is a crop, or its mirror image; its mean colour lies within the photograph's range."""
    rgb = photographs[0]
    windows = np.lib.stride_tricks.sliding_window_view(rgb, (32, 32), axis=(0, 1)).reshape(-1, 3, 32, 32)
    known = {window.tobytes() for window in windows[:, :, :1, :].transpose(0, 2, 3, 1)}
    found = 0
    for seed in range(40):
        seen, view = random_view(np.random.default_rng(seed), [[rgb]], 32)
        assert seen.shape == view.shape == (32, 32, 3)
        found += view[:1].tobytes() in known or view[:1, ::-1].tobytes() in known
    assert 8 <= found <= 28


@pytest.mark.parametrize("codec", CODECS)
def test_compression_touches_luma_alone(codec, photographs):
    rgb = photographs[1]
    unclipped = (rgb > 40).all(-1) & (rgb < 215).all(-1)
    errors = []
    for quality in CODECS[codec]:
        seen = compress_luma(rgb, codec, quality)
        assert np.abs(chroma(seen) - chroma(rgb))[unclipped].mean() < 1
        errors.append(np.abs(luma(seen) - luma(rgb)).mean())
    assert errors[0] > errors[1] > 0.2


def test_photographs_that_are_too_small_are_refused():
    with pytest.raises(CommandError, match="at least 300x300"):
        RandomViews([open_dataset("samples")], "train", 0).batches(300, 1, 0)
