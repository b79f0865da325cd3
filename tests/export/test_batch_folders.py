"""Folders of batches and what is told of them: files are whole, and a manifest is gone on with."""

from pathlib import Path

import pyarrow as pa
import pytest

from export.batch.manifest import DONE, FAILED, FILE, PARTS, SCHEMA, Manifest
from export.batch.places import UNFINISHED, photographs, place
from export.batch.pool import Checker, digest
from training.command import CommandError


@pytest.mark.parametrize(
    "text",
    ["nothing", "nothing/*.png", "empty.txt", "latin.txt", "root.txt", "elsewhere://bucket", "not-utf-8", "\udce9.d"],
)
def test_no_source(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("empty.txt").write_text("")
    Path("latin.txt").write_text("h\xe9.png", "latin-1")
    Path("root.txt").write_text("/")
    Path("not-utf-8").mkdir()
    Path("not-utf-8/a\udce9.png").write_bytes(b"1")
    with pytest.raises(CommandError):
        photographs(text, {".png"})


def test_links_have_their_own_names_and_circles_end(tmp_path):
    """In a list as in a folder."""
    store, links = tmp_path / "store", tmp_path / "links"
    for folder in (store, links / "below"):
        folder.mkdir(parents=True)
    (store / "9f3ab1.png").write_bytes(b"12")
    for name in ("one.png", "below/two.png"):
        (links / name).symlink_to(store / "9f3ab1.png")
    (links / "below" / "elsewhere").symlink_to(store)
    for name in ("again", "below/again", "below/top"):
        (links / name).symlink_to(links / "below" if name == "below/again" else links)
    (tmp_path / "list.txt").write_text(f"{links}/one.png\n{links}/below/two.png\n")
    listed, walked = (photographs(str(tmp_path / name), {".png"}) for name in ("list.txt", "links"))
    assert {name: stamp.size for name, stamp in listed[1].items()} == {"one.png": 2, "below/two.png": 2}
    assert set(walked[1]) == {*listed[1], "below/elsewhere/9f3ab1.png"}
    assert walked[0].read("below/elsewhere/9f3ab1.png") == listed[0].read("one.png") == b"12"


def test_what_a_uri_asks_for_is_no_wildcard(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"1")
    for text in ("photos?region=us", "photos/*.png?region=us", "photos/*"):
        assert set(photographs(f"{tmp_path.as_uri()}/{text}", {".png"})[1]) == {"a.png"}


def test_one_command_at_a_time(tmp_path):
    folder = place(str(tmp_path / "out"))
    with folder.alone(), pytest.raises(CommandError, match="another command works in"), folder.alone():
        pass
    with folder.alone():
        assert folder.files() == {}


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    folder = place(str(tmp_path / "out"))
    folder.write("below/a.bin", b"old")
    folder.write("below/a.bin", b"new")
    assert folder.read("below/a.bin") == b"new"
    assert {name: stamp.size for name, stamp in folder.files().items()} == {"below/a.bin": 3}

    with pytest.raises(TypeError):
        folder.write("below/a.bin", 3.5)
    assert folder.read("below/a.bin") == b"new"
    assert not (tmp_path / "out" / "below" / UNFINISHED).exists()


def _rows(names, status=DONE):
    rows = [{"name": name, "file": f"{name}.png", "status": status, "attempt": 1} for name in names]
    return pa.Table.from_pylist(rows, SCHEMA)


def test_the_manifest(tmp_path):
    """Parts while it grows, of which the last counts; one file at the end; only for the same settings."""
    folder, settings = place(str(tmp_path / "out")), {"verb": "encode", "quality": 50}
    manifest = Manifest(folder, settings)
    manifest.add(_rows(["b", "a"]))
    manifest.save()
    manifest.add(_rows(["b"], FAILED))
    manifest.save()
    assert len(list((tmp_path / "out" / PARTS).iterdir())) == 2
    (tmp_path / "out" / UNFINISHED / "left").mkdir()
    again = Manifest(folder, settings)  # as after a kill
    assert again.status == {"a": DONE, "b": FAILED}
    assert again.rows().to_pylist() == [*_rows(["a"]).to_pylist(), *_rows(["b"], FAILED).to_pylist()]
    assert again.rows(["b"])["status"].to_pylist() == [FAILED]
    assert not (tmp_path / "out" / UNFINISHED).exists()
    again.close()
    assert {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()} == {FILE}
    assert Manifest(folder, settings).rows() == again.rows()
    with pytest.raises(CommandError, match="was filled with another quality, 50"):
        Manifest(folder, {**settings, "quality": 40})
    (tmp_path / "out" / FILE).write_bytes(b"damaged")
    with pytest.raises(CommandError, match="is damaged"):
        Manifest(folder, settings)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="holds other things"):
        Manifest(place(str(tmp_path / "other")), settings)


def test_what_is_done_is_checked(tmp_path):
    """By digest: a file that changed, or is gone, is done again."""
    folder = place(str(tmp_path))
    for name in "abc":
        folder.write(name, name.encode())

    rows = pa.Table.from_pylist([{"name": name, "file": name, "digest": digest(name.encode())} for name in "abcd"])
    folder.write("b", b"B")
    assert Checker(folder)(rows)["name"].to_pylist() == ["a", "c"]
