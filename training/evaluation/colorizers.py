"""Scores colorizers, models from luma alone, on images of one size: a part of `training.evaluate`."""

import numpy as np

from training.command import CommandError
from training.data.batches import stacked
from training.data.luma import grey
from training.data.sources import open_dataset
from training.evaluation.scored import (
    AUTOENCODERS,
    GRIDS,
    file_name,
    one_dataset,
    run_names,
    split_to_score,
    write_scores,
)
from training.loop.run_folder import load_run, only_unseen
from training.metrics.colors import DISTANCES, auc, chroma, colorfulness, rarity, threshold_accuracy
from training.metrics.images import psnr
from training.outputs import result_path
from training.result_files import dataset_name, listing
from zoo.codecs.colorizer import SIDE


class ColorScorer:
    """Metrics of guessed colours against the same originals: `training.metrics.colors`, all of them.

    Args:
        original: uint8 sRGB `(N, H, W, 3)`.
        classifier: a `zoo.codecs.classifier.Classifier`, for `feature_preservation`, the per cent of the guesses that
            it puts into their class; None to do without.
        labels: class numbers `(N,)`.

    Raises:
        CommandError: all originals are grey, so that there are no colours to guess.
    """

    def __init__(self, original, classifier=None, labels=None):
        if np.array_equal(original, grey(original)):
            raise CommandError(f"all {len(original)} images are grey: to score colours choose another --dataset")
        self.original = original
        self.classifier = classifier
        self.labels = labels
        self.chroma = chroma(original)
        self.rarity = rarity(self.chroma)

    def __call__(self, decoded):
        """A dict of metrics of uint8 sRGB `(N, H, W, 3)`."""
        guessed = chroma(decoded)
        metrics = {f"ta_{name}": threshold_accuracy(self.original, decoded, name) for name in DISTANCES}
        metrics |= {
            "auc": auc(self.chroma, guessed),
            "auc_rebalanced": auc(self.chroma, guessed, self.rarity),
            "colorfulness": colorfulness(decoded),
            "psnr": float(np.mean([psnr(*pair) for pair in zip(self.original, decoded, strict=True)])),
        }
        if self.classifier is not None:
            guessed = self.classifier.logits(decoded).argmax(-1)
            metrics["feature_preservation"] = float(100 * np.mean(guessed == self.labels))
        return metrics


def add_share_of_grey_error(rows):
    """Adds `gain_READING` to each row for each reading of threshold accuracy: (TA - grey) / (100 - grey)."""
    grey_metrics = next(row["metrics"] for row in rows if row["name"] == "grey")
    for name in DISTANCES:
        least = grey_metrics[f"ta_{name}"]
        for row in rows:
            row["metrics"][f"gain_{name}"] = (row["metrics"][f"ta_{name}"] - least) / (100 - least)


def evaluate_colorizers(runs, arguments, argv, _):
    """Prints and writes a row for the truth, grey and each colorizer, by a classifier if there is one.

    Of `Run`s of colorizers and classifiers, by the arguments of `training.evaluate`.
    """
    loaded, runs = dict(zip(run_names(runs), runs, strict=True)), list(runs)
    if arguments.classifier:
        runs.append(load_run(arguments.classifier))
        if runs[-1].codec.family != "classifier":
            raise CommandError(
                f"{arguments.classifier} is no classifier: train one with `training.fit champati_features`"
            )
    found = one_classifier(runs)
    classifier, settings = found and found.codec, runs[0].settings
    if arguments.size == 0:
        raise CommandError(f"--size 0, whole images, is for {GRIDS} and {AUTOENCODERS}: leave it out")
    spec, size = one_dataset(arguments, runs[0], "cifar10"), arguments.size or settings.get("size", SIDE)
    _check_size(runs, size)
    photographs = open_dataset(spec, (), settings.get("seed", 0), arguments.data_dir)
    split = split_to_score(arguments, photographs, spec == settings.get("dataset"))
    path = result_path(arguments.results, file_name(loaded, spec))
    with only_unseen([] if arguments.allow_overlap else runs, photographs, split):
        if found:
            check_classes(found, photographs, split)
        images, labels = stacked(photographs, split, size, arguments.limit)
    guesses = {"truth": images, "grey": grey(images)}
    guesses |= {name: run.codec.colored(images) for name, run in loaded.items() if run.codec.family == "colorizer"}
    score = ColorScorer(images, classifier, labels)
    rows = [{"name": name, "metrics": score(guess)} for name, guess in guesses.items()]
    add_share_of_grey_error(rows)
    print(listing(rows, list(rows[0]["metrics"])))
    dataset = {"name": dataset_name(spec), "split": split, "images": len(images), "size": size}
    models = {name: run.described for name, run in loaded.items()}
    write_scores(path, argv, rows, dataset, settings.get("seed"), models=models)
    return 0


def _check_size(runs, size):
    """CommandError for a model that takes images of one size alone, and of another than this."""
    for run in runs:
        sides = run.model.inputs[0].shape[1:3]
        if any(side not in (None, size) for side in sides):
            raise CommandError(f"{run.path} takes images of {sides[0]}x{sides[1]} alone: choose that --size")


def check_classes(run, photographs, split):
    """CommandError where the classes that a classifier was trained on are not those of the photographs.

    `run` is a `training.loop.run_folder.Run`. Of a bare .keras file they are not known, and a note says so.
    """
    theirs, ours = list(photographs.classes(split)), run.classes
    if ours is None and len(theirs) <= run.model.outputs[0].shape[-1]:
        print(f"note: it is not known what classes {run.path} tells apart, so they may be others than those here")
    elif theirs != ours:
        raise CommandError(
            f"{run.path} tells {', '.join(ours or ['other classes'])} apart, and {photographs.spec} has "
            f"{', '.join(theirs)}: choose another --dataset or classifier"
        )


def one_classifier(runs):
    """The run of a classifier among others; None if there is none. CommandError for several."""
    found = [run for run in runs if run.codec.family == "classifier"]
    if len(found) > 1:
        raise CommandError(f"{found[0].path} and {found[1].path} are both classifiers, of which one judges: give one")
    return found[0] if found else None
