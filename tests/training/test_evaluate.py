"""Evaluation: the table against its parts, refusal of seen images, figures."""

import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from training import evaluate
from training.data.sources import SAMPLES
from training.evaluation.decoders import score
from training.evaluation.scored import told_apart
from training.evaluation.subsets import CONTENT, synthetic_images, terciles
from training.metrics.images import psnr
from zoo.codecs.grid import Grid, HintsCodec, through


@pytest.fixture
def others(tmp_path, photographs):
    """A flat folder of three photographs that no model has seen: samples turned by half."""
    folder = tmp_path / "others"
    folder.mkdir()
    for i, rgb in enumerate(photographs):
        Image.fromarray(rgb[::-1, ::-1]).save(folder / f"{i}.png")
    return folder


def test_a_table_of_all_methods(run_folder, others, tmp_path, capsys):
    path, figures = tmp_path / "result.json", tmp_path / "figures"
    argv = [str(run_folder), "--dataset", f"folder:{others}", "--size", "96", "--n", "8", "20", "--levin", "1"]
    assert evaluate.main([*argv, "--results", str(path), "--figures", str(figures)]) == 0
    assert "| levin" in capsys.readouterr().out
    result = json.loads(path.read_text())
    assert result["dataset"] == {
        "name": "others",
        "split": "all",
        "images": 3,
        "size": 96,
        "names": ["0.png", "1.png", "2.png"],
    }
    rows = [row for row in result["rows"] if row["subset"] == "all"]
    assert [(row["name"], row["n"]) for row in rows][:6] == [
        (name, 8) for name in ("grey", "nearest", "bilinear", "bicubic", "joint bilateral", "crayon")
    ]
    for row in rows:
        assert row["metrics"]["psnr"] == pytest.approx(np.mean(row["each"]["psnr"]), rel=1e-5)
    assert [sum(row.get("knee", False) for row in rows if row["name"] == name) for name in ("grey", "levin")] == [1, 1]
    assert rows[0]["paper"]["relative_size"] == pytest.approx(1 / 3 + 1 / 64, rel=1e-5)
    subsets = {row["subset"] for row in result["rows"]}
    assert {"color complexity, low", "texture density, high", "synthetic, isoluminant stripes"} < subsets
    for name in ("figure1.png", "figure2.png", "figure3.png"):
        with Image.open(figures / name) as figure:
            assert min(figure.size) > 90


def test_pretrained_weights_on_several_data_sets(others, tmp_path, capsys):
    """By name, with compressed luma: each data set is a subset, with gains over the baselines and its worst image."""
    second = tmp_path / "second"
    second.mkdir()
    for i, path in enumerate(sorted(others.glob("*.png"))):
        with Image.open(path) as image:
            image.crop((0, 0, 150, 130 + i)).save(second / f"{i}.png")
    path, figures = tmp_path / "result.json", tmp_path / "figures"
    models = ["crayon_edge", "crayon_edge_m"]
    argv = [*models, "--dataset", f"folder:{others}", f"folder:{second}", "--n", "16", "--metrics", "csim"]
    argv += ["--size", "0", "--luma", "WEBP", "30", "--levin", "0"]
    assert evaluate.main([*argv, "--results", str(path), "--figures", str(figures)]) == 0
    assert "second, all: 3 images, grid of means in Y'CbCr" in capsys.readouterr().out
    rows = json.loads(path.read_text())["rows"]
    assert {row["subset"] for row in rows} == {"others", "second"}
    for subset in ("others", "second"):
        quality = {row["name"]: row["metrics"] for row in rows if row["subset"] == subset}
        edges = [quality.pop(name) for name in models]
        best = max(metrics["psnr"] for metrics in quality.values())
        for edge in edges:
            assert edge["gain"] == pytest.approx(edge["psnr"] - best, abs=1e-4)
            assert edge["gain"] > 0
            assert edge["wins"] == 3
    with Image.open(figures / "worst.png") as figure:
        assert min(figure.size) > 300


def test_model_row_is_what_the_model_gives(run_folder, photographs):
    model = keras.models.load_model(run_folder / "model.keras")
    rgb = photographs[0][:64, :64]
    (row,) = score([rgb], {"crayon": HintsCodec(model)}, [20])
    luma, grid = Grid(20, "points").encode(rgb)
    hints = np.zeros((1, 64, 64, 2), np.float32)
    hints[0, ::20, ::20] = grid
    from skimage.color import lab2rgb

    lab = np.asarray(model({"luma": luma[None, ..., None], "hints": hints})["lab"])[0].astype(float)
    decoded = (255 * lab2rgb(lab)).round().astype(np.uint8)
    assert row["metrics"]["psnr"] == pytest.approx(psnr(rgb, decoded), abs=0.01)


def test_any_image_size(photographs):
    decoder = HintsCodec(zoo.crayon(width=2))
    decoded = through(decoder, photographs[0][:50, :37], Grid(7))
    assert decoded.shape == (50, 37, 3)


def test_what_the_model_has_seen_is_refused(run_folder, refused, tmp_path):
    argv = [str(run_folder), "--n", "20", "--results", str(tmp_path / "r.json"), "--levin", "0"]
    assert "was trained or validated on 24 of these 24 images" in refused(evaluate.main, [*argv, "--split", "train"])
    seen = ["--dataset", f"folder:{SAMPLES}", "--split", "all", "--size", "64"]
    assert "was trained or validated on 28 of these 32 images" in refused(evaluate.main, [*argv, *seen])
    assert not (tmp_path / "r.json").exists()
    assert evaluate.main([*argv, "--split", "validation", "--allow-overlap"]) == 0


def test_what_the_model_has_seen_is_left_out_of_a_test_split(run_folder, tmp_path, capsys):
    """A photograph may be among those for training and those for the test, as ten of CIFAR-100's are."""
    for split in ("train", "test"):
        shutil.copytree(SAMPLES, tmp_path / "data" / split, ignore=shutil.ignore_patterns("*.md"))
    argv = [str(run_folder), "--dataset", f"folder:{tmp_path / 'data'}", "--n", "20", "--size", "64", "--levin", "0"]
    assert evaluate.main([*argv, "--results", str(tmp_path / "r.json")]) == 0
    assert "data: 28 skipped as known from training, 4 used" in capsys.readouterr().out
    assert json.loads((tmp_path / "r.json").read_text())["dataset"]["images"] == 4


def test_bad_input(run_folder, refused, tmp_path):
    def message(*argv):
        return refused(evaluate.main, [*map(str, argv), "--results", str(tmp_path / "r.json")])

    assert "no run or model at" in message(tmp_path / "nothing")
    assert "of several colour spaces cannot stand in one table" in message(run_folder, "crayon_edge")
    assert "crayon_edge-photographs is given twice" in message("crayon_edge", "crayon_edge-photographs")
    assert "is given twice" in message(run_folder, run_folder / "model.keras")
    assert "at least 1, not 'x'" in message(run_folder, "--n", "x")
    assert "n = 65 is larger than an image of 64x64" in message(run_folder, "--n", 20, 65)
    assert "n must be at least 2, not 1" in message(run_folder, "--n", 1)
    assert "no usable image of at least 320x320" in message(run_folder, "--size", 320, "--n", 20)
    assert "--luma takes one of JPEG, WEBP, AVIF and a quality" in message(run_folder, "--n", 20, "--luma", "GIF", 3)
    corrupt = tmp_path / "model.keras"
    corrupt.write_bytes((run_folder / "model.keras").read_bytes()[:50_000])
    assert "model.keras is not a Keras model that can be read" in message(corrupt)
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]).save(corrupt)
    assert "is no model of the zoo: its inputs are" in message(corrupt)
    (tmp_path / "data.json").write_text("{")
    zoo.crayon(width=2).save(corrupt)
    assert "data.json is damaged" in message(corrupt)
    corrupt.with_name("data.json").write_text('{"train": 1, "validation": []}')
    assert "data.json is damaged" in message(corrupt)


def test_every_run_has_rows_of_its_own(run_folder, others, tmp_path):
    """Of two runs of one recipe, and of two data sets of one name."""
    copies = [tmp_path / name for name in ("first", "second")]
    for copy in copies:
        shutil.copytree(run_folder, copy)
    shutil.copytree(others, tmp_path / "more" / "others")
    path = tmp_path / "r.json"
    sets = ["--dataset", f"folder:{others}", f"folder:{tmp_path / 'more' / 'others'}"]
    argv = [*map(str, copies), *sets, "--size", "64", "--levin", "0", "--metrics", "psnr", "--results", str(path)]
    assert evaluate.main(argv) == 0
    result = json.loads(path.read_text())
    assert {"crayon first", "crayon second"} < {row["name"] for row in result["rows"]}
    assert set(result["models"]) == {"crayon first", "crayon second"}
    assert {row["subset"] for row in result["rows"]} == {f"others {tmp_path.name}/others", "others more/others"}


def test_names_of_runs_tell_them_apart():
    paths = ["runs/a/x", "runs/b/x", "runs/c", "runs/v.1", "runs/v.2"]
    assert told_apart(["one", "one", "two", "three", "three"], paths) == [
        "one a/x",
        "one b/x",
        "two",
        "three v.1",
        "three v.2",
    ]


def test_steps_that_are_not_given(run_folder, others, tmp_path):
    """Those that a run was trained at, as where its training ends; else those of the paper that fit the images."""
    path = tmp_path / "r.json"
    argv = ["--levin", "0", "--metrics", "psnr", "--results", str(path)]
    assert evaluate.main([str(run_folder), *argv]) == 0
    assert {row["n"] for row in json.loads(path.read_text())["rows"]} == {20}
    photographs = ["--dataset", f"folder:{others}", "--size", "64"]
    assert evaluate.main(["crayon_edge", *photographs, *argv]) == 0
    assert {row["n"] for row in json.loads(path.read_text())["rows"]} == {6, 15, 20, 40, 50, 60}


@pytest.mark.parametrize("name", ["crayon_edge", "champati_regression-cifar10", "adaptive_autoencoder-cifar100"])
def test_weights_of_the_zoo_need_photographs(name, refused):
    assert "give --dataset" in refused(evaluate.main, [name])


FLAGS = {
    "crayon_edge": [["--peers"], ["--report", "autoencoder"], ["--add"], ["--classifier", "x"]],
    "crayon --report placement": [["--kind", "points"], ["--luma", "JPEG", "20"], ["--metrics", "psnr"], ["--add"]],
    "champati_regression-cifar10": [
        ["--n", "16"],
        ["--kind", "means"],
        ["--luma", "JPEG", "20"],
        ["--levin", "3"],
        ["--metrics", "psnr"],
        ["--peers"],
        ["--figures", "x"],
        ["--size", "0"],
        ["--dataset", "samples", "cifar10"],
    ],
    "adaptive_autoencoder-cifar100": [
        ["--n", "16"],
        ["--classifier", "x"],
        ["--dataset", "samples", "cifar100"],
        ["--report", "placement"],
    ],
    "--tables champati crayon_edge": [["--n", "16"], ["--peers"], ["--size", "32"], ["--split", "test"]],
}


@pytest.mark.parametrize("what", FLAGS)
def test_flags_that_do_not_apply_are_refused(what, refused):
    """Even with the value that they have anyway."""
    for flag in FLAGS[what]:
        line = refused(evaluate.main, [*what.split(), *flag])
        said = (" is", " are", " 0, whole images, is", f" {flag[-1]} is")
        assert any(f"{flag[0]}{more} for" in line for more in said), line


def test_grey_photographs_in_colour_and_not(tmp_path, photographs, refused):
    """Where there are no colours a colorizer cannot be scored; one grey photograph among others is fine."""
    folder, path = tmp_path / "grey", tmp_path / "r.json"
    folder.mkdir()
    for i, rgb in enumerate(photographs):
        Image.fromarray(rgb).convert("L").save(folder / f"{i}.png")
    argv = ["champati_regression-cifar10", "--dataset", f"folder:{folder}", "--split", "all", "--results", str(path)]
    assert "all 3 images are grey" in refused(evaluate.main, argv)
    assert not path.exists()
    Image.fromarray(photographs[0][::-1]).save(folder / "color.png")  # which the weights have not seen
    assert evaluate.main(argv) == 0


def test_content_measures_order_photographs_as_eyes_do(photographs):
    flat = np.full((64, 64, 3), 128, np.uint8)
    for measure in CONTENT.values():
        assert measure(flat) == 0
        assert measure(photographs[0]) > 0
    blurred = np.asarray(Image.fromarray(photographs[0]).resize((16, 16)).resize((256, 256)))
    assert CONTENT["texture density"](photographs[0]) > CONTENT["texture density"](blurred)
    grey = np.repeat(photographs[0].mean(-1, keepdims=True).astype(np.uint8), 3, -1)
    assert CONTENT["color complexity"](photographs[0]) > CONTENT["color complexity"](grey)


def test_terciles():
    assert terciles([3, 1, 2, 6, 5, 4]) == {"low": [1, 2], "mid": [0, 5], "high": [4, 3]}


def test_synthetic_images_have_the_colours_they_name():
    from skimage.color import rgb2lab

    images = synthetic_images(120, 10)
    assert len(np.unique(images["patches"].reshape(-1, 3), axis=0)) == 16
    assert len(np.unique(images["stripes finer than n"][0, :20], axis=0)) == 2
    assert len(np.unique(images["stripes coarser than n"][0, :20], axis=0)) == 1
    luma = rgb2lab(images["isoluminant stripes"])[..., 0]
    assert luma.max() - luma.min() < 1
