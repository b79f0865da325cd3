"""Tables 1 to 7 of Champati, Houle and Zhang, with their figures beside ours: a part of `training.evaluate`."""

import math

import numpy as np
from keras import ops

from training.command import CommandError
from training.data.batches import stacked
from training.data.luma import grey
from training.data.sources import open_dataset
from training.evaluation.colorizers import ColorScorer, add_share_of_grey_error, check_classes, one_classifier
from training.evaluation.scored import one_dataset, run_names, write_scores
from training.loop.run_folder import history_of, load_run, only_unseen
from training.outputs import result_path
from training.papers import champati_figures as figures
from training.result_files import dataset_name, listing, read_results, rounded
from zoo.color_bins import nearest_bin
from zoo.color_spaces import lab_to_rgb, rgb_to_lab
from zoo.images import chunks, to_uint8
from zoo.models.champati import bin_colors

# Tables 1 to 7: threshold accuracy and feature preservation, per cent; 313 bins and U, V are said to be "mostly grey".
PAPER = {
    "truth": (100, 81.44),
    "grey": (91.05, 73.40),
    "baseline rgb": (91.22, 66.68),
    "baseline yuv": (94.08, 40.76),
    "baseline lab": (95.58, 74.66),
    "regression rgb": (92.88, 74.41),
    "regression yuv": (95.68, 74.65),
    "regression lab": (95.82, 76.46),
    "regression lab, VGG frozen": (95.71, 75.62),
    "regression lab, VGG trainable": (95.85, 76.65),
    "49 bins": (94.60, 74.79),
    "64 bins": (94.39, 73.57),
    "81 bins": (95.58, 76.74),
    "100 bins": (94.26, 74.92),
    "81 bins, rebalanced": (95.56, 75.97),
    "81 bins, VGG frozen": (95.40, 76.94),
    "81 bins, VGG frozen, rebalanced": (95.40, 76.77),
    "81 bins, VGG trainable": (95.25, 76.45),
    "81 bins, VGG trainable, rebalanced": (95.57, 76.23),
    "best regression": (95.85, 76.65),  # VGG trainable, in CIELAB
    "best classification": (95.57, 76.77),  # VGG frozen, rebalanced, for which table 5 has 95.40
}
BEST = {"best regression": "3 and 4", "best classification": "5 and 6"}  # of which table
TABLES = ("1 and 2", "ceilings", *BEST.values())
LATTICE_BINS = (49, 64, 81, 100)
# Which rows the figures with examples show.
EXAMPLES = {
    8: lambda name: "uv" in name,
    9: lambda name: name.startswith("81 bins") and "uv" not in name,
    10: lambda name: "bins" not in name,
    11: lambda name: "bins" in name and not name.startswith("81"),
}
TRAINING_SHOWN = 20_000


def row_name(settings):
    """The row of the tables to which a run's settings belong."""
    if settings["network"] == "classification":
        parts = [f"{settings['bins']} bins"]
        parts += ["uv"] if settings["color_space"] == "yuv" else []
        parts += ["cell centres"] if settings["lattice"] == "center" and settings["bins"] != 313 else []
    else:
        parts = [f"{settings['network']} {settings['color_space']}"]
    parts += ["absolute error"] if settings.get("loss") == "absolute" else []
    parts += [f"VGG {settings['vgg']}"] if settings["vgg"] else []
    parts += ["rebalanced"] if settings["rebalance"] else []
    parts += [f"sigma {settings['sigma']:g}"] if settings["rebalance"] and settings["sigma"] != 3 else []
    parts += ["soft labels"] if settings["soft"] else []
    return ", ".join(parts)


def tables(arguments, argv):
    """Scores all runs on the test images and writes the rows of tables 1 to 7, the paper's figures beside ours.

    Tables 1 and 2 are the truth and grey, 3 and 4 regression, 5 and 6 classification, 7 the best of each of these. Not
    in the paper: what each lattice of bins can reach at best. With `--add`, rows of other runs in the file stay.
    """
    path = result_path(arguments.results, "champati-tables")
    runs = [load_run(run) for run in arguments.runs]
    classifier = one_classifier(runs)
    if classifier is None:
        raise CommandError("feature preservation needs a classifier: add a run of `training.fit champati_features`")
    other = next((run for run in runs if run is not classifier and run.settings.get("recipe") != "champati"), None)
    if other is not None:
        raise CommandError(f"{other.path} is no run of `training.fit champati`, of which the tables are: leave it out")
    run_names(runs)
    spec = one_dataset(arguments, classifier, "cifar10") if arguments.dataset else "cifar10"
    data = open_dataset(spec, (), 0, arguments.data_dir)
    with only_unseen(runs, data, "test"):
        check_classes(classifier, data, "test")
        images, labels = stacked(data, "test", 32, arguments.limit)
    score, rows = ColorScorer(images, classifier.codec, labels), []

    def add(table, name, decoded, **more):
        rows.append({"name": name, "table": table, **more, "metrics": score(decoded), "paper": paper_figures(name)})
        print(f"{name}: {rows[-1]['metrics']['feature_preservation']:.2f} % feature preservation", flush=True)

    add("1 and 2", "truth", images)
    add("1 and 2", "grey", grey(images))
    for lattice in ("edge", "center"):
        for bins in LATTICE_BINS:
            add("ceilings", f"{bins} bins, {lattice}", nearest_colors(images, bin_colors(bins, "lab", lattice)))
    add("ceilings", "313 bins", nearest_colors(images, bin_colors(313)))
    guesses = {}
    for run in runs:
        if run is not classifier:
            settings, decoded = run.settings, run.codec.colored(images)
            losses = history_of(run.path).get("val_loss", [])
            name, more = row_name(settings), {key: settings[key] for key in ("width", "seed")}
            more["epochs"] = len(losses) or settings["epochs"]  # of those that it has had
            count = data.count("train")
            more |= {"images": min(settings["limit"] or count, count), "parameters": run.model.count_params()}
            more["validation_loss"] = losses
            add("5 and 6" if "bins" in name else "3 and 4", name, decoded, **more, settings=settings)
            if name not in guesses or rows[-1]["metrics"]["ta_255"] > guesses[name][2]["ta_255"]:
                guesses[name] = (run, decoded, rows[-1]["metrics"])
    add_share_of_grey_error(rows)
    if arguments.add:
        rows += _other_rows(path, rows, classifier)
    rows.sort(key=_place)
    for what, table in BEST.items():
        of_kind = [row for row in rows if row["table"] == table]
        if of_kind:
            best = max(of_kind, key=lambda row: row["metrics"]["gain_255"])
            rows.append({**best, "name": f"{what}: {best['name']}", "table": "7", "paper": paper_figures(what)})
    print(listing(rows, ["table", "ta_255", "gain_255", "gain_squared", "feature_preservation", "colorfulness"]))
    dataset = {"name": dataset_name(spec), "split": "test", "images": len(images), "size": 32}
    write_scores(path, argv, rows, dataset, None, classifier=classifier.described)
    if arguments.figures:
        figures.passes(arguments.figures / "passes.png", [row for row in rows if row["table"] in BEST.values()])
        _draw(arguments.figures, data, images, guesses)
        print(f"written: figures in {arguments.figures}")
    return 0


def _other_rows(path, rows, classifier):
    """Rows of the result file at `path`, if there is one, whose runs are not among these."""
    if not path.exists():
        return []
    found = read_results(path)
    old, known, judge = found["rows"], [row.get("settings") for row in rows], found.get("classifier", {})
    ours = rounded({name: value for name, value in classifier.described.items() if name != "dataset"})
    truth = old[0]["metrics"]
    same_images = all(math.isclose(value, truth[name], rel_tol=1e-3) for name, value in rows[0]["metrics"].items())
    if not same_images or {name: judge.get(name) for name in ours} != ours:
        raise CommandError(f"{path} has other test images or another classifier: --add to another --results")
    return [row for row in old if row["table"] in BEST.values() and row["settings"] not in known]


def _place(row):
    """Rows as the paper has them, ours after them, seeds side by side."""
    table, order = row["table"], list(PAPER)
    return TABLES.index(table), order.index(row["name"]) if row["name"] in order else len(order), row.get("seed", 0)


def paper_figures(name):
    """The paper's figures for a row."""
    return dict(zip(("ta", "feature_preservation"), PAPER.get(name, ()), strict=False))


def _draw(folder, data, images, guesses):
    """All figures, of the best run of each row."""
    figures.distributions(folder / "figure3.png", data.unlabelled("train", 32, TRAINING_SHOWN))
    for number, belongs in EXAMPLES.items():
        decoded = [decoded[: figures.SHOWN] for name, (_, decoded, _) in guesses.items() if belongs(name)]
        if decoded:
            figures.examples(folder / f"figure{number}.png", images[: figures.SHOWN], decoded)
    for number, belongs in ((12, EXAMPLES[10]), (13, lambda name: "bins" in name)):
        of_kind = [guess for name, guess in guesses.items() if belongs(name)]
        if of_kind:
            run, decoded, _ = max(of_kind, key=lambda guess: guess[2]["gain_255"])
            figures.best_and_worst(folder / f"figure{number}.png", images, decoded)
            if number == 13:
                figures.temperatures(folder / "figure7.png", run, images[: figures.SHOWN])


def nearest_colors(images, bins):
    """uint8 sRGB images `(N, H, W, 3)` whose a* and b* are those of the nearest bins: what bins can do at best."""
    decoded = []
    for (part,) in chunks(images):
        lab = rgb_to_lab(part)
        chroma = ops.take(bins, nearest_bin(lab[..., 1:], bins), axis=0)
        decoded.append(to_uint8(lab_to_rgb(ops.concatenate([lab[..., :1], chroma], -1))))
    return np.concatenate(decoded)
