"""What the site is written from: decoders for every size, and flags that are wrong."""

import numpy as np
import pytest

import zoo
from export.lite_codec import Network
from export.web import __main__ as web
from export.web.templates import template
from training.command import run
from zoo.codecs.grid import Grid
from zoo.codecs.payload import DECODERS
from zoo.color_spaces import YCBCR


@pytest.mark.parametrize("n", [16, 4])
def test_one_file_decodes_grids_of_every_size(n):
    codec, random = zoo.load("crayon_edge-pyramid"), np.random.default_rng(0)
    made = template(codec, n)
    for rows, columns in ((1, 1), (2, 7), (13, 3)):
        luma = random.integers(0, 256, (rows * n, columns * n)).astype(np.uint8)
        grid = random.normal(0, 20, (rows, columns, 2)).astype(np.float32)
        inputs = {"luma": luma[None, ..., None].astype(np.float32), "grid": grid[None]}
        found = Network(made.of(rows, columns), 1).predict_on_batch(inputs)["chroma"][0]
        assert found == pytest.approx(codec(luma, grid, Grid(n, "means", YCBCR)), abs=1e-3)


def test_a_model_that_decodes_no_files_is_refused(tmp_path, refused):
    line = refused(web.main, ["--out", str(tmp_path / "site"), "--model", "crayon-photographs"])
    assert all(name in line for name in DECODERS)
    assert not (tmp_path / "site").exists()


def test_a_folder_of_someone_else_is_left_alone(tmp_path, refused):
    (tmp_path / "mine.txt").write_text("mine")
    assert "choose another" in refused(web.main, ["--out", str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_npm(tmp_path, refused, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "npm is missing" in refused(web.main, ["--out", str(tmp_path / "site")])
    assert run(web.main, ["--serve", "no port"]) == 2
