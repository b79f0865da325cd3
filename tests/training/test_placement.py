"""Where to keep colour: placements of hints, what they cost, decoders of hints anywhere, and the report."""

import json
import math

import numpy as np
import pytest
from PIL import Image

import zoo
from training import evaluate
from training.baselines import propagation
from training.metrics.images import psnr
from training.papers import placements
from training.papers.hint_placement import EQUAL, GRIDS, PLACEMENTS, Photograph, compare
from training.result_files import rounded
from zoo.codecs.grid import Grid, through


@pytest.fixture
def photograph(photographs):
    return Photograph(photographs[0][:60, :84], propagation.levin_from_hints)


@pytest.mark.parametrize("n", [6, 11, 20])
@pytest.mark.parametrize("name", PLACEMENTS)
def test_as_many_pixels_as_the_grid(name, n, photograph):
    pixels = photograph.placed(n, name)
    assert len(set(pixels.tolist())) == len(pixels) == math.ceil(60 / n) * math.ceil(84 / n)
    assert 0 <= pixels.min() <= pixels.max() < 60 * 84


@pytest.mark.parametrize("luma", [np.full((40, 56), 50.0), np.random.default_rng(0).uniform(0, 100, (40, 56))])
@pytest.mark.parametrize("name", ["random", "segments", "dissimilar", "greedy"])
def test_as_many_where_there_is_nothing_to_see(name, luma):
    place = (placements.KNOWN | placements.TOLD)[name]
    for count in (1, 12, 100):
        pixels = place(luma, np.zeros((40, 56, 2)), count, lambda pixels: np.zeros((40, 56)))
        assert len(np.unique(pixels)) == count


@pytest.mark.parametrize("name", placements.KNOWN)
def test_what_a_decoder_finds_depends_on_the_luma_alone(name, photograph):
    place = placements.KNOWN[name]
    found = place(photograph.luma, photograph.chroma, 40, photograph.error)
    seen = np.round(photograph.luma * 2.55) / np.float32(2.55)  # as a file holds it
    assert np.array_equal(place(seen, photograph.chroma[::-1] - 30, 40, None), found)
    assert not np.array_equal(np.sort(place(photograph.luma[:, ::-1], photograph.chroma, 40, None)), np.sort(found))


def test_segments_follow_edges():
    """Where luma has as many flat regions as there are hints, each gets one."""
    luma = np.repeat(np.repeat([[0.0, 90, 20], [70, 30, 100]], 20, 0), 20, 1)
    pixels = placements.segments(luma, None, 6, None)
    assert sorted(luma.flat[pixels]) == [0, 20, 30, 70, 90, 100]


def test_grids_stand_where_they_should():
    corner, centred = (np.transpose(np.unravel_index(place((60, 84), 20), (60, 84))) for place in GRIDS.values())
    assert np.array_equal(np.unique(corner[:, 0]), [0, 20, 40])
    assert np.array_equal(centred - corner, np.broadcast_to([9, 1], (15, 2)))


def test_dissimilar_and_greedy_pixels_are_where_the_colour_is(photograph):
    chroma = np.zeros((60, 84, 2), np.float32)
    chroma[20:40, 20:40] = 40, -30
    for name in placements.TOLD:
        rows, columns = np.unravel_index(
            placements.TOLD[name](photograph.luma, chroma, 20, lambda _: chroma[..., 0] ** 2), (60, 84)
        )
        assert 15 <= min(rows[0], columns[0]) <= max(rows[0], columns[0]) <= 45
        gaps = np.maximum(np.abs(rows[:, None] - rows), np.abs(columns[:, None] - columns)) + 99 * np.eye(20)
        assert gaps.min() >= 7  # half the step of a grid of as many


def test_fewer_greedy_pixels_are_the_first_of_more(photograph):
    few, many = (placements.greedy(photograph.luma, None, count, photograph.error) for count in (13, 40))
    assert np.array_equal(few, many[:13])


def test_positions_cost_what_the_number_of_a_subset_takes():
    assert placements.position_bytes(100, 0) == placements.position_bytes(100, 100) == 0
    assert placements.position_bytes(256, 1) == 1
    assert placements.position_bytes(257, 1) == 2
    assert placements.position_bytes(320 * 320, 256) == math.ceil(math.log2(math.comb(320 * 320, 256)) / 8)
    for budget in (2, 3, 60, 512):
        count = placements.affordable(320 * 320, budget)
        assert placements.told_bytes(320 * 320, count) <= budget < placements.told_bytes(320 * 320, count + 1)


@pytest.mark.parametrize("n", [7, 16])
def test_levin_from_hints_is_that_of_the_grid(n, photographs):
    luma, colors = Grid(n).encode(photographs[1][:40, :48])
    hints, known = np.zeros((40, 48, 2)), np.zeros((40, 48), bool)
    hints[::n, ::n], known[::n, ::n] = colors, True
    found = propagation.levin_from_hints(luma, hints, known)
    assert np.array_equal(propagation.levin(luma, colors, Grid(n)), found.astype(np.float32))
    # By another solver, and from what is no hint.
    system, known = np.eye(luma.size) - propagation._affinity(luma).toarray(), known.ravel()
    expected = np.linalg.solve(system[~known][:, ~known], -system[~known][:, known] @ hints.reshape(-1, 2)[known])
    assert np.abs(found.reshape(-1, 2)[~known] - expected).max() < 1e-9
    hints.reshape(-1, 2)[~known] = 100
    assert np.array_equal(propagation.levin_from_hints(luma, hints, known.reshape(40, 48)), found)


def test_a_model_takes_hints_anywhere(photographs):
    codec, rgb = zoo.load("crayon-photographs"), photographs[0][:50, :37]
    photograph = Photograph(rgb, lambda luma, hints, known: codec.from_hints(luma, hints))
    assert np.array_equal(photograph.decoded(photograph.placed(7, "grid")), through(codec, rgb, Grid(7)))
    assert not np.array_equal(photograph.decoded(photograph.placed(7, "random")), through(codec, rgb, Grid(7)))


def test_rows_stand_beside_the_grid_on_the_same_images(photographs):
    images = [rgb[:40, :40] for rgb in photographs]
    rows = compare(images, "levin", propagation.levin_from_hints, [10], every=2)
    found = {(row["name"], row["equal"]): row for row in rows}
    assert len(found) == len(rows) == 2 * len(PLACEMENTS)
    grid = [psnr(rgb, through(propagation.levin, rgb, Grid(10))) for rgb in images]
    assert found["grid", "hints"]["each"]["psnr"] == pytest.approx(grid, abs=1e-3)
    for (name, equal), row in found.items():
        metrics, own = row["metrics"], row["each"]["psnr"]
        others = grid[::2] if name == "greedy" else grid
        assert row["images"] == len(own) == len(others)
        assert metrics["above_grid"] == pytest.approx(np.mean(own) - np.mean(others), abs=1e-3)
        centred = found["centred grid", equal]["each"]["psnr"][:: 2 if name == "greedy" else 1]
        assert metrics["above_centred"] == pytest.approx(np.mean(own) - np.mean(centred), abs=1e-6)
        if equal == "hints":
            assert metrics["hints"] == 16
        assert metrics["bytes"] <= 32 or (name in placements.TOLD and equal == "hints")


@pytest.fixture
def model(tmp_path):
    zoo.crayon(width=2).save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_report(model, tmp_path, capsys):
    path, folder = tmp_path / "r.json", tmp_path / "figures"
    argv = [str(model), "--report", "placement", "--dataset", "samples", "--size", "48", "--n", "12", "--limit", "2"]
    assert evaluate.main([*argv, "--levin", "1", "--results", str(path), "--figures", str(folder)]) == 0
    assert "| segments" in capsys.readouterr().out
    result = json.loads(path.read_text())
    assert result == rounded(result)
    assert len(result["dataset"]["names"]) == 2
    assert {(row["name"], row["decoder"], row["n"], row["equal"]) for row in result["rows"]} == {
        (name, decoder, 12, equal) for name in PLACEMENTS for decoder in ("crayon", "levin") for equal in EQUAL
    }
    assert {"psnr", "hints", "bytes", "above_grid", "wins"} <= set(result["rows"][0]["metrics"])
    with Image.open(folder / "placements.png") as figure:
        assert min(figure.size) > 300


def test_bad_input(model, tmp_path, refused):
    def message(*argv):
        argv = [*map(str, argv), "--dataset", "samples", "--report", "placement"]
        return refused(evaluate.main, [*argv, "--results", str(tmp_path / "r.json")])

    assert "crayon_edge-photographs takes a grid: choose another" in message("crayon_edge")
    assert "is of one model" in message(model, "crayon-photographs")
    assert "for decoders of grids, not for auto-encoders" in message("adaptive_autoencoder-cifar100")
    for flag in (["--kind", "means"], ["--luma", "JPEG", "20"], ["--metrics", "psnr"], ["--peers"]):
        assert f"{flag[0]} is for" in message(model, *flag)
    assert "--levin 0 leaves no image" in message(model, "--levin", 0)
    assert "n = 65 is larger than an image of 64x64" in message(model, "--size", 64, "--n", 65)
    argv = ["crayon", "--dataset", "samples", "--report", "autoencoder"]
    assert "--report autoencoder is for auto-encoders, not" in refused(evaluate.main, argv)
    two = [str(model), "--report", "placement", "--dataset", "samples", "cifar10"]
    assert "give one" in refused(evaluate.main, two)
    assert not (tmp_path / "r.json").exists()
