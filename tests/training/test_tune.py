"""Searches: what is searched, what a trial is worth, and that every trial is run exactly once, whatever is killed."""

import json
import os
import signal
import subprocess
import sys
import time

import keras_tuner
import numpy as np
import pytest
from keras_tuner.src import protos
from PIL import Image
from skimage import data

from training import fit, tune
from training.command import CommandError
from training.data.sources import open_dataset
from training.loop.run_folder import load_run, only_unseen
from training.metrics.rates import front, knee
from training.recipes import RECIPES
from training.search import chief, oracles
from training.search.objectives import worth
from training.search.space import Range, chosen, hyperparameters, search_space
from training.search.tuner import Budget
from zoo.errors import ZooError

USUAL = {"n": (6, 15, 20), "rate": (0.1, 0.2), "vgg": (None, "frozen"), "rebalance": (False, True)}
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee")
TRAINED = ["crayon_edge", "--trained", "crayon_edge-photographs", "--size", "160", "--search", "n=8,16,40,80"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three photographs that no weights were trained on."""
    path = tmp_path_factory.mktemp("photographs")
    for name in PHOTOGRAPHS:
        Image.fromarray(getattr(data, name)()).save(path / f"{name}.png")
    return path


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n", (6, 15, 20)),
        ("n=8,9", (8, 9)),
        ("n=6..100", Range(6, 100)),
        ("rate=1e-4..0.1", Range(1e-4, 0.1)),
        ("vgg=none,frozen", (None, "frozen")),
        ("rebalance=True", (True,)),
    ],
)
def test_search_space(text, values):
    space = search_space([text], USUAL)
    name = text.split("=")[0]
    assert space == {name: values}
    found = hyperparameters(space)
    assert chosen(found.values)[name] == (values.low if isinstance(values, Range) else values[0])


@pytest.mark.parametrize("text", ["n=", "n=6.5", "n=100..6", "n=a", "vgg=1..2", "rebalance=maybe", "m=3"])
def test_search_space_refused(text, refused):
    def main(_):
        search_space([text], {name: USUAL[name] for name in ("n", "vgg", "rebalance")} if text != "n=" else {})

    assert "search" in refused(main, [])


@pytest.mark.parametrize("recipe", RECIPES.values())
def test_what_is_searched_is_a_setting(recipe):
    for name, values in recipe.SEARCH.items():
        for value in values:
            assert recipe(**{name: value}).settings()[name] == value


def test_front_and_knee():
    #         dominated    front ...                       dominated
    points = [(2.0, 20.0), (1.0, 21.0), (0.1, 10.0), (3.0, 22.0), (10.0, 23.0), (11.0, 22.5)]
    assert front(points) == [2, 1, 3, 4]
    assert knee(points) == 1
    # Of a curve whose distance from its chord is known: x ** 0.5 is farthest above x at 1/4.
    curve = [(x, x**0.5) for x in np.linspace(0, 1, 101)]
    assert curve[knee(curve)][0] == pytest.approx(0.25, abs=0.011)
    assert knee([(1.0, 30.0)]) == 0


def test_worth():
    metrics = {"psnr": 30.0, "bpp": 0.2, "ssim": 0.9}
    assert worth(metrics, "knee") == worth(metrics, "psnr") == 30
    assert worth(metrics, "lagrangian", multiplier=50.0) == pytest.approx(-(255**2 / 1000 + 10))
    assert worth(metrics, "psnr-at-rate", rate=0.2) == 30
    assert worth(metrics, "psnr-at-rate", rate=0.1) < worth({**metrics, "bpp": 0.15}, "psnr-at-rate", rate=0.1) < 0


def test_settings_are_chosen_on_what_a_run_was_validated_on(run_folder):
    """And on nothing that it was trained on."""
    run = load_run(run_folder)

    def read(split, **options):
        samples = open_dataset("samples")
        with only_unseen([run], samples, split, **options):
            samples.unlabelled(split, 64, 2)

    read("validation", choosing=True)
    for split, options in (("validation", {}), ("train", {"choosing": True})):
        with pytest.raises(CommandError, match="was trained or validated on 2 of these 2 images"):
            read(split, **options)


def test_steps_of_a_trained_decoder(folder, tmp_path, monkeypatch, refused):
    """Finer grids cost more and give more; the knee is one of them; finished trials are not repeated."""
    out, path = tmp_path / "search", tmp_path / "tune.json"
    argv = [*TRAINED, "--dataset", f"folder:{folder}", "--out", str(out), "--results", str(path)]
    assert tune.main(argv) == 0
    result = json.loads(path.read_text())
    rows = sorted(result["rows"], key=lambda row: row["n"])
    assert [row["n"] for row in rows] == [8, 16, 40, 80]
    for metric in ("psnr", "bpp", "relative_size"):
        values = [row["metrics"][metric] for row in rows]
        assert values == sorted(values, reverse=True)
    best = json.loads((out / "best.json").read_text())
    assert (best["trained"], best["values"]["n"]) == ("crayon_edge-photographs", 16)
    assert result["best"] == best["trial"]
    with Image.open(path.with_suffix(".png")) as picture:
        assert picture.width > picture.height
    assert "holds a search" in refused(tune.main, argv)
    assert "had another images" in refused(tune.main, [*argv, "--resume", "--images", "2"])
    monkeypatch.setattr(tune.Search, "run_trial", None)
    assert tune.main([*argv, "--resume"]) == 0
    again = json.loads(path.read_text())
    assert again["rows"] == result["rows"]
    assert "settings in" in refused(fit.main, ["crayon_edge", "--from", str(out / "best.json"), "--out", str(tmp_path)])


def test_a_folder_whose_name_is_a_pattern(folder, tmp_path, monkeypatch):
    """A search in `tune[a]*` finds its trials again, also those of another oracle that go on."""
    argv = [*TRAINED[:-1], "n=8,16,40", "--images", "1", "--dataset", f"folder:{folder}"]
    argv += ["--out", str(tmp_path / "tune[a]*"), "--oracle", "random"]
    assert tune.main([*argv, "--trials", "2"]) == 0
    rows = json.loads((tmp_path / "tune[a]*" / "trials.json").read_text())["rows"]
    assert tune.main([*argv, "--trials", "3", "--resume"]) == 0
    again = json.loads((tmp_path / "tune[a]*" / "trials.json").read_text())["rows"]
    assert [row for row in again if row["name"] in ("0", "1")] == rows
    assert sorted(row["n"] for row in again) == [8, 16, 40]


def test_a_grid_goes_on_where_it_was_killed(folder, tmp_path, monkeypatch):
    """Killed in the second trial and again right behind its end, a grid has every trial once."""
    out, begun = tmp_path / "search", []
    argv = [*TRAINED, "--dataset", f"folder:{folder}", "--images", "1", "--out", str(out)]
    run_trial, end_trial = tune.Search.run_trial, oracles.Kept.end_trial

    def killed_in_the_second(search, name, values):
        begun.append(values["n"])
        if len(begun) == 2:
            raise KeyboardInterrupt
        return run_trial(search, name, values)

    def killed_behind_its_end(oracle, trial):
        end_trial(oracle, trial)
        if len(begun) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(tune.Search, "run_trial", killed_in_the_second)
    monkeypatch.setattr(oracles.Kept, "end_trial", killed_behind_its_end)
    for resume in ([], ["--resume"]):
        with pytest.raises(KeyboardInterrupt):
            tune.main([*argv, *resume])
    assert tune.main([*argv, "--resume"]) == 0
    assert begun == [8, 16, 16, 40, 80]
    assert sorted(row["n"] for row in json.loads((out / "trials.json").read_text())["rows"]) == [8, 16, 40, 80]


@pytest.mark.parametrize("file", ["search.json", "search/oracle.json"])
@pytest.mark.parametrize("text", ["", "{}", '{"trials": {"0": {}}}', "[1]", '{"trials": 1}'])
def test_a_damaged_search(file, text, folder, tmp_path, refused):
    """A file that a full disk or a crash left: one line that names it and what can be done."""
    out = tmp_path / "search"
    argv = [*TRAINED[:-1], "n=8,16", "--images", "1", "--dataset", f"folder:{folder}", "--out", str(out)]
    oracle = tune._arguments(argv)[0].tuner().oracle
    oracle.create_trial("tuner0")
    (out / file).write_text(text)
    line = refused(tune.main, [*argv, "--resume"])
    assert str(out) in line
    assert "another --out" in line or "had another" in line


def test_a_full_disk_ends_a_search(folder, tmp_path, refused, monkeypatch):
    """It is no fault of a trial's settings, and would be met by the next one as well."""
    begun = []

    def full(trained, values, **_):
        begun.append(values["n"])
        raise OSError(28, "No space left on device", "trial-0/model.keras")

    monkeypatch.setattr("training.search.objectives.measure", full)
    argv = [*TRAINED, "--dataset", f"folder:{folder}", "--images", "1", "--out", str(tmp_path / "search")]
    assert "trial-0/model.keras: No space left" in refused(tune.main, argv)
    assert len(begun) == 1


def test_what_a_codec_refuses_fails_a_trial_at_once(folder, tmp_path, refused, monkeypatch):
    """It would be refused again: the trial is not run a second time, and the search goes on."""
    begun = []

    def too_large(trained, values, **_):
        begun.append(values["n"])
        raise ZooError("n is larger than an image")

    monkeypatch.setattr("training.search.objectives.measure", too_large)
    argv = [*TRAINED, "--dataset", f"folder:{folder}", "--images", "1", "--out", str(tmp_path / "search")]
    assert "no trial of the search" in refused(tune.main, argv)
    assert len(begun) == len(set(begun)) > 1


def test_objectives_of_a_command(folder, tmp_path, refused):
    argv = [*TRAINED[:-1], "n=8,40", "--dataset", f"folder:{folder}", "--images", "1"]
    assert tune.main([*argv, "--objective", "lagrangian", "--multiplier", "1e6", "--out", str(tmp_path / "a")]) == 0
    assert json.loads((tmp_path / "a" / "best.json").read_text())["values"] == {"n": 40}
    out = tmp_path / "b"
    argv += ["--objective", "psnr-at-rate", "--rate", "9"]
    assert tune.main([*argv, "--out", str(out)]) == 0
    assert json.loads((out / "best.json").read_text())["values"] == {"n": 8}
    out = tmp_path / "in no time"
    assert tune.main([*argv, "--minutes", "0.001", "--out", str(out)]) == 0
    assert [row["n"] for row in json.loads((out / "trials.json").read_text())["rows"]] == [8]
    assert "no trial of the search" in refused(
        tune.main, [*argv, "--objective", "beauty", "--out", str(tmp_path / "c")]
    )


def test_a_grid_keeps_all_workers_busy(tmp_path):
    """Every trial is named before any has ended, each once; then workers wait."""
    argv = ["crayon", "--dataset", "samples", "--search", "n=6,15,20,40", "--out", str(tmp_path / "search")]
    oracle = tune._arguments(argv)[0].tuner().oracle
    trials = [oracle.create_trial(f"worker-{number}") for number in range(5)]
    assert [trial.status for trial in trials] == ["RUNNING"] * 4 + ["IDLE"]
    assert [trial.hyperparameters.values["n"] for trial in trials[:4]] == [6, 15, 20, 40]


@pytest.mark.slow
def test_trainings_and_a_fit_of_the_best(small, tmp_path, refused):
    """Hyperband: trials of one epoch, the better of which goes on for another; what is best can be trained again."""
    out = tmp_path / "search"
    argv = [
        "crayon",
        *small,
        "--epochs",
        "2",
        "--search",
        "learning_rate=1e-5,1e-3",
        "--images",
        "2",
        "--out",
        str(out),
    ]
    assert tune.main([*argv, "--oracle", "hyperband", "--trials", "3", "--objective", "psnr"]) == 0
    best = json.loads((out / "best.json").read_text())
    assert best["settings"]["learning_rate"] == 1e-3
    argv = ["crayon", "--from", str(out / "best.json"), "--epochs", "1", "--out", str(tmp_path / "run")]
    assert fit.main(argv) == 0
    settings = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert settings == {**best["settings"], "epochs": 1}
    assert "of another recipe" in refused(fit.main, ["crayon_edge", *argv[1:]])
    assert "does not end by itself" in refused(tune.main, ["crayon", *small, "--oracle", "random"])
    assert "is larger than the crops" in refused(
        tune.main, ["crayon", *small, "--search", "n=100", "--out", str(out / "n")]
    )


def test_a_lost_worker_gives_its_trial_away(tmp_path):
    """Its trial goes to the next worker that asks, is ended once, and no worker is sent away before."""
    space = hyperparameters({"n": (1, 2)})
    objective = keras_tuner.Objective("objective", "max")
    oracle = oracles.Grid(objective, hyperparameters=space, max_retries_per_trial=1)
    oracle._set_project_dir(str(tmp_path), "search")
    oracle.verbose = 0
    told = Budget(None, "psnr")
    servicer, service = chief.Servicer(oracle, told), protos.get_service()

    def ask(worker):
        return servicer.CreateTrial(service.CreateTrialRequest(tuner_id=worker), None).trial

    def end(trial, value):
        request = service.UpdateTrialRequest(trial_id=trial.trial_id, metrics={"objective": value}, step=0)
        servicer.UpdateTrial(request, None)
        ended = keras_tuner.engine.trial.Trial.from_proto(trial)
        ended.status = "COMPLETED"
        servicer.EndTrial(service.EndTrialRequest(trial=ended.to_proto()), None)

    first, second = ask("worker-0"), ask("worker-1")
    assert first.trial_id != second.trial_id
    end(second, 1.0)
    statuses = protos.get_proto().TrialStatus
    assert ask("worker-1").status == statuses.IDLE  # the other trial may come back
    servicer.heard["worker-0"] -= 100
    chief.give_up_lost(oracle, servicer.heard, 60)
    again = ask("worker-1")
    assert again.trial_id == first.trial_id
    end(again, 2.0)
    end(first, 3.0)  # of the worker that was thought lost
    assert sorted(oracle.end_order) == sorted({first.trial_id, second.trial_id})
    assert ask("worker-1").status == statuses.STOPPED
    assert servicer.stop_triggered
    assert not oracle.tuner_ids


@pytest.mark.slow
def test_workers_that_are_killed(small, tmp_path):
    """A chief and two workers; one is killed in a trial, then all of them; every trial is done once in the end."""
    out = tmp_path / "search"
    command = [sys.executable, "-m", "training.tune", "crayon", *small, "--epochs", "2", "--images", "2"]
    command += ["--search", "learning_rate=1e-5,1e-4,3e-4,1e-3", "--objective", "psnr", "--workers", "2"]
    command += ["--lost", "10", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    workers = {}
    for line in process.stdout:
        if ": process " in line:
            role, pid = line.split(": process ")
            workers[role] = int(pid)
        if "parameters" in line:  # a trial trains
            break
    os.kill(workers["worker-0"], signal.SIGKILL)
    for line in process.stdout:
        if "worker-0 is lost" in line:
            break
    else:
        pytest.fail("the killed worker was not missed")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1)
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((out / "trials.json").read_text())["rows"]
    assert sorted(row["learning_rate"] for row in rows) == [1e-5, 1e-4, 3e-4, 1e-3]
