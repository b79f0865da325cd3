"""Result files, and the tables that README makes of them."""

import json
import subprocess
from pathlib import Path

import pytest

from training import result_files, results
from training.command import CommandError
from training.result_files import dataset_name, read_results, write_results

ROOT = Path(__file__).parents[2]
KEYS = {"command", "commit", "dataset", "versions", "machine", "seed", "rows"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("results/*.json")), ids=lambda path: path.name)
def test_committed_results_follow_the_schema(path):
    result = read_results(path)
    assert set(result) >= KEYS
    assert result["commit"] is not None
    assert result["rows"]
    assert all({"name", "metrics"} <= set(row) for row in result["rows"])


@pytest.mark.parametrize("name", ["README.md", "export/README.md"])
def test_tables_are_those_of_the_results(name):
    path = ROOT / name
    assert "<!-- table " in path.read_text()
    assert results.render(path.read_text(), path.parent) == path.read_text()


def test_round_trip_and_tables(tmp_path):
    rows = [{"name": f, "n": n, "metrics": {"psnr": 30 + n / 7}} for n in (6, 20) for f in ("grey", "levin")]
    write_results(tmp_path / "r.json", "a command", rows, {"name": "kodak", "split": "all", "images": 24}, 0)
    assert set(json.loads((tmp_path / "r.json").read_text())) == KEYS
    assert read_results(tmp_path / "r.json")["rows"][0]["metrics"]["psnr"] == 30.8571
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- table r.json metric=psnr where=name:levin -->\nstale\n<!-- end -->\nafter\n")
    results.main([str(page)])
    assert page.read_text().splitlines() == [
        "before",
        "<!-- table r.json metric=psnr where=name:levin -->",
        "| psnr, n = |     6 |    20 |",
        "| --------- | ----: | ----: |",
        "| levin     | 30.86 | 32.86 |",
        "<!-- end -->",
        "after",
    ]


def test_the_commit_is_that_of_the_project(tmp_path, monkeypatch):
    """Wherever the command is typed; none where the project lies in a repository of another one."""
    here = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True).stdout[:12]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    assert result_files._commit().removesuffix("-dirty") == here
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))  # as within a hook
    assert result_files._commit().removesuffix("-dirty") == here
    installed = tmp_path / "site-packages" / "training" / "result_files.py"
    monkeypatch.setattr(result_files, "__file__", str(installed))
    installed.parent.mkdir(parents=True)
    assert result_files._commit() is None


@pytest.mark.parametrize(
    ("spec", "name"),
    [("imagenette/320px-v2", "imagenette/320px-v2"), ("samples", "samples"), ("folder:data/kodak/", "kodak")],
)
def test_names_of_data_sets(spec, name):
    assert dataset_name(spec) == name


def test_missing_result_file(tmp_path):
    with pytest.raises(CommandError, match="give a result file"):
        read_results(tmp_path / "none.json")
