"""Scores decoders of colour grids, learned and classical, on the same images."""

from dataclasses import dataclass

import numpy as np

from training.baselines.propagation import FAST, levin
from training.command import CommandError
from training.data.luma import CODECS, compress_luma
from training.data.sources import open_dataset
from training.evaluation.scored import file_name, own_dataset, run_names, split_to_score, told_apart, write_scores
from training.evaluation.subsets import CONTENT, synthetic_images, terciles
from training.loop.run_folder import only_unseen
from training.metrics.images import METRICS
from training.metrics.rates import knee, paper_relative_size, relative_size
from training.outputs import result_path
from training.recipes import RECIPES
from training.result_files import dataset_name, pivot
from training.tasks.grid import PAPER_STEPS
from zoo.codecs.grid import Grid, through
from zoo.color_spaces import LAB, Space


@dataclass(frozen=True)
class Protocol:
    """What decoders are given and how they are scored.

    Attributes:
        kind: "points" or "means".
        space: of luma and grid.
        metrics: names in `training.metrics.images.METRICS`.
        luma: codec and quality that the luma goes through first, `("JPEG", 20)`; None for the original's.
    """

    kind: str = "points"
    space: Space = LAB
    metrics: tuple = tuple(METRICS)
    luma: tuple | None = None


PAPER = Protocol()


def score(images, decoders, steps, protocol=PAPER, subset="all"):
    """Scores decoders on images at each grid step.

    Args:
        images: uint8 sRGB `(H, W, 3)` each.
        decoders: by name, with the interface of `training.baselines.propagation`, which is that of `GridCodec`.
        steps: grid steps n.
        protocol: a `Protocol`; points in CIELAB, as in the Crayon paper, if not given.
        subset: what these images are, for the rows.

    Returns:
        Rows for a result file: for each step and decoder the mean of each metric, the relative size of the paper
        and ours, and each metric image by image.
    """
    chosen = {metric: METRICS[metric] for metric in METRICS if metric in protocol.metrics}
    seen = images
    if protocol.luma:
        seen = [compress_luma(rgb, *protocol.luma) for rgb in images]
    rows = []
    for n in steps:
        size, grid = relative_size(n, *images[0].shape[:2]), Grid(n, protocol.kind, protocol.space)
        for name, decoder in decoders.items():
            decoded = [through(decoder, rgb, grid) for rgb in seen]
            each = {m: [f(*pair) for pair in zip(images, decoded, strict=True)] for m, f in chosen.items()}
            metrics = {m: float(np.mean(values)) for m, values in each.items()}
            metrics["median_psnr"] = float(np.median(each["psnr"]))  # where some images are decoded without any error
            rows.append(
                {
                    "name": name,
                    "n": n,
                    "subset": subset,
                    "metrics": {**metrics, "relative_size": size},
                    "paper": {"relative_size": paper_relative_size(n)},
                    "each": each,
                }
            )
    return rows


def add_gain(rows, names):
    """Adds to the models' rows how far each is above the baselines at the same step, on the same images.

    Rows of other names are the baselines. `gain` is its PSNR less that of the best of them, `wins` the number of
    images on which it is above each.
    """
    for row in (row for row in rows if row["name"] in names):
        others = [other for other in rows if other["n"] == row["n"] and other["name"] not in names]
        row["metrics"]["gain"] = row["metrics"]["psnr"] - max(other["metrics"]["psnr"] for other in others)
        best = np.max([other["each"]["psnr"] for other in others], axis=0)
        row["metrics"]["wins"] = int((np.array(row["each"]["psnr"]) > best).sum())


def mark_knees(rows):
    """Marks the row of the step at which more colours stop to pay, each decoder's by PSNR over the paper's size."""
    for name in dict.fromkeys(row["name"] for row in rows):
        mine = [row for row in rows if row["name"] == name]
        found = knee([(row["paper"]["relative_size"], row["metrics"]["psnr"]) for row in mine])
        mine[found]["knee"] = True


def evaluate_decoders(runs, arguments, argv, draw):
    """Prints and writes the rows of decoders of grids and of the baselines.

    Of `Run`s, by the arguments of `training.evaluate`; `draw(folder, sets, rows, codecs by name, steps)` makes figures.
    """
    loaded = dict(zip(run_names(runs), runs, strict=True))
    models = {name: run.codec for name, run in loaded.items()}
    first = next(iter(models.values()))
    if any(model.space != first.space for model in models.values()):
        raise CommandError("models of several colour spaces cannot stand in one table: score them one by one")
    sets = image_sets(runs, arguments)
    path = result_path(arguments.results, file_name(models, sets[0][0]["name"]))
    protocol = Protocol(arguments.kind or first.kind, first.space, ("psnr", *arguments.metrics), _luma(arguments))
    decoders = {**FAST, **models}

    rows, levin_rows, parts = [], [], []
    for dataset, _, images in sets:
        subset = "all" if len(sets) == 1 else dataset["name"]
        scored = score(images, decoders, arguments.n, protocol, subset)
        few = _score_levin(images, scored, list(models), arguments, protocol)
        rows, levin_rows = rows + scored, levin_rows + few
        mark_knees([*scored, *few])
        what = f"{dataset['name']}, {dataset['split']}: {len(images)} images"
        print(f"{what}, grid of {protocol.kind} in {first.space.name}, 8-bit RGB")
        print(pivot([*scored, *few], "psnr"))
        if len(sets) == 1 and arguments.size != 0:
            parts = [*_by_content(images, scored), *_synthetic(dataset["size"], decoders, arguments.n, protocol)]
    datasets = [{**dataset, "names": names} for dataset, names, _ in sets]
    dataset, seed = datasets[0] if len(datasets) == 1 else datasets, runs[0].settings.get("seed")
    used = {"kind": protocol.kind, "space": first.space.name, "luma": protocol.luma}
    described = {name: run.described for name, run in loaded.items()}
    write_scores(path, argv, [*rows, *levin_rows, *parts], dataset, seed, models=described, protocol=used)
    if arguments.figures:
        draw(arguments.figures, sets, rows, models, arguments.n)
        print(f"written: figures in {arguments.figures}")
    return 0


def _score_levin(images, rows, names, arguments, protocol):
    """Rows of Levin's optimisation on some of the images; adds `levin_gain` and `levin_wins` to the models'."""
    add_gain(rows, names)
    if not arguments.levin:
        return []
    every = -(-len(images) // arguments.levin)
    few = score(images[::every], {"levin": levin}, arguments.n, protocol, rows[0]["subset"])
    slow = {row["n"]: row for row in few}
    for row in (row for row in rows if row["name"] in names):
        other = slow[row["n"]]
        above = np.array(row["each"]["psnr"][::every]) - other["each"]["psnr"]
        row["metrics"] |= {"levin_gain": float(above.mean()), "levin_wins": int((above > 0).sum())}
    print(f"levin, which is slow: on {len(images[::every])} of the images")
    return few


def _luma(arguments):
    """The codec and quality of --luma, or None."""
    if arguments.luma is None:
        return None
    codec, quality = arguments.luma
    if codec not in CODECS or not quality.isdigit() or not 1 <= int(quality) <= 100:
        raise CommandError(
            f"--luma takes one of {', '.join(CODECS)} and a quality from 1 to 100, not {codec} {quality}"
        )
    return codec, int(quality)


def image_sets(loaded, arguments):
    """For each data set how result files name it, its image names, and its images; `arguments.n` is filled in.

    Where it is not given it is what the runs were trained at, or else what of the paper's steps fits the images.
    """
    specs = arguments.dataset or [own_dataset(loaded[0], "samples")]
    names = told_apart([dataset_name(spec) for spec in specs], [spec.removeprefix("folder:") for spec in specs])
    own = {run.settings.get("n") for run in loaded}
    if arguments.n is None and all(isinstance(n, int) for n in own):
        arguments.n = sorted(own)
    sets = [_images(loaded, *pair, arguments) for pair in zip(specs, names, strict=True)]
    if arguments.n is None:
        smallest = min(min(rgb.shape[:2]) for *_, images in sets for rgb in images)
        arguments.n = [n for n in PAPER_STEPS if n <= smallest]
        if not arguments.n:
            raise CommandError(f"images of {smallest} pixels are smaller than every step of the paper: give --n")
    return sets


def _images(loaded, spec, name, arguments):
    """The data set as result files name it, its image names, and its images; refuses what a model has seen."""
    settings, grids = loaded[0].settings, [Grid(n) for n in arguments.n or [2]]
    own = spec == settings.get("dataset")
    size = settings.get("size", 320) if arguments.size is None else arguments.size
    for grid in grids if size else ():
        grid.check((size, size))
    test_images = RECIPES[settings["recipe"]].TEST_IMAGES if own else ()
    photographs = open_dataset(spec, test_images, settings.get("seed", 0), arguments.data_dir)
    split = split_to_score(arguments, photographs, own)
    with only_unseen([] if arguments.allow_overlap else loaded, photographs, split):
        images = list(photographs.crops(split, size, limit=arguments.limit).as_numpy_iterator())
    for grid in grids:
        grid.check(min((rgb.shape[:2] for _, rgb in images), key=min))
    dataset = {"name": name, "split": split, "images": len(images), "size": size or "whole"}
    return dataset, [name.decode() for name, _ in images], [rgb for _, rgb in images]


def _by_content(images, rows):
    """The same rows over terciles of the images, by colour complexity and by texture density."""
    parts = []
    for what, measure in CONTENT.items():
        for level, positions in terciles([measure(rgb) for rgb in images]).items() if len(images) >= 3 else ():
            for row in rows:
                means = {m: float(np.mean([values[i] for i in positions])) for m, values in row["each"].items()}
                parts.append({"name": row["name"], "n": row["n"], "subset": f"{what}, {level}", "metrics": means})
    return parts


def _synthetic(size, decoders, steps, protocol):
    """Rows of the synthetic images, each a subset of its own."""
    return [
        {key: value for key, value in row.items() if key != "each"}
        for n in steps
        for label, rgb in synthetic_images(size, n).items()
        for row in score([rgb], decoders, [n], protocol, f"synthetic, {label}")
    ]
