"""The training benchmark, at its smallest: every figure is there and positive."""

import json

import pytest

from training import benchmark


@pytest.mark.slow
def test_benchmark(tmp_path):
    path = tmp_path / "benchmark.json"
    argv = ["--width", "2", "--size", "32", "--batch-size", "2", "--steps", "2", "--results", str(path)]
    assert benchmark.main(argv) == 0
    rows = {row["name"]: row["metrics"] for row in json.loads(path.read_text())["rows"]}
    assert {"input, first epoch", "input, cached", "Keras training step"} <= set(rows)
    assert all(metrics["images_per_second"] > 0 for metrics in rows.values())
    assert rows["Keras training step"]["times_keras_step"] == 1
