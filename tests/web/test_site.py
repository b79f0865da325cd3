"""What the site is written from: decoders for every size, and flags that are wrong."""

import shutil

import numpy as np
import pytest

import zoo
from export.lite_codec import Network
from export.web import __main__ as web
from export.web.server import server
from export.web.templates import template
from zoo.codecs.grid import Grid
from zoo.codecs.payload import DECODERS
from zoo.color_spaces import YCBCR


@pytest.mark.slow
def test_one_file_decodes_grids_of_every_size():
    n, codec, random = 8, zoo.load("crayon_edge-pyramid"), np.random.default_rng(0)
    made = template(codec, n)
    for rows, columns in ((1, 1), (2, 7), (13, 3)):
        luma = random.integers(0, 256, (rows * n, columns * n)).astype(np.uint8)
        grid = random.normal(0, 20, (rows, columns, 2)).astype(np.float32)
        inputs = {"luma": luma[None, ..., None].astype(np.float32), "grid": grid[None]}
        found = Network(made.of(rows, columns), 1).predict_on_batch(inputs)["chroma"][0]
        assert found == pytest.approx(codec(luma, grid, Grid(n, "means", YCBCR)), abs=1e-3)


@pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm")
def test_a_model_that_decodes_no_files_is_refused(tmp_path, refused):
    line = refused(web.main, ["--out", str(tmp_path / "site"), "--model", "crayon-photographs"])
    assert all(name in line for name in DECODERS)
    assert not (tmp_path / "site").exists()


def test_a_folder_of_someone_else_is_left_alone(tmp_path, refused):
    (tmp_path / "site.json").write_text("{}")
    assert "choose another" in refused(web.main, ["--out", str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["site.json"]


def test_without_npm(tmp_path, refused, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "npm is missing" in refused(web.main, ["--out", str(tmp_path / "site")])


@pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm")
def test_a_port_that_cannot_be_had_is_found_out_before_anything_is_written(tmp_path, refused):
    with server(tmp_path, 0) as running:
        for port in (str(running.server_port), "99999"):
            assert "cannot serve" in refused(web.main, ["--out", str(tmp_path / "site"), "--serve", port])
    assert "invalid int" in refused(web.main, ["--serve", "no port"])
    assert not (tmp_path / "site").exists()
