"""What the tests of exports share."""

import pytest

from export import calibration


@pytest.fixture(scope="module", autouse=True)
def few_views():
    """Files are calibrated on 8 views: that is enough for what the tests ask of int8, and takes a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "CALIBRATION_VIEWS", 8)
        yield


@pytest.fixture(scope="session")
def p3_profile():
    """The ICC profile of colours that are further apart than those of sRGB."""
    from training.data.pixels import _png_profile

    return _png_profile(1 / 2.2, (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06), "RGB")
