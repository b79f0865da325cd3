"""Programs that know nothing of colour-grid files show them as the grey photographs that they are."""

import shutil
import subprocess

import numpy as np
import pytest

from export import codec
from export.bases import decode_base
from training.data.pixels import read_image

KINDS = tuple(codec.KINDS)
SIDE = 160


@pytest.fixture(scope="module")
def files(photographs, tmp_path_factory):
    """Files of a photograph by kind."""
    folder = tmp_path_factory.mktemp("files")
    paths = {kind: folder / f"photo{suffix}" for kind, suffix in codec.KINDS.items()}
    for path in paths.values():
        codec.save(photographs[0][:SIDE, :SIDE], path, quality=80)
    return paths


@pytest.mark.skipif(not shutil.which("convert"), reason="needs ImageMagick")
@pytest.mark.parametrize("kind", KINDS)
def test_imagemagick(kind, files, tmp_path):
    found = tmp_path / "found.png"
    done = subprocess.run(["convert", files[kind], found], capture_output=True, text=True, check=False)
    if "no decode delegate" in done.stderr:
        pytest.skip(f"an ImageMagick without {kind}")
    assert_shown(read_image(found)[0], files[kind])


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")
def test_chromium(files, tmp_path):
    """All kinds side by side on a page, of which a screenshot is taken."""
    images = "".join(f'<img src="{path.as_uri()}">' for path in files.values())
    page, screenshot = tmp_path / "page.html", tmp_path / "screenshot.png"
    page.write_text(f'<body style="margin:0;font-size:0;white-space:nowrap">{images}')
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"]
    size = f"--window-size={len(files) * SIDE},{SIDE}"
    subprocess.run(["chromium", *options, size, f"--screenshot={screenshot}", page.as_uri()], check=True)
    print(screenshot)
    shown = read_image(screenshot)[0]
    for index, path in enumerate(files.values()):
        assert_shown(shown[:SIDE, index * SIDE : (index + 1) * SIDE], path)


def assert_shown(rgb, path):
    """An image is the luma of a file: grey, and within two levels, for browsers have converters of their own."""
    luma = decode_base(path.read_bytes())[0].astype(int)
    assert np.ptp(rgb.astype(int), axis=-1).max() <= 1
    assert np.abs(rgb[..., 0] - luma).max() <= 2
