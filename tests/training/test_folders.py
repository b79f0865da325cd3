"""Folders as people have them: hidden things, links, names of every kind, splits under every name."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from training import evaluate, fit
from training.command import CommandError
from training.data.folders import Listing
from training.data.sources import open_dataset

COLORS = {"a_red": (220, 30, 30), "b_green": (30, 200, 40), "c_blue": (30, 40, 220)}


def patch(path, color=(90, 120, 60), number=0, side=32):
    """A noisy patch of one colour, other pixels for every number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(number).integers(-25, 26, (side, side, 3))
    Image.fromarray((np.array(color) + noise).clip(0, 255).astype(np.uint8)).save(path)


def patches(root, counts, skipped=()):
    """So many patches of each class and split."""
    for number, (split, count) in enumerate(counts.items()):
        for label, color in COLORS.items():
            for i in range(count if (split, label) not in skipped else 0):
                patch(root / split / label / f"{i}.png", color, 1000 * number + 100 * color[0] + i)


def names(listing, root):
    return {
        split: [path.relative_to(root).as_posix() for path in paths] for split, paths in listing.splits.items() if paths
    }


def test_a_class_has_one_number_in_all_splits(tmp_path):
    patches(tmp_path, {"train": 4, "validation": 2, "test": 2}, skipped=[("test", "a_red")])
    data = open_dataset(f"folder:{tmp_path}")
    for split in ("train", "validation", "test"):
        assert data.classes(split) == list(COLORS)
        crops, labels = data.labelled(split, 32)
        # The brightest channel of a patch is that of its class.
        assert labels.tolist() == crops.mean((1, 2)).argmax(-1).tolist()
    assert set(data.labelled("test", 32)[1].tolist()) == {1, 2}
    assert set(data.labelled("all", 32)[1].tolist()) == {0, 1, 2}


def test_a_class_is_the_first_folder_below_the_split(tmp_path):
    for label, below in (("a", "2023/may"), ("b", "2023/may"), ("a", "2024")):
        patch(tmp_path / "train" / label / below / "1.png")
    patch(tmp_path / "validation" / "b" / "1.png")
    patch(tmp_path / "test" / "1.png")
    data = open_dataset(f"folder:{tmp_path}")
    assert data.classes("train") == ["a", "b"]
    assert sorted(data.labelled("train", 32)[1].tolist()) == [0, 0, 1]
    assert data.labelled("validation", 32)[1].tolist() == [1]
    with pytest.raises(CommandError, match=r"has no classes: test/ must hold a folder for each, not like test/1\.png"):
        data.classes("test")


def test_what_is_hidden_is_no_photograph_and_no_class(tmp_path):
    patches(tmp_path, {"train": 4, "validation": 2, "test": 2})
    for hidden in (".ipynb_checkpoints", "@eaDir", "__MACOSX", "a_red/.ipynb_checkpoints", "a_red/@eaDir"):
        patch(tmp_path / "train" / hidden / "0.png", COLORS["a_red"])
    patch(tmp_path / "train" / "a_red" / "._0.png")
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "train" / ".DS_Store").touch()
    data = open_dataset(f"folder:{tmp_path}")
    assert {split: data.count(split) for split in data.splits} == {"train": 12, "validation": 6, "test": 6}
    assert data.classes("train") == data.classes("validation") == list(COLORS)
    assert len(list(data.images("all"))) == 24
    assert data.account() == "24 used, passed over: 8 hidden"


def test_links_to_folders_are_followed(tmp_path):
    patches(tmp_path / "data", {"train": 4})
    (tmp_path / "data/train/c_blue").rename(tmp_path / "elsewhere")
    (tmp_path / "data/train/c_blue").symlink_to(tmp_path / "elsewhere")
    data = open_dataset(f"folder:{tmp_path / 'data'}")
    assert data.count("all") == 12
    assert data.classes("train") == list(COLORS)
    assert "passed over" not in data.account()


def test_circles_end_and_no_folder_counts_twice(tmp_path):
    patches(tmp_path, {"train": 2, "test": 1})
    (tmp_path / "train/a_red/back").symlink_to(tmp_path)
    (tmp_path / "train/a_red/itself").symlink_to("itself")
    (tmp_path / "train/Again").symlink_to(tmp_path / "train/b_green")  # its name comes first, and it is the link
    (tmp_path / "train/from_test").symlink_to(tmp_path / "test/c_blue")
    (tmp_path / "train/lost").symlink_to(tmp_path / "nowhere")
    (tmp_path / "train/a_red/lost.png").symlink_to(tmp_path / "nowhere.png")
    listing = Listing(tmp_path)
    assert [len(paths) for paths in listing.splits.values()] == [6, 0, 3]
    assert {path.parent.name for path in listing.splits["train"]} == set(COLORS)
    assert listing.account() == "3 broken links, 3 repeated folders"


@pytest.mark.parametrize("suffix", ["TIF", "tiff", "jfif", "bmp", "avif", "JPG", "jpeg", "webp", "png"])
def test_kinds_of_files(tmp_path, suffix):
    kind = {"TIF": "tiff", "jfif": "jpeg", "JPG": "jpeg"}.get(suffix, suffix)
    image = Image.new("RGB", (32, 32), (90, 120, 60))
    image.save(tmp_path / f"a.{suffix}", kind)
    data = open_dataset(f"folder:{tmp_path}")
    (rgb,) = data.images("all")
    assert np.abs(rgb.astype(int) - (90, 120, 60)).max() <= 3


def test_all_else_is_counted(tmp_path):
    patch(tmp_path / "a.png")
    for name in ("labels.csv", "b.heic", "notes", "c.gif"):
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "d.png")
    data = open_dataset(f"folder:{tmp_path}")
    assert len(list(data.images("all"))) == 1
    assert data.account() == "1 used, passed over: 5 other files"
    (tmp_path / "a.png").unlink()
    with pytest.raises(CommandError, match=r"no photograph in .* \(passed over: 5 other files\): put in JPEG"):
        open_dataset(f"folder:{tmp_path}")


def test_folders_that_cannot_be_opened_are_counted(tmp_path, monkeypatch):
    patch(tmp_path / "a.png")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def closed(path):
        if os.path.basename(path) == "closed":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", closed)
    assert Listing(tmp_path).account() == "1 unreadable folder"


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("Train", "Validation", "TEST"),
        ("training", "valid", "testing"),
        ("TRAINING", "Val", "Test"),
        ("train", "dev", "test"),
    ],
)
def test_splits_under_every_name(tmp_path, train, validation, test):
    for split in (train, validation, test):
        patch(tmp_path / split / "a" / "1.png")
    patch(tmp_path / "more" / "2.png")
    patch(tmp_path / "3.png")
    listing = Listing(tmp_path)
    assert not listing.flat
    found = {"train": [f"{train}/a/1.png"], "validation": [f"{validation}/a/1.png"], "test": [f"{test}/a/1.png"]}
    assert names(listing, tmp_path) == found
    assert sorted(listing.account().split(", ")) == ["1 other file", "1 other folder"]


def test_two_folders_for_one_split(tmp_path, refused):
    for split in ("train", "val", "Validation"):
        patch(tmp_path / split / "1.png")
    line = refused(fit.main, ["crayon", "--dataset", f"folder:{tmp_path}", "--out", str(tmp_path / "run")])
    assert f"{tmp_path}/val and {tmp_path}/Validation are both the validation split: rename one" in line


@pytest.fixture
def strange_names(tmp_path):
    """A folder with a name in Latin-1 bytes, one of 249 bytes, and an ordinary one."""
    root = tmp_path / "strange"
    for number, name in enumerate(("ordinary.png", "m" * 245 + ".png", "z_last.png")):
        patch(root / name, number=number, side=96)
    os.rename(root / "ordinary.png", os.fsencode(root) + b"/caf\xe9.png")
    return root


def test_names_that_are_no_text(strange_names, tmp_path):
    data = open_dataset(f"folder:{strange_names}")
    found = [name.decode() for name, _ in data.crops("all", 64).as_numpy_iterator()]
    assert found == ["caf\\udce9.png", "m" * 245 + ".png", "z_last.png"]
    assert data.account() == "3 used"
    for number in range(2):
        patch(tmp_path / "classes" / "train" / "ab"[number] / "1.png", number=number)
        patch(tmp_path / "classes" / "test" / "ab"[number] / "1.png", number=2 + number)
    classes = os.fsencode(tmp_path / "classes")
    os.rename(classes + b"/train/b", classes + b"/train/\xe9")
    os.rename(classes + b"/test/b", classes + b"/test/\xe9")
    assert open_dataset(f"folder:{tmp_path / 'classes'}").labelled("test", 32)[1].tolist() == [0, 1]


def test_commands_read_strange_names(strange_names, tmp_path):
    argv = ["--dataset", f"folder:{strange_names}", "--size", "64"]
    out, results = tmp_path / "run", tmp_path / "results.json"
    assert fit.main(["color_autoencoder", *argv, "--width", "4", "--epochs", "1", "--out", str(out)]) == 0
    argv = [str(out), *argv, "--allow-overlap", "--split", "all", "--results", str(results)]
    assert evaluate.main(argv) == 0
    assert results.exists()


def test_the_truth_keeps_its_class_where_a_split_lacks_one(tmp_path):
    """A classifier that is right on all photographs of validation finds all of test in their classes."""
    patches(tmp_path / "data", {"train": 40, "validation": 8, "test": 8}, skipped=[("test", "a_red")])
    argv = ["champati_features", "--dataset", f"folder:{tmp_path / 'data'}", "--epochs", "25", "--width", "8"]
    argv += ["--learning-rate", "3e-3", "--batch-size", "8", "--out", str(tmp_path / "run")]
    assert fit.main(argv) == 0
    rows = json.loads((tmp_path / "run" / "metrics.json").read_text())["rows"]
    metrics = {row["name"]: row["metrics"] for row in rows}
    assert metrics["truth"]["feature_preservation"] == 100
