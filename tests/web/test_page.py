"""The page, in Chromium."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from export import codec
from export.bases import encode_base
from export.benches.costs import mosaic
from export.color_files import decoded, opened
from export.containers import PAYLOAD, attach, records
from export.kinds import KINDS
from export.web import __main__ as web
from export.web.packages import browser, install
from export.web.server import address, server
from training.command import run
from zoo.codecs import payload
from zoo.codecs.pyramid import LADDER, Layout, Pyramid, luma_and_grids

BROWSER = browser()
HEIGHT, WIDTH = 100, 120


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The folder of the npm packages, those of tests as well."""
    if not shutil.which("npm") or not BROWSER:
        pytest.skip("there is no npm, or no Chromium")
    folder = tmp_path_factory.mktemp("modules")
    install(folder)
    return folder


@pytest.fixture(scope="module")
def site(modules, tmp_path_factory):
    """The address of the page."""
    folder = tmp_path_factory.mktemp("site") / "site"
    assert run(web.main, ["--out", str(folder)]) == 0
    with server(folder, 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield address(running)
        running.shutdown()


@pytest.fixture(scope="module")
def photos(photographs, tmp_path_factory):
    """A photograph, colour-grid files of it by Python with the pixels that Python decodes, and what is damaged."""
    folder = tmp_path_factory.mktemp("photos")
    Image.fromarray(photographs[0][:HEIGHT, :WIDTH]).save(folder / "photo.png")
    (folder / "text.jpg").write_text("no picture")
    Image.fromarray(photographs[0][:10, :12]).save(folder / "tiny.png")
    for kind, suffix in KINDS.items():
        arguments = ["encode", str(folder / "photo.png"), "--kind", kind, "--effort", "0", "--out", str(folder / kind)]
        assert run(codec.main, arguments) == 0
        data = (folder / kind / f"photo{suffix}").read_bytes()
        rgb = decoded(opened(data), zoo.load(codec.DECODER)).rgb
        np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]).tofile(folder / kind / "photo.rgba")
    data = (folder / "jpeg" / "photo.jpg").read_bytes()
    payload = bytearray(records(data)[PAYLOAD])
    payload[-1] ^= 1
    (folder / "damaged.jpg").write_bytes(attach(data, {PAYLOAD: bytes(payload)}))
    return folder


def _node(script, **environment):
    """Runs a script of tests in node."""
    done = subprocess.run(
        ["node", "--test", str(Path(__file__).with_name(script))],
        env={**os.environ, "BROWSER": BROWSER, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_page_in_chromium(modules, site, photos, tmp_path):
    _node("page.test.mjs", SITE=site, MODULES=modules, PHOTOS=photos, OUT=tmp_path)
    assert (tmp_path / "done").exists()
    for kind in ("webp", "avif", "jpg"):
        saved = decoded(opened((tmp_path / f"photo.{kind}").read_bytes()), zoo.load(codec.DECODER)).rgb
        assert saved.shape == (HEIGHT, WIDTH, 3)
    png = np.asarray(Image.open(tmp_path / "photo.png").convert("RGB"))
    assert np.abs(png.astype(int) - saved).max() <= 1


@pytest.mark.slow
def test_large_pictures_and_many_runs(modules, site, photos, photographs, tmp_path):
    rgb = mosaic(photographs, (4000, 6000))
    luma, grids = luma_and_grids(rgb)
    pyramid = Pyramid(Layout(luma.shape, *LADDER[0]), luma, zoo.load(codec.DECODER))
    record = payload.write(pyramid.layout, pyramid.encode(grids, payload.priors())[0], codec.DECODER)
    (tmp_path / "large.jpg").write_bytes(attach(encode_base(luma, "jpeg", 90), {PAYLOAD: record}))
    sys.stdout.write(
        _node("large.test.mjs", SITE=site, MODULES=modules, LARGE=tmp_path / "large.jpg", PHOTO=photos / "photo.png")
    )
