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
from export.color_files import decoded, opened
from export.containers import PAYLOAD, attach, records
from export.kinds import KINDS
from export.web import __main__ as web
from export.web.packages import browser, install
from export.web.server import server
from training.command import run

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
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


@pytest.fixture(scope="module")
def photos(photographs, tmp_path_factory):
    """A photograph, colour-grid files of it by Python with the pixels that Python decodes, and what is damaged."""
    folder = tmp_path_factory.mktemp("photos")
    Image.fromarray(photographs[0][:HEIGHT, :WIDTH]).save(folder / "photo.png")
    (folder / "text.jpg").write_text("no picture")
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


def test_the_page_in_chromium(modules, site, photos, tmp_path):
    environment = {"SITE": site, "BROWSER": BROWSER, "MODULES": modules, "PHOTOS": photos, "OUT": tmp_path}
    script = Path(__file__).with_name("page.test.mjs")
    done = subprocess.run(
        ["node", "--test", str(script)],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
    )
    sys.stdout.write(done.stdout)
    assert done.returncode == 0
    assert (tmp_path / "done").exists()
    for kind in ("webp", "avif", "jpg"):
        saved = decoded(opened((tmp_path / f"photo.{kind}").read_bytes()), zoo.load(codec.DECODER)).rgb
        assert saved.shape == (HEIGHT, WIDTH, 3)
    png = np.asarray(Image.open(tmp_path / "photo.png").convert("RGB"))
    assert np.abs(png.astype(int) - saved).max() <= 1
