"""Colour bins: the published lattices, labels on real photographs, and the limits of the annealed mean."""

import numpy as np
import pytest
from keras import ops

from zoo.color_bins import annealed_mean, nearest_bin, soft_encode, square_bins, zhang_bins
from zoo.color_spaces import rgb_to_lab, rgb_to_yuv

SIZES = (49, 64, 81, 100)


@pytest.fixture(scope="module")
def chroma(photographs):
    """a* and b* of every seventh pixel of three photographs."""
    return np.concatenate([np.asarray(rgb_to_lab(rgb))[::7, ::7, 1:].reshape(-1, 2) for rgb in photographs])


@pytest.mark.parametrize("count", SIZES)
def test_published_lattice(count):
    bins, side = square_bins(count), round(count**0.5)
    assert bins.shape == (count, 2)
    assert bins.min() == -110
    assert bins.max() == pytest.approx(110 - 220 / side, abs=1e-4)
    assert np.allclose(np.diff(bins[:side, 1]), 220 / side, atol=1e-4)
    to_grey = np.hypot(*bins.T).min()
    assert to_grey == pytest.approx({49: 15.7 * 2**0.5, 64: 0, 81: 12.2 * 2**0.5, 100: 0}[count], abs=0.1)
    assert np.allclose(square_bins(count, lattice="center") - bins, 110 / side, atol=1e-4)


def test_uv_lattice_and_what_lies_beyond(photographs):
    bins = square_bins(81, "yuv")
    assert (bins.min(), round(float(bins.max()), 4)) == (-0.5, round(0.5 - 1 / 9, 4))
    red = np.asarray(rgb_to_yuv(np.uint8([[255, 0, 0]])))[..., 1:]
    assert red[0, 1] > 0.6
    assert bins[int(nearest_bin(red, bins)[0])][1] == bins.max()


def test_zhang_313():
    bins = zhang_bins()
    assert bins.shape == (313, 2)
    assert len(np.unique(bins, axis=0)) == 313
    assert (bins % 10 == 0).all()
    assert [0, 0] in bins.tolist()
    assert bins[0].tolist() == [-90, 50]
    assert bins[-1].tolist() == [100, 0]


@pytest.mark.parametrize("bins", [*map(square_bins, SIZES), zhang_bins()], ids=[*map(str, SIZES), "313"])
def test_labels_are_those_of_a_search(bins, chroma):
    distance = np.square(chroma[:, None] - bins[None]).sum(-1)
    labels = np.asarray(nearest_bin(chroma, bins))
    assert labels.dtype == np.int32
    assert np.allclose(distance[np.arange(len(chroma)), labels], distance.min(1), atol=1e-2)
    assert len(np.unique(labels)) > 3


def test_soft_encoding(chroma):
    bins = zhang_bins()
    encoded = np.asarray(soft_encode(chroma, bins))
    assert np.allclose(encoded.sum(-1), 1, atol=1e-5)
    assert ((encoded > 0).sum(-1) <= 5).all()
    assert np.array_equal(encoded.argmax(-1), np.asarray(nearest_bin(chroma, bins)))
    distance = np.square(chroma[0] - bins).sum(-1)
    five = np.sort(np.argsort(distance)[:5])
    weights = np.exp(-distance[five] / 50)
    assert np.allclose(encoded[0, five], weights / weights.sum(), atol=1e-4)


def test_annealed_mean(chroma):
    bins = square_bins(81)
    logits = -np.square(chroma[:50, None] - bins[None]).sum(-1) / 2000
    probabilities = ops.convert_to_numpy(ops.softmax(logits))
    assert np.allclose(annealed_mean(logits, bins, 1), probabilities @ bins, atol=1e-3)
    assert np.allclose(annealed_mean(logits, bins, 1e-4), bins[probabilities.argmax(-1)], atol=1e-2)
    power = probabilities.astype(float) ** (1 / 0.38)
    expected = power / power.sum(-1, keepdims=True) @ bins
    assert np.allclose(annealed_mean(logits, bins), expected, atol=1e-2)
    assert np.allclose(annealed_mean(np.log(probabilities + 1e-30), bins), expected, atol=1e-2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: square_bins(50), "Received: count=50"),
        (lambda: square_bins(-4), "Received: count=-4"),
        (lambda: square_bins(49, "rgb"), "Received: space='rgb'"),
        (lambda: square_bins(49, lattice="right"), "Received: lattice='right'"),
        (lambda: annealed_mean(np.ones((1, 49)) / 49, square_bins(49), 0), "Received: temperature=0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
