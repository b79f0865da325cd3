"""Training by a recipe: what a run leaves, how it goes on after a kill, what it says to bad input."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from training import evaluate, fit
from training.command import CommandError
from training.data.sources import SAMPLES
from training.loop.run_folder import check_held_out, load_run, seen_before
from training.outputs import alone
from training.recipes import recipe_of
from zoo.codecs.grid import Grid
from zoo.weights import save_weights, seen

# The quickest to compile of all recipes, where it does not matter what is trained.
QUICK = ["color_autoencoder", "--dataset", "samples", "--size", "32", "--batch-size", "8"]
PHOTOGRAPHS = sorted((SAMPLES / "train").glob("*.webp"))


def history(folder):
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def test_what_a_run_leaves(run_folder):
    names = {path.name for path in run_folder.iterdir()}
    assert {"model.keras", "recipe.json", "data.json", "history.csv", "preview.png", "metrics.json", "logs"} <= names
    assert not [name for name in names if name.startswith(".partial")]
    assert list((run_folder / "logs").rglob("events*"))
    assert json.loads((run_folder / "recipe.json").read_text())["n"] == 20
    rows = history(run_folder)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])
    with Image.open(run_folder / "preview.png") as preview:
        assert preview.size == (4 * 64, 4 * 64)
    data = json.loads((run_folder / "data.json").read_text())
    assert (len(data["train"]), len(data["validation"])) == (24, 4)


def test_report_has_the_model_beside_the_baselines(run_folder):
    result = json.loads((run_folder / "metrics.json").read_text())
    assert result["dataset"] == {**result["dataset"], "name": "samples", "split": "test", "images": 4}
    rows = {row["name"]: row["metrics"]["psnr"] for row in result["rows"] if row["subset"] == "all"}
    assert set(rows) == {"grey", "nearest", "bilinear", "bicubic", "joint bilateral", "crayon"}
    assert rows["grey"] < rows["nearest"] < rows["bilinear"]


def test_best_epoch_is_the_model(run_folder):
    """The validation error of model.keras, by hand, is the lowest of the history."""
    from training.data.sources import open_dataset
    from training.tasks.grid import ColorGridTask

    model = keras.models.load_model(run_folder / "model.keras")
    task = ColorGridTask(20)
    rgb = next(iter(open_dataset("samples").cached("validation", 64).batch(8)))
    loss = np.mean(task.loss(rgb, model(task.inputs(rgb))["lab"]))
    assert loss == pytest.approx(min(float(row["val_loss"]) for row in history(run_folder)), rel=1e-4)


def test_goes_on_after_sigkill(tmp_path):
    """A run killed in its third epoch keeps two, and its resumption ends like a run of the same length."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "training.fit", *QUICK, "--width", "8", "--out", str(out)]
    with subprocess.Popen([*command, "--epochs", "1000"], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("epoch 2/"):
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
    state = json.loads((out / "state.json").read_text())
    done = len(state["history"])
    assert done >= 2
    assert (out / state["weights"]).exists()
    keras.models.load_model(out / "model.keras")

    argv = [QUICK[0], "--out", str(out), "--resume", "--epochs", str(done + 1)]
    assert fit.main(argv) == 0
    rows = history(out)
    assert [int(row["epoch"]) for row in rows] == list(range(1, done + 2))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert [path.name for path in out.glob("state-*")] == [f"state-{done + 1}.weights.h5"]


@pytest.mark.slow
def test_a_resumed_run_is_an_uninterrupted_one(run_folder, tmp_path):
    """The same images in the same order, and the same optimizer."""
    settings = json.loads((run_folder / "recipe.json").read_text())
    fit.train(recipe_of({**settings, "epochs": 1}), tmp_path / "run")
    fit.train(recipe_of(settings), tmp_path / "run", resume=True)
    for ours, theirs in zip(history(tmp_path / "run"), history(run_folder), strict=True):
        assert [float(value) for value in ours.values()] == pytest.approx([float(v) for v in theirs.values()], rel=1e-4)


def test_resume_restores_weights_and_optimizer(run_folder):
    from training.loop.callbacks import load_state
    from training.tasks.grid import ColorGridTask

    settings = json.loads((run_folder / "recipe.json").read_text())
    task = ColorGridTask(settings["n"])
    rgb = keras.Input((64, 64, 3), dtype="uint8")
    model = keras.Model(rgb, recipe_of(settings).model()(task.inputs(rgb))["lab"])
    model.compile("adam", loss=task.loss)
    best, epochs = load_state(run_folder, model)
    assert len(epochs) == 2
    assert best == min(epoch["val_loss"] for epoch in epochs)
    assert int(model.optimizer.iterations) == 2 * 3
    batch = next(iter(open_samples()))
    loss = np.mean(task.loss(batch, model(batch)))
    assert loss == pytest.approx(epochs[-1]["val_loss"], rel=1e-4)


def open_samples():
    from training.data.sources import open_dataset

    return open_dataset("samples").cached("validation", 64).batch(8)


@pytest.mark.slow
def test_random_step_serves_every_n(tmp_path, small):
    out = tmp_path / "run"
    argv = ["crayon", *small[:-1], "random", "--size", "104", "--epochs", "1", "--width", "2", "--out", str(out)]
    assert fit.main(argv) == 0
    assert json.loads((out / "recipe.json").read_text())["n"] == "random"


def test_random_step_draws_all_of_6_to_100():
    from training.tasks.grid import N_RANGE, PAPER_STEPS
    from training.tasks.random_layers import RandomInteger

    steps = RandomInteger(*N_RANGE, PAPER_STEPS)
    rgb = np.zeros((2000, 8, 8, 3), np.uint8)
    drawn = np.asarray(steps(rgb, training=True)).ravel()
    assert (drawn.min(), drawn.max()) == (6, 100)
    assert np.asarray(steps(rgb[:9])).ravel().tolist() == [6, 15, 20, 40, 50, 60, 80, 100, 6]


@pytest.mark.slow
def test_full_width_recipe_from_tfds(tfds_directory, tmp_path):
    """The published network at the published size, on prepared TFDS data: one epoch of a step or two."""
    out = tmp_path / "run"
    argv = ["crayon", "--data-dir", str(tfds_directory), "--out", str(out), "--epochs", "1", "--batch-size", "2"]
    process = subprocess.run([sys.executable, "-m", "training.fit", *argv], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert "24,109,572 parameters, 2 steps an epoch" in process.stdout
    assert keras.models.load_model(out / "model.keras").count_params() == 24_109_572


@pytest.mark.slow
def test_edge_recipe(tmp_path):
    """All grids at once, on views of the samples: what the run leaves is a decoder for any of them."""
    out = tmp_path / "run"
    small = ["--dataset", "samples", "--width", "4", "--size", "80", "--steps", "12", "--epochs", "2"]
    assert fit.main(["crayon_edge", *small, "--out", str(out)]) == 0
    rows = history(out)
    assert float(rows[1]["val_loss"]) < float(rows[0]["val_loss"])
    assert {"means16_loss", "points40_loss"} <= set(rows[0])
    decoder = load_run(out).codec
    assert decoder(np.zeros((30, 41), np.float32), np.zeros((5, 6, 2), np.float32), Grid(7)).shape == (30, 41, 2)
    result = json.loads((out / "metrics.json").read_text())
    assert (result["protocol"]["kind"], result["protocol"]["space"]) == ("means", "Y'CbCr")
    row = next(row for row in result["rows"] if row["name"] == "crayon_edge")
    assert row["metrics"]["gain"] == pytest.approx(
        row["metrics"]["psnr"] - max(r["metrics"]["psnr"] for r in result["rows"][:5]), abs=1e-4
    )


def test_batch_size_fits_in_8_gb():
    from training.recipes.crayon import choose_batch_size
    from zoo import crayon

    assert choose_batch_size(crayon((128, 128), 16)) == 16
    assert 2 <= choose_batch_size(crayon((320, 320))) <= 6
    assert choose_batch_size(crayon((2048, 2048), 8)) == 1


def test_nan_stops_in_one_line(tmp_path, refused):
    argv = [*QUICK, "--width", "8", "--epochs", "50", "--learning-rate", "1e30", "--out", str(tmp_path / "run")]
    assert "start again with a lower --learning-rate" in refused(fit.main, argv)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["no_such_model"], "invalid choice: 'no_such_model' (choose from"),
        (["crayon", "--dataset", "no_such_data"], "TFDS knows no data set 'no_such_data'"),
        (["crayon", "--dataset", "folder:no/such"], "no folder no/such"),
        (["crayon", "--n", "1"], "at least 2, or random, not '1'"),
        (["crayon", "--n", "some"], "at least 2, or random, not 'some'"),
        (["crayon", "--n", "65", "--size", "64"], "--n 65 is larger than the crops"),
        (["crayon", "--size", "100"], "--size must be a multiple of 8, not 100"),
        (["crayon", "--width", "0"], "at least 1, not '0'"),
        (["crayon", "--batch-size", "-1"], "argument --batch-size: must be a whole number"),
        (["crayon", "--resume"], "no run to resume in"),
        (["crayon", "--dataset", "samples", "--size", "512"], "train split of samples (24 skipped as too small"),
    ],
)
def test_bad_input(argv, message, tmp_path, refused):
    out = tmp_path / "run"
    assert message in refused(fit.main, [*argv, "--out", str(out)] if argv[0] == "crayon" else argv)
    assert not out.exists()


def test_one_training_at_a_time_in_a_folder(tmp_path, refused):
    """Another would remove the state of the first, or take over its name."""
    out = tmp_path / "run"
    with alone(out):
        assert f"another command works in {out}" in refused(fit.main, [*QUICK, "--out", str(out)])
        assert list(out.iterdir()) == []
    assert not out.exists()


def test_a_run_has_no_fewer_epochs_than_it_had(run_folder, refused):
    argv = ["crayon", "--resume", "--epochs", "1", "--out", str(run_folder)]
    assert "has 2 epochs already: give as many --epochs, or more" in refused(fit.main, argv)
    assert json.loads((run_folder / "recipe.json").read_text())["epochs"] == 2


def test_a_run_says_how_many_images_a_step_it_had():
    """Also where that was left to the machine, for another one would choose another number."""
    assert recipe_of({"recipe": "crayon", "size": 64, "width": 4}).settings()["batch_size"] == 16


def test_every_step_is_validated_on():
    """Whatever the size of a batch: steps take turns within those of validation."""
    images = tf.data.Dataset.from_tensor_slices(np.zeros((20, 8, 8, 3), np.uint8))
    for batch_size, together in ((1, 8), (5, 8), (8, 8), (12, 16)):
        recipe = recipe_of({"recipe": "crayon", "n": "random", "size": 128, "width": 4, "batch_size": batch_size})
        _, held_out, _ = recipe.batches([SimpleNamespace(cached=lambda *_: images)], 0)
        assert len(next(iter(held_out))[0]) == together


def test_another_run_is_not_overwritten(run_folder, refused):
    argv = ["crayon", "--out", str(run_folder)]
    assert "holds a run: --resume it" in refused(fit.main, argv)
    assert "was started with another width" in refused(fit.main, [*argv, "--resume", "--width", "4"])


def test_a_run_is_resumed_by_its_own_recipe(run_folder, refused):
    line = refused(fit.main, ["crayon_edge", "--out", str(run_folder), "--resume"])
    assert "is one of crayon, not of crayon_edge" in line


@pytest.mark.parametrize("seed", ["-1", "1.5", str(1 << 32), "²"])
def test_seeds(seed, tmp_path, refused):
    assert "--seed" in refused(fit.main, ["crayon", "--dataset", "samples", "--seed", seed, "--out", str(tmp_path)])


@pytest.mark.parametrize("file", ["recipe.json", "data.json", "state.json", "state-2.weights.h5"])
@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"weights": "state-2.weights.h5", "best": 1, "history": 1}']
)
def test_a_damaged_run(file, content, run_folder, tmp_path, refused):
    shutil.copytree(run_folder, tmp_path / "run")
    (tmp_path / "run" / file).write_bytes(content)
    line = refused(fit.main, ["crayon", "--out", str(tmp_path / "run"), "--resume", "--epochs", "3"])
    assert str(tmp_path / "run") in line


@pytest.fixture(scope="module")
def started(run_folder, tmp_path_factory):
    """A run on a folder of photographs, which began with the weights of another run, and these weights and folder."""
    tmp_path = tmp_path_factory.mktemp("started")
    start, folder, out = tmp_path / "start", tmp_path / "photos", tmp_path / "run"
    for path in (start, folder):
        path.mkdir()
    save_weights(load_run(run_folder).model, start / "start.npz")
    shutil.copy(run_folder / "data.json", start)
    for path in PHOTOGRAPHS[4:16]:
        with Image.open(path) as image:
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / f"{path.stem}.png")
    settings = json.loads((run_folder / "recipe.json").read_text())
    settings |= {"weights": str(start / "start.npz"), "dataset": f"folder:{folder}", "epochs": 1}
    fit.train(recipe_of(settings), out)
    return out, start / "start.npz", folder


def test_what_the_weights_at_the_start_have_seen(started, run_folder, tmp_path, refused):
    """It is handed on: of weights of the zoo, and of a .npz beside a data.json; of another nobody knows."""
    out, weights, _ = started
    assert load_run(out).digests > load_run(run_folder).digests
    assert load_run(out).all_known
    scored = ["--dataset", "samples", "--split", "train", "--n", "20", "--size", "64", "--levin", "0"]
    assert "trained or validated on" in refused(evaluate.main, [str(out), *scored])

    assert seen_before({"weights": None}) == []
    assert seen_before({"weights": "crayon_edge"}) == sorted(seen("crayon_edge-photographs"))
    assert seen_before({"weights": shutil.copy(weights, tmp_path)}) is None


def test_what_the_weights_at_the_start_held_out_is_not_trained_on(started, tmp_path, refused):
    """Another seed would, on the same photographs; on others any seed does."""
    out, _, _ = started
    save_weights(load_run(out).model, tmp_path / "next.npz")
    for name in ("data.json", "recipe.json"):
        shutil.copy(out / name, tmp_path)
    again = json.loads((out / "recipe.json").read_text()) | {"weights": str(tmp_path / "next.npz")}
    line = refused(lambda _: fit.train(recipe_of(again | {"seed": 1}), tmp_path / "other"), [])
    assert "give --seed 0" in line
    assert not (tmp_path / "other").exists()
    known = seen_before(again)
    check_held_out(again, {"train": known[:5]}, known)
    check_held_out(again | {"seed": 1}, {"train": ["new", "others"]}, known)
    with pytest.raises(CommandError):
        check_held_out(again | {"seed": 1}, {"train": ["new", *known[:5]]}, known)


def test_photographs_that_came_meanwhile(started, refused):
    """A run is not resumed on other photographs: what it was trained on would be validated on."""
    out, _, folder = started
    known = (out / "data.json").read_bytes()
    for path in PHOTOGRAPHS[:4]:
        shutil.copy(path, folder)
    line = refused(fit.main, ["crayon", "--out", str(out), "--resume", "--epochs", "2"])
    assert "not the photographs that the run" in line
    assert (out / "data.json").read_bytes() == known


def test_read_only_folder(tmp_path, refused, small):
    """A path under a file can be written by no one, not even by root."""
    (tmp_path / "file").touch()
    argv = ["crayon", *small, "--epochs", "1", "--out", str(tmp_path / "file" / "run")]
    assert "file/run" in refused(fit.main, argv)


def test_full_disk_keeps_the_last_whole_state(tmp_path):
    """With room for two megabytes a file, the model fits and the state with its optimizer does not."""
    code = (
        "import resource, sys; from training import fit; from training.command import run; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20)); sys.exit(run(fit.main))"
    )
    out = tmp_path / "run"
    argv = [*QUICK, "--width", "32", "--epochs", "2", "--out", str(out)]
    process = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=False)
    assert process.returncode == 2, process.stderr
    assert process.stderr.strip().startswith("error: ")
    assert len(process.stderr.strip().splitlines()) == 1
    assert not list(out.glob(".partial*"))
    assert not list(out.glob("state*"))
    keras.models.load_model(out / "model.keras")
