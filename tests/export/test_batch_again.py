"""The same command of batches again: it does what has changed, and nothing of others is lost."""

import contextlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

import zoo
from export.batch import __main__ as batch
from export.batch import pool, work
from export.batch.manifest import DONE, FILE, PARTS, TO_DO
from export.batch.places import photographs as photographs_of
from zoo.codecs.loading import fingerprint

QUICK = ["--effort", "0", "--kind", "webp"]


@pytest.fixture(autouse=True)
def _without_ray(monkeypatch):
    """An actor that is called here."""

    def results(rows, made_by, arguments, count, together=1):
        worker = made_by(*arguments)
        for number in range(len(rows)):
            yield worker(rows.slice(number, 1))

    monkeypatch.setattr(pool, "cluster", lambda memory: contextlib.nullcontext())
    monkeypatch.setattr(work, "results", results)
    monkeypatch.setattr(work, "deaths", lambda: (lambda name: 1, lambda name: None))
    monkeypatch.setattr(work, "cpus", lambda: 1)
    monkeypatch.setattr(batch, "in_fresh_process", lambda function, *arguments: function(*arguments))


@pytest.fixture
def source(tmp_path, photographs):
    """Two photographs."""
    folder = tmp_path / "source"
    folder.mkdir()
    for number, name in enumerate(("a.bmp", "b.bmp")):
        Image.fromarray(photographs[number][:48, :64]).save(folder / name)
    return folder


def _encode(source, out):
    return batch.main(["encode", str(source), "--out", str(out), *QUICK])


def _status(out):
    return {row["name"]: row["status"] for row in parquet.read_table(out / FILE).to_pylist()}


def test_a_photograph_that_changed_is_done_again(source, tmp_path, photographs, capsys):
    """Also where it has as many bytes as before."""
    out = tmp_path / "out"
    assert _encode(source, out) == 0
    before = {name: (out / name).read_bytes() for name in ("a.webp", "b.webp")}
    size = (source / "a.bmp").stat().st_size
    Image.fromarray(photographs[2][:48, :64]).save(source / "a.bmp")
    assert (source / "a.bmp").stat().st_size == size
    capsys.readouterr()
    assert _encode(source, out) == 0
    assert "1 are done already" in capsys.readouterr().out
    assert (out / "a.webp").read_bytes() != before["a.webp"]
    assert (out / "b.webp").read_bytes() == before["b.webp"]


def test_another_source_is_refused(source, tmp_path, refused):
    """Even if its photographs have the same names and as many bytes."""
    out, other = tmp_path / "out", tmp_path / "other"
    shutil.copytree(source, other)
    assert _encode(source, out) == 0
    assert f"filled with another source, {source}" in refused(batch.main, ["encode", str(other), "--out", str(out)])


def test_a_file_of_others_stays(source, tmp_path, refused):
    """It came between two commands, under the name of what would be written next."""
    out = tmp_path / "out"
    assert _encode(source, out) == 0
    (out / "c.webp").write_bytes(b"mine")
    shutil.copy(source / "a.bmp", source / "c.bmp")
    line = refused(batch.main, ["encode", str(source), "--out", str(out), *QUICK])
    assert f"{out}/c.webp is there, and not by this command, and c.bmp would become it" in line
    assert (out / "c.webp").read_bytes() == b"mine"
    (out / "c.webp").unlink()
    assert _encode(source, out) == 0
    assert _status(out) == dict.fromkeys(("a.bmp", "b.bmp", "c.bmp"), DONE)


def test_a_model_that_was_trained_anew_is_refused(source, tmp_path, refused):
    out, run = tmp_path / "out", tmp_path / "run"
    run.mkdir()
    argv = ["evaluate", str(source), "--model", str(run), "--out", str(out)]
    zoo.crayon_edge(width=4).save(run / "model.keras")
    first = fingerprint(run)
    assert batch.main(argv) == 0
    assert batch.main(argv) == 0
    zoo.crayon_edge(width=8).save(run / "model.keras")
    assert f"was filled with another sha256 of model, {first}" in refused(batch.main, argv)
    assert fingerprint("crayon_edge") == zoo.weights.card("crayon_edge-photographs")["sha256"]


@pytest.mark.parametrize("after", [0, 1])
def test_an_interrupt_at_any_time_is_gone_on_from(after, source, tmp_path, monkeypatch, capsys):
    """Before the first row as well as after it; what was written without a row is known to be of this command."""
    out = tmp_path / "out"
    row, calls = pool.Worker._row, []

    def interrupted(self, given):
        if len(calls) == after:
            row(self, given)
            raise KeyboardInterrupt
        calls.append(given)
        return row(self, given)

    with monkeypatch.context() as patched:
        patched.setattr(pool.Worker, "_row", interrupted)
        assert _encode(source, out) == 130
    assert f"the same command goes on; {after} are in the manifest" in capsys.readouterr().out
    assert len(list(out.glob("*.webp"))) == after + 1
    assert (out / PARTS).exists()
    assert _encode(source, out) == 0
    assert _status(out) == dict.fromkeys(("a.bmp", "b.bmp"), DONE)
    assert {path.name for path in Path(out).rglob("*") if path.is_file()} == {"a.webp", "b.webp", FILE}


def test_the_manifest_tells_of_what_was_written(tmp_path):
    """Of an ordinary colour file there is no luma, and no PSNR of the file that was not written; .jpeg counts too."""
    folder, out = tmp_path / "in", tmp_path / "out"
    blocks = np.kron(np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    folder.mkdir()
    Image.fromarray(blocks).save(folder / "blocks.png")
    assert batch.main(["encode", str(folder), "--out", str(out), "--auto"]) == 0
    (row,) = parquet.read_table(out / FILE).to_pylist()
    assert "an ordinary colour file" in row["line"]
    assert (row["luma_bytes"], row["color_bytes"], row["psnr"]) == (None, None, None)
    (out / "blocks.jpg").rename(out / "blocks.jpeg")
    assert list(photographs_of(str(out), batch.VERBS["decode"].suffixes)[1]) == ["blocks.jpeg"]


def test_names_that_are_no_more_stay_in_the_manifest(source, tmp_path, monkeypatch):
    """As they were: to do, or done."""
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(pool.Worker, "_row", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert _encode(source, out) == 130
    os.remove(source / "b.bmp")
    assert _encode(source, out) == 0
    assert _status(out) == {"a.bmp": DONE, "b.bmp": TO_DO}
