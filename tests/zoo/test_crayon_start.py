"""What Crayon makes of hints before any training, with the weights of `zoo.models.crayon_start`."""

import numpy as np
import pytest

import zoo
from training.baselines.propagation import nearest
from training.data.pixels import read_image
from training.data.sources import SAMPLES
from training.metrics.images import psnr
from zoo.codecs.grid import Grid, HintsCodec, through
from zoo.models.crayon_start import interpolating


@pytest.fixture(scope="module")
def codec():
    return HintsCodec(interpolating(zoo.crayon(width=8)))


@pytest.fixture(scope="module")
def many():
    """More photographs than the usual three: at n = 40 a few spots of colour decide."""
    return [read_image(path)[0] for path in sorted((SAMPLES / "train").glob("*.webp"))[::2]]


@pytest.mark.parametrize("n", [8, 15, 20, 40])
def test_an_untrained_network_interpolates(codec, n, many):
    """Within 0.5 dB of taking the nearest colour, at every step."""
    ours, theirs = (np.mean([psnr(rgb, through(each, rgb, Grid(n))) for rgb in many]) for each in (codec, nearest))
    assert ours > theirs - 0.5


def test_a_narrow_one_is_refused():
    with pytest.raises(ValueError, match="at least 4. Received: width=3"):
        interpolating(zoo.crayon(width=3))
