"""What times training, at its smallest: every figure is there and possible."""

import json

import pytest

from training import benchmark, profile


@pytest.mark.slow
def test_benchmark(tmp_path):
    path = tmp_path / "benchmark.json"
    argv = ["--width", "2", "--size", "32", "--batch-size", "2", "--steps", "2", "--results", str(path)]
    assert benchmark.main(argv) == 0
    rows = {row["name"]: row["metrics"] for row in json.loads(path.read_text())["rows"]}
    assert {"input, first epoch", "input, cached", "Keras training step"} <= set(rows)
    assert all(metrics["images_per_second"] > 0 for metrics in rows.values())
    assert rows["Keras training step"]["times_keras_step"] == 1


@pytest.mark.slow
def test_normalization(tmp_path):
    path = tmp_path / "benchmark.json"
    argv = ["--network", "champati_classification", "--width", "2", "--size", "32", "--batch-size", "2", "--steps", "2"]
    assert benchmark.main([*argv, "--results", str(path)]) == 0
    rows = {row["name"]: row["metrics"] for row in json.loads(path.read_text())["rows"]}
    assert list(rows) == list(benchmark.NORMALIZED)
    assert all(metrics["images_per_second"] > 0 for metrics in rows.values())


@pytest.mark.slow
def test_profile(tmp_path):
    path = tmp_path / "profile.json"
    argv = ["--width", "2", "--size", "32", "40", "--batch-size", "2", "--steps", "2", "--peak", "1"]
    assert profile.main([*argv, "--precision", "mixed_bfloat16", "--results", str(path)]) == 0
    result = json.loads(path.read_text())
    assert [row["name"] for row in result["rows"]] == ["32x32", "40x40"]
    for metrics in (row["metrics"] for row in result["rows"]):
        assert metrics["images_per_second"] > 0
        assert 0 <= metrics["input_wait"] < 1
        assert 0 < metrics["flop_utilization"] < 1
    assert (result["settings"]["precision"], result["settings"]["device"]) == ("mixed_bfloat16", "cpu")
