"""The shipped edge decoder: exported from its name, equal to Keras, and in tiles equal to itself."""

import json

import numpy as np
import pytest
from PIL import Image

from export import __main__ as export
from export import profile, tiles
from export.calibration import view
from export.runtime import open_decoder
from export.tiling import decode_tiled
from training.loop.run_folder import load_run
from training.metrics.images import psnr
from zoo.codecs.grid import Grid, through
from zoo.color_spaces import YCBCR

N, SIZE, TILE = 8, 384, 256


@pytest.fixture(scope="module")
def large(photographs):
    """A photograph of the whole size, mirrored at its border."""
    return view(photographs[0], (SIZE, SIZE))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Decoders of whole photographs and of tiles."""
    folder = tmp_path_factory.mktemp("exports")
    for side in (SIZE, TILE):
        argv = ["crayon_edge", "--size", str(side), "--n", str(N), "--quantize", "float32", "int8"]
        assert export.main([*argv, "--out", str(folder / str(side))]) == 0
    return folder


def inputs_of(rgb):
    seen = Grid(N, "means", YCBCR).keep(rgb)
    return {"luma": seen.luma[None, ..., None], "grid": seen.grid[None]}


def test_quantised_parity(exported, photographs):
    """The int8 file is within 0.15 dB of the float model on photographs, and under 1 MB."""
    path = exported / str(TILE) / "decoder_int8.tflite"
    assert path.stat().st_size < 1e6
    int8, decoder = open_decoder(path), load_run("crayon_edge").codec
    for rgb in photographs:
        decoded = int8(inputs_of(rgb))[0]
        assert decoded.dtype == np.uint8
        assert psnr(rgb, decoded) > psnr(rgb, through(decoder, rgb, Grid(N, "means", YCBCR))) - 0.15


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_tiles_equal_the_whole(exported, large, precision):
    """With an overlap of all that a pixel sees there is no seam; with one cell there is one of several levels."""
    whole, tile = (open_decoder(exported / str(side) / f"decoder_{precision}.tflite") for side in (SIZE, TILE))
    inputs = inputs_of(large)
    expected = whole(inputs)[0].astype(int)
    inputs = {name: value[0] for name, value in inputs.items()}
    assert np.abs(decode_tiled(tile, **inputs, n=N) - expected).max() <= 1
    assert np.abs(decode_tiled(tile, **inputs, n=N, overlap=1) - expected).max() > 2


def test_odd_sizes_in_tiles(exported, photographs):
    tile = open_decoder(exported / str(TILE) / "decoder_int8.tflite")
    for height, width in ((8, 8), (100, 77), (256, 31)):
        rgb = photographs[1][:height, :width]
        inputs = {name: value[0] for name, value in inputs_of(rgb).items()}
        decoded = decode_tiled(tile, **inputs, n=N)
        assert decoded.shape == rgb.shape
        assert psnr(rgb, decoded) > 22


def test_tiles_that_do_not_fit_are_refused(exported):
    tile = open_decoder(exported / str(TILE) / "decoder_int8.tflite")
    luma, grid = np.zeros((100, 100, 1), np.uint8), np.zeros((13, 13, 2), np.uint8)
    with pytest.raises(ValueError, match="larger than twice the overlap"):
        decode_tiled(tile, luma, grid, N, overlap=16)
    with pytest.raises(ValueError, match="multiple of n"):
        decode_tiled(tile, luma, grid, 7)
    with pytest.raises(ValueError, match="is not that of the luma"):
        decode_tiled(tile, luma, grid[:6], N)


def test_tiles_command(exported, large, tmp_path, refused):
    Image.fromarray(large).save(tmp_path / "photograph.png")
    whole, tile = str(exported / str(SIZE)), str(exported / str(TILE))
    out, results = tmp_path / "decoded.png", tmp_path / "tiles.json"
    argv = [tile, str(tmp_path / "photograph.png"), "--whole", whole, "--small", tile]
    assert tiles.main([*argv, "--out", str(out), "--results", str(results)]) == 0
    (row,) = json.loads(results.read_text())["rows"]
    assert row["metrics"]["largest_difference"] <= 1
    assert row["metrics"]["pixels_of_small"] == 2.25
    with Image.open(out) as image:
        assert psnr(large, np.asarray(image)) == pytest.approx(row["metrics"]["psnr"], abs=1e-3)
    assert "cannot read" in refused(tiles.main, [tile, str(results)])
    assert "no export in" in refused(tiles.main, [str(tmp_path), str(out)])


def test_profile_adds_up(exported, tmp_path, refused):
    results = tmp_path / "profile.json"
    argv = [str(exported / str(TILE)), "--repeats", "1", "--results", str(results)]
    assert profile.main(argv) == 0
    result = json.loads(results.read_text())
    assert sum(row["metrics"]["ms"] for row in result["rows"]) == pytest.approx(result["total_ms"], rel=1e-3)
    assert {"CONV_2D", "SOFTMAX", "BATCH_MATMUL"} <= {row["name"] for row in result["rows"]}
    assert "the export holds decoder_float32.tflite" in refused(profile.main, [*argv, "--precision", "float16"])
