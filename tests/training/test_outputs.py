"""What commands leave behind: whole or not at all, and never over what is not their own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from PIL import Image

import export.__main__ as export_command
from export import benchmark, colorize, latents, tiles
from export import profile as operators
from training import benchmark as steps
from training import evaluate, fit, profile, result_files, tune
from training.command import CommandError
from training.data.sources import SAMPLES
from training.outputs import UNFINISHED, check_folder, read_json, save_png, write_json, writing, writing_folder

CODECS = {
    latents: ["--model", "adaptive_autoencoder-cifar100"],
    colorize: ["--model", "champati_regression-cifar10"],
}
SCORED = ["crayon_edge-photographs", "--dataset", "samples", "--n", "16"]
WITH_RESULTS = {
    "evaluate": (evaluate.main, SCORED),
    "tune": (tune.main, ["crayon_edge", "--dataset", "samples"]),
    "profile": (profile.main, ["crayon"]),
    "steps": (steps.main, ["crayon"]),
    "export": (export_command.main, ["crayon_edge", "--out", "exports/e"]),
    "benchmark": (benchmark.main, ["exports/e"]),
    "operators": (operators.main, ["exports/e"]),
    "tiles": (tiles.main, ["exports/e", "photo.png"]),
}


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A photograph as photo.png in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    with Image.open(SAMPLES / "train" / "60003.webp") as image:
        image.resize((64, 64)).save("photo.png")
    return Path("photo.png")


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def give_up():
        with writing(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    assert path.read_text() == "before"
    with writing(path) as temporary:
        temporary.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_is_replaced_where_it_bears_the_mark(tmp_path):
    """What others have put there stays: a repository, a link, a file."""
    path = tmp_path / "out"
    for number in "12":
        with writing_folder(path, "card.json") as temporary:
            (temporary / "card.json").write_text(json.dumps({"files": {f"{number}/a": {}, f"{number}.txt": {}}}))
            (temporary / number).mkdir()
            (temporary / f"{number}.txt").write_text("")
        if number == "1":
            (path / ".git" / "objects").mkdir(parents=True)
            (path / "CNAME").write_text("mine")
            (path / "latest").symlink_to("1.txt")
    assert sorted(os.listdir(path)) == [".git", "2", "2.txt", "CNAME", "card.json", "latest"]
    assert (path / ".git" / "objects").is_dir()
    assert (path / "CNAME").read_text() == "mine"
    assert os.readlink(path / "latest") == "1.txt"
    (path / "card.json").unlink()
    with pytest.raises(CommandError, match="holds other things"), writing_folder(path, "card.json"):
        pass
    assert (path / "2.txt").exists()
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("is_folder", [False, True])
def test_two_at_once_do_not_meet(tmp_path, is_folder):
    """The second to end stays, whole; neither sees what the other writes."""
    path = tmp_path / "out"
    begin = (lambda: writing_folder(path, "mark")) if is_folder else (lambda: writing(path))

    def fill(temporary, text):
        (temporary / "mark" if is_folder else temporary).write_text(text)

    with begin() as one:
        fill(one, "one")
        with begin() as two:
            assert one.parent != two.parent
            fill(two, "two")
        assert (path / "mark" if is_folder else path).read_text() == "two"
    assert (path / "mark" if is_folder else path).read_text() == "one"
    assert os.listdir(tmp_path) == ["out"]


def test_links_and_long_names(tmp_path):
    """A symbolic link stays one, to the new content; a name may be as long as the file system lets it be."""
    (tmp_path / "real").mkdir()
    for name in ("file", "folder"):
        (tmp_path / name).symlink_to(tmp_path / "real" / name)
    write_json(tmp_path / "file", {"a": 1})
    with writing_folder(tmp_path / "folder", "mark") as temporary:
        (temporary / "mark").write_text("")
    assert (tmp_path / "file").is_symlink()
    assert (tmp_path / "folder").is_symlink()
    assert read_json(tmp_path / "real" / "file", "") == {"a": 1}
    assert os.listdir(tmp_path / "real" / "folder") == ["mark"]
    write_json(tmp_path / ("m" * 255), {})
    assert (tmp_path / ("m" * 255)).exists()


def test_what_a_killed_process_left_goes_with_the_next_output(tmp_path):
    script = f"""
import time
from training.outputs import writing
with writing({str(tmp_path / "out")!r}) as temporary:
    temporary.write_text("half")
    print("written", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "written\n"
    write_json(tmp_path / "other", {})
    assert any(name.startswith(UNFINISHED) for name in os.listdir(tmp_path))  # it still lives
    process.send_signal(signal.SIGKILL)
    process.wait()
    write_json(tmp_path / "other", {})
    assert os.listdir(tmp_path) == ["other"]


def test_a_folder_that_was_about_to_be_replaced_comes_back(tmp_path):
    """Killed between the renaming of the old one and that of the new."""
    kept = tmp_path / f"{UNFINISHED}x" / "before it" / "out"
    kept.mkdir(parents=True)
    (kept / "card.json").write_text("{}")
    write_json(tmp_path / "other", {})
    assert sorted(os.listdir(tmp_path)) == ["other", "out"]
    assert os.listdir(tmp_path / "out") == ["card.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "\0", "[" * 100_000])
def test_damaged_json(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(CommandError, match=r"a\.json is damaged .*: do this"):
        read_json(tmp_path / "a.json", "do this")


@pytest.mark.parametrize("command", WITH_RESULTS)
def test_results_never_replace_what_is_not_a_result_file(command, photo, refused):
    """Neither a folder, `.` or `..` among them, nor the user's own JSON, nor anything below a file."""
    main, argv = WITH_RESULTS[command]
    Path("results").mkdir()
    Path("results/mine.txt").write_text("mine")
    Path("mine.json").write_text("{}")
    for target in ("results", ".", "..", "mine.json", "photo.png", "photo.png/a.json"):
        assert "--results" in refused(main, [*argv, "--results", target])
    assert Path("results/mine.txt").read_text() == "mine"
    assert Path("mine.json").read_text() == "{}"
    assert sorted(os.listdir()) == ["mine.json", "photo.png", "results"]


def test_results_are_replaced(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("")
    for number in (1, 2):
        result_files.write_results(path, "command", [{"name": number, "metrics": {}}])
    assert json.loads(path.read_text())["rows"] == [{"name": 2, "metrics": {}}]


@pytest.mark.parametrize(
    ("main", "argv"),
    [
        (fit.main, ["crayon", "--dataset", "samples", "--out"]),
        (tune.main, ["crayon_edge", "--dataset", "samples", "--out"]),
        (export_command.main, ["crayon_edge", "--out"]),
    ],
)
def test_folders_of_the_user_are_no_output(main, argv, photo, refused):
    assert "holds other things" in refused(main, [*argv, "."])
    assert "is a file" in refused(main, [*argv, "photo.png"])
    assert os.listdir() == ["photo.png"]


def test_figures_need_a_folder(photo, refused):
    assert "--figures" in refused(evaluate.main, [*SCORED, "--figures", "photo.png"])


@pytest.mark.parametrize("command", CODECS)
def test_photographs_are_never_replaced(command, photo, refused):
    """Neither what is read, by whatever name, nor another file of that name, unless the latter is to be."""
    argv = CODECS[command]
    assert latents.main(["photo.png", *CODECS[latents], "--out", "."]) == 0
    original, source = photo.read_bytes(), "photo.png" if command is colorize else "photo.latent"
    if command is colorize:
        Path("linked").mkdir()
        os.link("photo.png", "linked/photo.png")
        for folder in (".", "linked"):
            for force in ([], ["--force"]):
                assert "one of the files to read" in refused(command.main, [source, *argv, "--out", folder, *force])
    Path("out").mkdir()
    Path("out/photo.png").write_bytes(original)
    assert "did not write" in refused(command.main, [source, *argv, "--out", "out"])
    assert Path("out/photo.png").read_bytes() == original
    assert photo.read_bytes() == original
    assert command.main([source, *argv, "--out", "out", "--force"]) == 0
    assert command.main([source, *argv, "--out", "out"]) == 0  # its own
    assert Path("out/photo.png").read_bytes() != original


@pytest.mark.parametrize("command", CODECS)
def test_what_cannot_be_written_does_not_end_a_batch(command, photo, refused, monkeypatch):
    """The first cannot be read, the second not written; the last is written."""
    Path("a.png").write_bytes(b"no image")
    for name in ("b.png", "c.png"):
        Path(name).write_bytes(photo.read_bytes())
    owner, name = (colorize, "save_png") if command is colorize else (Path, "write_bytes")
    written = getattr(owner, name)

    def full(path, content):
        if path.stem == "b":
            raise OSError(28, "No space left on device")
        written(path, content)

    monkeypatch.setattr(owner, name, full)
    line = refused(command.main, ["a.png", "b.png", "c.png", *CODECS[command], "--out", "out"])
    assert "2 of 3" in line
    assert "No space left" in line
    assert os.listdir("out") == ["c.png" if command is colorize else "c.latent"]


def test_names_that_are_no_text(photo, tmp_path):
    """A name that is no UTF-8, one of 249 bytes and another are coloured, where what is printed must be UTF-8."""
    names = [b"caf\xe9.png", b"m" * 245 + b".png", b"z_last.png"]
    for name in names:
        Path(os.fsdecode(name)).write_bytes(photo.read_bytes())
    command = [sys.executable, "-m", "export.colorize", *names, *CODECS[colorize], "--out", "out"]
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict", "PYTHONPATH": str(Path(fit.__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, env=strict)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(b"out")) == sorted(names)
    assert b"caf\\udce9.png" in done.stdout


def test_a_check_takes_no_time_and_leaves_nothing(tmp_path):
    check_folder(tmp_path / "a" / "b", "card.json")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            tf.errors.ResourceExhaustedError(None, None, "No space left; logs/events\nat 0x7f"),
            "No space left; logs/events",
        ),
        (OSError(28, "No space left on device", "a.npz"), "a.npz: No space left on device"),
        (CommandError("one\ntwo"), "one two"),
    ],
)
def test_errors_are_one_line(error, line, refused):
    def main(argv):
        raise error

    assert line in refused(main, [])


def test_png_files_say_who_wrote_them(tmp_path, photographs):
    save_png(tmp_path / "a.png", photographs[0])
    with Image.open(tmp_path / "a.png") as image:
        assert image.text == {"Software": "colorizer-zoo"}


@pytest.mark.parametrize(
    ("weights", "path"),
    [
        ("crayon_edge", "crayon_edge-samples.json"),
        ("champati_regression-cifar10", "champati-samples.json"),
        ("adaptive_autoencoder-cifar100", "autoencoder-samples.json"),
    ],
)
def test_where_results_go_if_it_is_not_said(weights, path, photo, refused, monkeypatch):
    """There nothing else is replaced either, and that is said before anything is scored."""
    Path("results", path).mkdir(parents=True)
    for scored in ("decoders.score", "colorizers.ColorScorer", "autoencoders.rows_of"):
        monkeypatch.setattr(f"training.evaluation.{scored}", None)
    line = refused(evaluate.main, [weights, "--dataset", "samples", "--allow-overlap", "--size", "32"])
    assert f"results/{path} is a folder" in line
