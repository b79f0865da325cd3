"""Result files, and the tables that README makes of them."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from training import result_files, results
from training.command import CommandError
from training.result_files import dataset_name, read_results, write_results

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path for folder in (".", "results", "zoo", "training", "export") for path in (ROOT / folder).glob("*.md")
)
KEYS = {"command", "commit", "dataset", "versions", "machine", "seed", "rows"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("results/*.json")), ids=lambda path: path.name)
def test_committed_results_follow_the_schema(path):
    result = read_results(path)
    assert set(result) >= KEYS
    assert result["commit"] is not None
    assert result["rows"]
    assert all({"name", "metrics"} <= set(row) for row in result["rows"])


def test_tables_are_those_of_the_results():
    """The command finds nothing to change on any page with tables."""
    marked = [page for page in PAGES if "<!-- table " in page.read_text()]
    assert ROOT / "README.md" in marked
    assert len(marked) > 8
    for page in marked:
        assert results.render(page.read_text(), page.parent) == page.read_text(), page


def test_several_pages_at_once(tmp_path):
    rows = [{"name": "x", "metrics": {"psnr": 31.0}}]
    write_results(tmp_path / "r.json", "a command", rows)
    pages = [tmp_path / "a.md", tmp_path / "b.md"]
    for page in pages:
        page.write_text("<!-- table r.json metrics=psnr -->\nstale\n<!-- end -->\n")
    results.main([*map(str, pages)])
    assert all("|   31 |" in page.read_text() for page in pages)


@pytest.mark.parametrize("rest", ["", "More.\n\n<!-- table b.json metrics=a -->\n<!-- end -->\n"])
def test_a_table_without_an_end_takes_nothing_with_it(rest, tmp_path, refused):
    page, text = tmp_path / "page.md", f"<!-- table a.json metrics=a -->\n\nProse.\n{rest}"
    page.write_text(text)
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps({"command": "", "rows": [{"name": "x", "metrics": {"a": 1}}]}))
    assert "the table of a.json has no end: put <!-- end --> below it" in refused(results.main, [str(page)])
    assert page.read_text() == text
    page.write_text("<!-- table c.json metrics=a -->\n<!-- end -->\n")
    (tmp_path / "c.json").write_text("{}")
    assert "c.json has no rows" in refused(results.main, [str(page)])


def test_a_matrix_of_comparisons(tmp_path):
    rates = {"a against b": -10.0, "a against c": 5.0, "b against a": 12.0}
    rows = [{"name": name, "metrics": {"bd_rate": rate}} for name, rate in rates.items()]
    write_results(tmp_path / "r.json", "a command", rows)
    marker = "<!-- table r.json metric=bd_rate down=own across=other -->\n"
    assert results.render(f"{marker}<!-- end -->", tmp_path).splitlines()[1:-1] == [
        "| bd_rate, other = |      b |    c |     a |",
        "| ---------------- | -----: | ---: | ----: |",
        "| a                | -10.00 | 5.00 |       |",
        "| b                |        |      | 12.00 |",
    ]


def test_models_are_those_of_the_cards():
    """results/models.json, and so README, is as new as the weights and what is measured of the edge decoders."""
    rows = {row["name"]: row for row in read_results(ROOT / "results" / "models.json")["rows"]}
    cards = {path.name.removesuffix(".card.json"): path for path in ROOT.glob("zoo/pretrained/*.card.json")}
    assert set(rows) == set(cards)
    for name, path in cards.items():
        card = json.loads(path.read_text())
        metrics = rows[name]["metrics"]
        assert metrics["parameters"] == card["parameters"]
        assert metrics["kilobytes"] == round(card["bytes"] / 1000)
        for key, value in results.decoder_metrics(name).items():
            assert metrics[key] == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """Each relative link to a file that is there, and to a heading that is in it."""
    for target in re.findall(r"(?:\]\(|src=\")([^)\"\s]+)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings], target


def test_the_photograph_of_readme(capsys):
    """README's lines run, and print what stands below them."""
    if not hasattr(pytest.importorskip("zoo"), "load"):
        pytest.skip("this zoo has no zoo.load")
    lines = re.search(r"```python\n(import .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    exec(lines, {})
    assert capsys.readouterr().out.strip() == lines.strip().splitlines()[-1].removeprefix("# ")


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
