"""Kills `fit`, `tune`, `export` and `publish` at random moments, again and again: `python tests/kills.py --count 50`.

Each is ended by SIGKILL so many times, and each time goes on where it was, or begins again; at last it runs to its
end. After every kill what is on the disk must be whole and hold all that was there before, and at the end nothing else
may be left. Prints how often each was killed, how often that was while something was being written, and how often it
had ended before. The exit code is 1 if anything was left; what was lost or torn ends it at once.

Processes are forked from this one, which has imported TensorFlow but never used it, so that a kill costs a second.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from itertools import product
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import export.__main__ as export_command
from training import fit, publish, tune
from training.command import import_tensorflow, run
from training.data.sources import SAMPLES
from training.outputs import UNFINISHED, write_json

DISK = 0.05  # seconds for a file to reach the disk, and for a name to
SMALL = ["--dataset", "samples", "--width", "2", "--size", "64", "--batch-size", "12", "--n", "20"]


class Fit:
    """A run: no epoch that ended is lost or changed; its weights are there."""

    seconds = 8.0  # until it is killed, at most: the start, and some epochs
    epochs = 400

    def __init__(self, folder):
        self.out = folder / "run"
        self.history = []

    def call(self):
        resume = ["--resume"] if (self.out / "recipe.json").exists() else []
        fit.train(*self._settings(["crayon", *SMALL, "--epochs", str(self.epochs), "--out", str(self.out), *resume]))

    @staticmethod
    def _settings(argv):
        recipe, arguments = fit._arguments(argv)
        return recipe, arguments.out, None, arguments.resume

    def check(self):
        if not (self.out / "state.json").exists():
            assert not self.history
            return
        state = json.loads((self.out / "state.json").read_text())
        assert state["history"][: len(self.history)] == self.history
        assert (self.out / state["weights"]).stat().st_size
        self.history = state["history"]

    def finish(self):
        self.epochs = len(self.history) + 1

    def left(self):
        kept = {"data.json", "history.csv", "logs", "model.keras", "preview.png", "recipe.json", "state.json"}
        return {path.name for path in self.out.iterdir()} - kept - {f"state-{self.epochs}.weights.h5"}


class Tune:
    """A search: no trial that ended is lost, changed or run again."""

    seconds = 4.0  # the start, and some trials
    last = 160

    def __init__(self, folder):
        self.out = folder / "search"
        self.photographs = folder / "photographs"
        self.done = {}

    def prepare(self):
        """Photographs that the weights have not seen."""
        self.photographs.mkdir()
        with Image.open(SAMPLES / "train" / "60003.webp") as image:
            image.transpose(Image.Transpose.ROTATE_90).save(self.photographs / "turned.png")

    def call(self):
        steps = ",".join(map(str, range(4, self.last + 1)))
        argv = ["crayon_edge", "--trained", "crayon_edge-photographs", "--dataset", f"folder:{self.photographs}"]
        argv += ["--size", "160", "--images", "1", "--search", f"n={steps}", "kind", "--out", str(self.out)]
        assert run(tune.main, argv + (["--resume"] if (self.out / "search.json").exists() else [])) == 0

    def check(self):
        path = self.out / "search" / "oracle.json"
        if not path.exists():
            assert not self.done
            return
        state = json.loads(path.read_text())
        done = {name: trial for name, trial in state["trials"].items() if trial["status"] == "COMPLETED"}
        assert {name: done.get(name) for name in self.done} == self.done
        assert sorted(state["end_order"]) == sorted(done)
        self.done = done

    def finish(self):
        """Nothing: it ends by itself."""

    def left(self):
        rows = json.loads((self.out / "trials.json").read_text())["rows"]
        searched = product(range(4, self.last + 1), ("means", "points"))
        assert sorted((row["n"], row["kind"]) for row in rows) == list(searched)
        kept = {"best.json", "search", "search.json", "trials.json", "trials.png"}
        return {path.name for path in self.out.iterdir()} - kept


class Export:
    """An export: there is none, or a whole one, of the one step or the other."""

    seconds = None  # as long as it takes

    def __init__(self, folder):
        self.out = folder / "exports" / "e"
        self.number = 0

    def call(self):
        argv = ["crayon_edge", "--n", "4", "--size", "96", "--quantize", "float32", "dynamic"]
        if self.number % 2:
            argv = ["crayon_edge", "--n", "8", "--size", "96", "--quantize", "float16"]
        assert run(export_command.main, [*argv, "--limit", "1", "--dataset", "samples", "--out", str(self.out)]) == 0

    def check(self):
        self.number += 1
        if not self.out.exists():
            return
        card = json.loads((self.out / "card.json").read_text())
        assert {path.name for path in self.out.iterdir()} == {"card.json", "saved_model", *card["files"]}
        assert card["n"] == (4 if "decoder_dynamic.tflite" in card["files"] else 8)
        for name, entry in card["files"].items():
            assert hashlib.sha256((self.out / name).read_bytes()).hexdigest() == entry["sha256"]

    def finish(self):
        """Nothing: it ends by itself."""

    def left(self):
        return {path.name for path in self.out.parent.iterdir()} - {"e"}


class Publish:
    """Weights of the zoo: none, or whole ones with their card and what they have seen."""

    seconds = None
    name = "crayon-killed"

    def __init__(self, folder):
        self.folder = folder / "pretrained"
        self.card = self.folder / f"{self.name}.card.json"
        self.runs = [folder / name for name in "ab"]
        self.number = 0

    def prepare(self):
        """Two runs, of which now the one is published, now the other."""
        for seed, out in enumerate(self.runs):
            settings = Fit._settings(["crayon", *SMALL, "--epochs", "1", "--seed", str(seed), "--out", str(out)])
            fit.train(*settings)
            row = {"name": "crayon", "n": 20, "subset": "all", "metrics": {"psnr": 0.0}}
            write_json(out / "metrics.json", {"command": "", "rows": [row]})

    def call(self):
        import zoo.weights

        zoo.weights.FOLDER = self.folder
        out = self.runs[self.number % 2]
        argv = [str(out), "--name", self.name, "--data", "samples", "--licence", "none", "--time", "none"]
        assert run(publish.main, [*argv, "--results", str(out / "metrics.json")]) == 0

    def check(self):
        self.number += 1
        if self.card.exists():
            card = json.loads(self.card.read_text())
            stored = b"".join((self.folder / file).read_bytes() for file in card["files"])
            assert hashlib.sha256(stored).hexdigest() == card["sha256"]
            assert json.loads((self.folder / card["seen"]).read_text())

    def finish(self):
        """Nothing: it ends by itself."""

    def left(self):
        card = json.loads(self.card.read_text())
        return {path.name for path in self.folder.iterdir()} - {self.card.name, card["seen"], *card["files"]}


def forked(function):
    """The process that calls a function and ends, without a word."""
    pid = os.fork()
    if pid:
        return pid
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    for name in ("fsync", "replace"):  # as on a slow disk, so that kills hit what is being written
        setattr(os, name, slowed(getattr(os, name)))
    try:
        function()
        os._exit(0)
    except BaseException:
        os._exit(1)


def slowed(function):
    """A function that takes a moment longer."""

    def called(*arguments):
        time.sleep(DISK)
        return function(*arguments)

    return called


def ended(pid):
    """Waits for a process: whether it ended by itself, without an error."""
    return os.waitpid(pid, 0)[1] == 0


def timed(function):
    """How many seconds a process takes that calls a function."""
    began = time.monotonic()
    assert ended(forked(function))
    return time.monotonic() - began


def tried(kind, count, seed):
    """Kills one command so many times; gives counts of what was seen, and what was left at the end."""
    chosen, seen = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        subject = kind(Path(folder))
        if hasattr(subject, "prepare"):
            assert ended(forked(subject.prepare))
        whole = subject.seconds or timed(subject.call)
        while seen["killed"] < count:
            pid = forked(subject.call)
            time.sleep(chosen.uniform(0, whole))
            os.kill(pid, signal.SIGKILL)
            if ended(pid):
                seen["ended before"] += 1
            else:
                seen["killed"] += 1
                seen["while something was written"] += any(Path(folder).rglob(f"{UNFINISHED}*"))
            subject.check()
        subject.finish()
        assert ended(forked(subject.call))
        subject.check()
        unfinished = [str(path.relative_to(folder)) for path in Path(folder).rglob(f"{UNFINISHED}*")]
        return seen, sorted([*subject.left(), *unfinished])


def main():
    """Prints a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=50, help="kills of each command")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", choices=("fit", "tune", "export", "publish"), nargs="+", help="some of the commands")
    arguments = parser.parse_args()
    import_tensorflow()
    failed = 0
    for kind in (Fit, Tune, Export, Publish):
        name = kind.__name__.lower()
        if arguments.only and name not in arguments.only:
            continue
        seen, left = tried(kind, arguments.count, arguments.seed)
        print(
            f"{name}: {', '.join(f'{what} {number}' for what, number in seen.items())}; left over: {left or 'nothing'}"
        )
        failed += bool(left)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
