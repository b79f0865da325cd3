"""Scores models beside classical colour propagation: `python -m training.evaluate runs/crayon`."""

import sys

import numpy as np

from training.command import ArgumentParser, CommandError, check_flags, positive, run
from training.outputs import figures_folder, result_file, result_path
from training.scored import AUTOENCODERS, COLORIZERS, GRIDS, file_name, kind_of, own_dataset, run_names, told_apart

TABLES = "--tables"
# What each flag is for; the others are for everything.
ONLY_FOR = {
    "n": (GRIDS,),
    "kind": (GRIDS,),
    "luma": (GRIDS,),
    "metrics": (GRIDS,),
    "levin": (GRIDS,),
    "classifier": (COLORIZERS,),
    "peers": (AUTOENCODERS,),
    "report": (AUTOENCODERS,),
    "add": (AUTOENCODERS, TABLES),
    "figures": (GRIDS, AUTOENCODERS, TABLES),
    "size": (GRIDS, COLORIZERS, AUTOENCODERS),
    "split": (GRIDS, COLORIZERS, AUTOENCODERS),
    "allow_overlap": (GRIDS, COLORIZERS, AUTOENCODERS),
}


def main(argv):
    """Scores models on photographs, on parts of them by content and on synthetic images, beside the baselines.

    Prints a table, and writes a result file and figures as PNG. Baselines get the same luma and the same grid in the
    same colour space as the models. Several data sets are scored one by one, and so are whole images: without parts.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.tables:
        check_flags(parser, argv, TABLES, ONLY_FOR)
        from training.champati import tables

        return tables(arguments, argv)

    from training.autoencoders import evaluate_autoencoders
    from training.colorizers import evaluate_colorizers
    from training.run_folder import load_run

    runs = [load_run(path) for path in arguments.runs]
    loaded = dict(zip(run_names(runs), runs, strict=True))
    kinds = sorted({kind_of(run.model) for run in runs})
    if len(kinds) > 1:
        raise CommandError(f"{' and '.join(kinds)} cannot stand in one table: score them one by one")
    check_flags(parser, argv, kinds[0], ONLY_FOR)
    if kinds == [AUTOENCODERS]:
        return evaluate_autoencoders(runs, arguments, argv)
    return (evaluate_colorizers if kinds == [COLORIZERS] else _evaluate_decoders)(loaded, arguments, argv)


def _evaluate_decoders(loaded, arguments, argv):
    """Prints and writes the rows of decoders of grids and of the baselines.

    Args:
        loaded: `training.run_folder.Run` by name.
        arguments, argv: see `main`.
    """
    from training.baselines import FAST
    from training.results import pivot, write_results
    from training.scoring import Protocol, score

    models = {name: run.decoder() for name, run in loaded.items()}
    first = next(iter(models.values()))
    if any(model.space != first.space for model in models.values()):
        raise CommandError("models of several colour spaces cannot stand in one table: score them one by one")
    sets = _sets(list(loaded.values()), arguments)
    path = result_path(arguments.results, file_name(models, sets[0][0]["name"]))
    protocol = Protocol(arguments.kind or first.kind, first.space, ("psnr", *arguments.metrics), _luma(arguments))
    decoders = {**FAST, **models}

    rows, levin_rows, parts = [], [], []
    for dataset, _, images in sets:
        subset = "all" if len(sets) == 1 else dataset["name"]
        scored = score(images, decoders, arguments.n, protocol, subset)
        few = _score_levin(images, scored, list(models), arguments, protocol)
        rows, levin_rows = rows + scored, levin_rows + few
        what = f"{dataset['name']}, {dataset['split']}: {len(images)} images"
        print(f"{what}, grid of {protocol.kind} in {first.space.name}, 8-bit RGB")
        print(pivot([*scored, *few], "psnr"))
        if len(sets) == 1 and arguments.size != 0:
            parts = [*_by_content(images, scored), *_synthetic(dataset["size"], decoders, arguments.n, protocol)]
    datasets = [{**dataset, "names": names} for dataset, names, _ in sets]
    write_results(
        path,
        "python -m training.evaluate " + " ".join(argv),
        [*rows, *levin_rows, *parts],
        datasets[0] if len(datasets) == 1 else datasets,
        next(run.settings.get("seed") for run in loaded.values()),
        models={name: {"parameters": run.model.count_params(), **run.settings} for name, run in loaded.items()},
        protocol={"kind": protocol.kind, "space": first.space.name, "luma": protocol.luma},
    )
    print(f"written: {path}")
    if arguments.figures:
        _draw(arguments.figures, sets, rows, models, arguments.n)
        print(f"written: figures in {arguments.figures}")
    return 0


def _score_levin(images, rows, names, arguments, protocol):
    """Rows of Levin's optimisation on some of the images; adds `levin_gain` and `levin_wins` to the models'."""
    from training.baselines import levin
    from training.scoring import add_gain, score

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
    from training.views import CODECS

    if arguments.luma is None:
        return None
    codec, quality = arguments.luma
    if codec not in CODECS or not quality.isdigit() or not 1 <= int(quality) <= 100:
        raise CommandError(
            f"--luma takes one of {', '.join(CODECS)} and a quality from 1 to 100, not {codec} {quality}"
        )
    return codec, int(quality)


def _draw(folder, sets, rows, models, steps):
    """Draws the first model: figures 1 to 3 of the Crayon paper, or JPEG beside it, or the worst of several sets."""
    from training import pictures

    name, model = next(iter(models.items()))
    images, n = sets[0][2], 16 if 16 in steps else steps[0]
    if model.kind == "points":
        pictures.figure1(folder / "figure1.png", images[0])
        pictures.figure2(folder / "figure2.png", rows)
        pictures.figure3(folder / "figure3.png", images[0], model, steps)
    elif len(sets) == 1:
        pictures.colors(folder / "colors.png", images[:: -(-len(images) // 4)], model, n)
    else:
        own = (row["each"]["psnr"] for row in rows if row["name"] == name and row["n"] == n)
        lowest = [(one[0]["name"], one[2][int(np.argmin(each))]) for one, each in zip(sets, own, strict=True)]
        pictures.worst(folder / "worst.png", lowest, model, n)


def _sets(loaded, arguments):
    """For each data set how result files name it, its image names, and its images; `arguments.n` is filled in.

    Where it is not given it is what the runs were trained at, or else what of the paper's steps fits the images.
    """
    from training.results import dataset_name
    from training.tasks import PAPER_STEPS

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
    from training.datasets import open_dataset
    from training.recipes import RECIPES
    from training.run_folder import only_unseen

    settings, steps = loaded[0].settings, arguments.n or [2]
    own = spec == settings.get("dataset")
    size = settings.get("size", 320) if arguments.size is None else arguments.size
    if not 2 <= min(steps) <= max(steps) <= (size or max(steps)):
        raise CommandError(f"--n must lie between 2 and the size of the crops, {size}")
    test_images = RECIPES[settings["recipe"]].TEST_IMAGES if own else ()
    photographs = open_dataset(spec, test_images, settings.get("seed", 0), arguments.data_dir)
    split = arguments.split or ("all" if photographs.flat and not own else "test")
    with only_unseen([] if arguments.allow_overlap else loaded, photographs, split):
        images = list(photographs.crops(split, size, limit=arguments.limit).as_numpy_iterator())
    if min(min(rgb.shape[:2]) for _, rgb in images) < max(steps):
        raise CommandError(f"an image of {spec} is smaller than --n {max(steps)}: give --size or a smaller --n")
    dataset = {"name": name, "split": split, "images": len(images), "size": size or "whole"}
    return dataset, [name.decode() for name, _ in images], [rgb for _, rgb in images]


def _by_content(images, rows):
    """The same rows over terciles of the images, by colour complexity and by texture density."""
    from training.subsets import CONTENT, terciles

    parts = []
    for what, measure in CONTENT.items():
        for level, positions in terciles([measure(rgb) for rgb in images]).items() if len(images) >= 3 else ():
            for row in rows:
                means = {m: float(np.mean([values[i] for i in positions])) for m, values in row["each"].items()}
                parts.append({"name": row["name"], "n": row["n"], "subset": f"{what}, {level}", "metrics": means})
    return parts


def _synthetic(size, decoders, steps, protocol):
    """Rows of the synthetic images, each a subset of its own."""
    from training.scoring import score
    from training.subsets import synthetic_images

    return [
        {key: value for key, value in row.items() if key != "each"}
        for n in steps
        for label, rgb in synthetic_images(size, n).items()
        for row in score([rgb], decoders, [n], protocol, f"synthetic, {label}")
    ]


def _parser():
    from training.metrics import METRICS
    from training.views import CODECS

    parser = ArgumentParser(prog="python -m training.evaluate", description=main.__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run folder, .keras file or name of weights of the zoo")
    parser.add_argument(
        "--dataset", nargs="+", help="TFDS names, folder:PATH or samples; the first run's own if not given"
    )
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test", "all"),
        help="test if not given, or all of a flat folder that is not the run's own",
    )
    parser.add_argument("--size", type=_size, help="side of the central crops, 0 for whole images")
    parser.add_argument(
        "--n", type=positive, nargs="+", help="grid steps; the runs' own if not given, or those of the paper that fit"
    )
    parser.add_argument("--kind", choices=("points", "means"), help="what a cell holds; the model's usual if not given")
    parser.add_argument("--luma", nargs=2, metavar=("CODEC", "QUALITY"), help=f"compress the luma: {', '.join(CODECS)}")
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=list(METRICS), help="what to measure")
    parser.add_argument("--limit", type=positive, help="images at most, of each data set")
    parser.add_argument("--levin", type=_size, default=3, help="images for Levin's optimisation, which is slow")
    parser.add_argument("--allow-overlap", action="store_true", help="score images that the model has seen")
    parser.add_argument("--data-dir", help="where TFDS finds its data")
    parser.add_argument("--classifier", help="colorizers: run folder of the classifier of feature preservation")
    parser.add_argument("--peers", action="store_true", help="auto-encoders: also palettes and image codecs")
    parser.add_argument("--report", choices=("autoencoder",), help="an HTML page with all charts, in --figures")
    parser.add_argument("--tables", choices=("champati",), help="all tables of a paper, from runs of its recipes")
    parser.add_argument("--add", action="store_true", help="tables, auto-encoders: keep other rows of the result file")
    parser.add_argument("--results", type=result_file, help="result file; results/MODEL-DATASET.json if not given")
    parser.add_argument("--figures", type=figures_folder, help="folder, whose figures are replaced; none if not given")
    return parser


def _size(text):
    return 0 if text == "0" else positive(text)


if __name__ == "__main__":
    sys.exit(run(main))
