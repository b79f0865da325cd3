"""What colour-grid files are measured by: bytes, quality, time and memory, and what other runtimes decode."""

import json
from argparse import Namespace

import numpy as np
import pytest
from PIL import Image

import zoo
from export import codec
from export.benches import colors, costs, drift, parts, peers
from export.benches import files as whole_files
from export.benches.peers import Peer, color_bytes
from export.lite_codec import LiteCodec
from training.command import run
from zoo.codecs.pyramid import luma_and_grids

HEIGHT, WIDTH = 90, 101
RANGES = len(colors.RANGES)


@pytest.fixture
def dataset(photographs, tmp_path):
    """The name of a data set of two small photographs."""
    for index, rgb in enumerate(photographs[:2]):
        Image.fromarray(rgb[:HEIGHT, :WIDTH]).save(tmp_path / f"{index}.png")
    return f"folder:{tmp_path}"


def measured(what, dataset, tmp_path, *flags):
    """Rows of the result file of a bench."""
    results = tmp_path / "results.json"
    assert run(codec.main, ["bench", what, "--dataset", dataset, "--results", str(results), *flags]) == 0
    return json.loads(results.read_text())["rows"]


def test_files(dataset, tmp_path, monkeypatch):
    """Beside colour files of the same encoder, by which ours must win on ordinary photographs."""
    monkeypatch.setattr(whole_files, "QUALITIES", {"jpeg": (10, 30, 60)})
    rows = measured("files", dataset, tmp_path, "--kinds", "jpeg")
    gains = {row["metric"]: row["metrics"] for row in rows if "metric" in row}
    assert set(gains) == set(whole_files.METRICS)
    assert gains["psnr"]["bd_rate"] < -5
    assert gains["psnr"]["images"] == 2
    files = [row for row in rows if "quality" in row]
    assert len(files) == 2 * 3 * 3
    for row in files:
        assert 0 < row["metrics"]["color_bytes"] < row["metrics"]["bytes"]


def test_several_data_sets(dataset, photographs, tmp_path, tmp_path_factory, monkeypatch):
    """Each is a subset with gains of its own."""
    monkeypatch.setattr(whole_files, "QUALITIES", {"jpeg": (20, 60)})
    other = tmp_path_factory.mktemp("bench") / "other"
    other.mkdir()
    Image.fromarray(photographs[2][:HEIGHT, :WIDTH]).save(other / "0.png")
    rows = measured("files", dataset, tmp_path, "--kinds", "jpeg", "--dataset", dataset, f"folder:{other}")
    gains = [(row["subset"], row["metrics"]["images"]) for row in rows if row.get("metric") == "psnr"]
    assert gains == [(tmp_path.name, 2), ("other", 1)]
    assert {row["subset"] for row in rows} == {tmp_path.name, "other"}


def test_colors(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(colors, "LADDER", colors.LADDER[1:4])
    monkeypatch.setattr(colors, "DESCENDED", colors.LADDER[::2])
    efforts = {"5": (5, colors.LADDER), "9": (9, colors.DESCENDED)}
    monkeypatch.setattr(colors, "EFFORTS", efforts)
    monkeypatch.setattr(colors, "PEERS", (Peer("jpeg", "jpeg", (10, 60), {"subsampling": "4:2:0"}),))
    rows = measured("colors", dataset, tmp_path)
    assert len([row for row in rows if "quality" in row]) == 2 * (3 + 2 + 2)
    assert all(row["metrics"]["color_bytes"] > 0 for row in rows if "quality" in row)


def rows_of(name, sizes):
    return [
        {"name": name, "quality": decibels, "metrics": {"color_bytes": size, "color_psnr": decibels}}
        for decibels, size in sizes.items()
    ]


def test_ratios_are_of_the_best_subsampling_at_each_quality(monkeypatch):
    """Of two curves that cross ours is half of the lower one, wherever that is."""
    crossing = [Peer("jpeg", "jpeg", (), {"subsampling": each}) for each in ("4:2:0", "4:4:4")]
    monkeypatch.setattr(colors, "PEERS", crossing)
    decibels = (33, 36, 40)
    monkeypatch.setattr(colors, "EFFORTS", {"5": (5, decibels), "5-at-some": (5, decibels[:2]), "9": (9, decibels)})
    flat, steep = {33: 100, 36: 200, 40: 800}, {33: 400, 36: 400, 40: 400}
    rows = rows_of("jpeg 4:2:0", flat) + rows_of("jpeg 4:4:4", steep)
    least = rows_of("colour-grid effort 5", {decibels: size / 2 for decibels, size in flat.items()})
    other = rows_of("colour-grid effort 9", {decibels: size / 4 for decibels, size in steep.items()})
    found = {(row["effort"], row["range"]): row["metrics"] for row in colors.ratios(rows + least + other)}
    assert len(found) == 2 * RANGES + 3  # at 36 dB a third range begins
    assert found["5-at-some", "33 to 36 dB"]["ratio"] == pytest.approx(0.5, rel=0.1)
    assert found["5", "33 to 36 dB"]["ratio"] == pytest.approx(0.5)
    assert found["9", "38 to 40 dB"]["ratio"] == pytest.approx(0.25, rel=0.02)
    assert found["5", "38 to 40 dB"]["ratio"] > 0.5
    assert found["5-at-some", "33 to 40 dB"]["share"] == pytest.approx(31 / 101 + 12 / 101, abs=0.02)
    assert all(metrics["share"] == 1 for (effort, _), metrics in found.items() if effort != "5-at-some")


@pytest.mark.parametrize("peer", peers.PEERS[::2], ids=lambda peer: peer.name)
def test_what_colors_cost(peer, photographs):
    """More than nothing, less than the file; nothing where there is none."""
    rgb = photographs[0][:128, :128]
    luma, _ = luma_and_grids(rgb)
    qualities = peer.qualities[1::3]
    files = [peer.encode(Image.fromarray(rgb), quality) for quality in qualities]
    lumas = [luma_and_grids(peers.read(data))[0] for data in files]
    costs = color_bytes(peer, luma, qualities, files, lumas)
    assert all(0 < cost < len(data) for cost, data in zip(costs, files, strict=True))
    grey = [peer.encode(Image.fromarray(luma), quality) for quality in qualities]
    assert color_bytes(peer, luma, qualities, grey, [peers.read(data)[..., 0] for data in grey]) == [1] * len(grey)


@pytest.mark.slow
def test_costs(photographs, monkeypatch):
    """In this process, not in one each as the command does."""
    monkeypatch.setattr(costs, "SIZES", ((64, 96), (1000, 1500)))
    monkeypatch.setattr(costs, "in_fresh_process", lambda function, *arguments: function(*arguments))
    monkeypatch.setattr(costs, "ENOUGH", 0)
    named = list(enumerate(photographs[:2]))
    rows, _, _ = costs.measured(named, Namespace(decoder=codec.DECODER, kinds=["jpeg"], megapixels=1))
    assert [row["name"] for row in rows] == ["jpeg", "colour-grid jpeg", "colour-grid jpeg, TFLite"]
    for row in rows:
        assert row["size"] == "96x64"
        assert all(value > 0 for value in row["metrics"].values())
    assert "decode_s" in rows[2]["metrics"]
    assert "encode_s" not in rows[2]["metrics"]


def test_pictures_of_any_size(photographs):
    tall, wide = np.min([rgb.shape[:2] for rgb in photographs], axis=0)
    found = costs.mosaic(photographs, (tall + 10, 2 * wide - 3))
    assert found.shape == (tall + 10, 2 * wide - 3, 3)
    assert np.array_equal(found[:tall, :wide], photographs[0][:tall, :wide])
    assert np.array_equal(found[:tall, wide:], photographs[1][:tall, : wide - 3])


@pytest.mark.slow
def test_other_runtimes_decode_the_same(photographs):
    """Within 0.05 dB of each other."""
    named = [(str(index), rgb[:HEIGHT, :WIDTH]) for index, rgb in enumerate(photographs[:3])]
    rows, _, _ = drift.measured(named, Namespace(decoder=codec.DECODER))
    assert {row["name"] for row in rows} >= {"TFLite float32", "TFLite dynamic", "Keras, JAX"}
    assert max(row["metrics"]["most"] for row in rows) < 0.05


@pytest.mark.slow
def test_tflite_decodes_the_same(photographs, tmp_path):
    """To a level, in float32."""
    data = codec.save(photographs[0][:HEIGHT, :WIDTH], tmp_path / "photo.jpg").data
    usual = zoo.load(codec.DECODER)
    there, here = (drift.decoded_all([data], each)[0].astype(int) for each in (LiteCodec(usual), usual))
    assert np.abs(there - here).max() <= 1


@pytest.mark.slow
def test_parts(dataset, tmp_path, monkeypatch):
    """Of small photographs: no luma, no pyramid and no priors cost bytes, and descent saves some."""
    monkeypatch.setattr(parts, "LADDER", parts.LADDER[2:7:2])
    rows = measured("parts", dataset, tmp_path)
    ratios = {row["name"]: row["metrics"]["ratio"] for row in rows if "ratio" in row["metrics"]}
    assert ratios[parts.WHOLE] == 1
    assert ratios["with descent: effort 9"] < 1
    for worse in ("without luma: bilinear", "without pyramid: the finest grid alone", "without priors"):
        assert ratios[worse] > 1.1
