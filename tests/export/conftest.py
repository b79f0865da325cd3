"""What the tests of exports share."""

import pytest

from export import calibration


@pytest.fixture(scope="module", autouse=True)
def few_views():
    """Files are calibrated on 8 views: that is enough for what the tests ask of int8, and takes a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "CALIBRATION_VIEWS", 8)
        yield
