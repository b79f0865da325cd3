"""Scores a model beside classical colour propagation: `python -m training.evaluate runs/crayon`."""

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from training.command import ArgumentParser, CommandError, positive, run


def main(argv):
    """Scores a model on photographs, on parts of them by content and on synthetic images, beside the baselines.

    Prints a table, and writes a result file and the figures of the Crayon paper as PNG. Baselines get the same luma and
    the same grid in the same colour space as the model.
    """
    arguments = _parser().parse_args(argv)

    from training.baselines import FAST, levin
    from training.results import pivot, write_results
    from training.run_folder import load_run

    loaded = load_run(arguments.run)
    model = loaded.decoder()
    sets = [_images(loaded, spec, arguments) for spec in arguments.dataset or [None]]
    kind = arguments.kind or model.kind
    protocol = Protocol(kind, model.space, tuple(arguments.metrics), arguments.luma)

    name = loaded.settings.get("recipe", loaded.model.name)
    decoders = {**FAST, name: model}
    steps = arguments.n
    rows, levin_rows, parts = [], [], []
    for dataset, _, images in sets:
        subset = "all" if len(sets) == 1 else dataset["name"]
        scored = score(images, decoders, steps, protocol, subset)
        every = -(-len(images) // arguments.levin) if arguments.levin else 0
        few = score(images[::every], {"levin": levin}, steps, protocol, subset) if every else []
        add_gain(scored, few, name, every)
        rows, levin_rows = rows + scored, levin_rows + few
        what = f"{dataset['name']}, {dataset['split']}: {len(images)} images"
        print(f"{what}, grid of {kind} in {model.space.name}, 8-bit RGB")
        print(pivot([*scored, *few], "psnr"))
        if every:
            print(f"levin, which is slow: on {len(images[::every])} of the images")
        if len(sets) == 1 and arguments.size != 0:
            parts = [*_by_content(images, scored), *_synthetic(dataset["size"], decoders, steps, protocol)]
    path = arguments.results or Path("results") / f"{name}-{sets[0][0]['name'].replace('/', '-')}.json"
    datasets = [{**dataset, "names": names} for dataset, names, _ in sets]
    write_results(
        path,
        "python -m training.evaluate " + " ".join(argv),
        [*rows, *levin_rows, *parts],
        datasets[0] if len(datasets) == 1 else datasets,
        loaded.settings.get("seed"),
        model={"parameters": loaded.model.count_params(), "settings": loaded.settings},
        protocol={"kind": kind, "space": model.space.name, "luma": arguments.luma},
    )
    print(f"written: {path}")
    if arguments.figures:
        _draw(arguments.figures, sets, rows, name, model, steps)
        print(f"written: figures in {arguments.figures}")
    return 0


@dataclass(frozen=True)
class Protocol:
    """What decoders are given and how they are scored.

    Attributes:
        kind: "points" or "means".
        space: a `training.decoders.Space`; CIELAB if None.
        metrics: names in `training.metrics.METRICS`; all if empty.
        luma: codec and quality that the luma goes through first, `("JPEG", "20")`; None for the original's.
    """

    kind: str = "points"
    space: object = None
    metrics: tuple = ()
    luma: tuple | None = None


def score(images, decoders, steps, protocol=None, subset="all"):
    """Scores decoders on images at each grid step.

    Args:
        images: uint8 sRGB `(H, W, 3)` each.
        decoders: by name, with the interface of `training.baselines`.
        steps: grid steps n.
        protocol: a `Protocol`; points in CIELAB, as in the Crayon paper, if None.
        subset: what these images are, for the rows.

    Returns:
        Rows for a result file: for each step and decoder the mean of each metric, the relative size of the paper
        and ours, and each metric image by image.
    """
    from training.decoders import LAB, decode_image
    from training.metrics import METRICS, paper_relative_size, relative_size
    from training.views import compress_luma

    protocol = protocol or Protocol()
    decode = partial(decode_image, kind=protocol.kind, space=protocol.space or LAB)
    chosen = {metric: METRICS[metric] for metric in protocol.metrics or METRICS}
    seen = images
    if protocol.luma:
        codec, quality = protocol.luma
        seen = [compress_luma(rgb, codec, int(quality)) for rgb in images]
    rows = []
    for n in steps:
        size = relative_size(n, *images[0].shape[:2])
        for name, decoder in decoders.items():
            decoded = [decode(decoder, rgb, n) for rgb in seen]
            each = {m: [f(*pair) for pair in zip(images, decoded, strict=True)] for m, f in chosen.items()}
            metrics = {m: float(np.mean(values)) for m, values in each.items()}
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


def add_gain(rows, levin_rows, name, every):
    """Adds to the model's rows how far it is above the baselines at the same step.

    `gain` is its PSNR less that of the best of the fast baselines, `wins` the number of images on which it is above
    each of them, and `levin_gain`, on every `every`-th image, its PSNR less that of Levin's optimisation.
    """
    for row in (row for row in rows if row["name"] == name):
        own = np.array(row["each"]["psnr"])
        others = [other for other in rows if other["n"] == row["n"] and other["name"] != name]
        row["metrics"]["gain"] = row["metrics"]["psnr"] - max(other["metrics"]["psnr"] for other in others)
        row["metrics"]["wins"] = int((own > np.max([other["each"]["psnr"] for other in others], axis=0)).sum())
        for other in (other for other in levin_rows if other["n"] == row["n"]):
            above = own[::every] - other["each"]["psnr"]
            row["metrics"]["levin_gain"] = float(above.mean())
            row["metrics"]["levin_wins"] = int((above > 0).sum())


def _draw(folder, sets, rows, name, model, steps):
    """Figures 1 to 3 of the Crayon paper and, for a decoder of grids, JPEG beside it and its worst images."""
    from training import pictures
    from training.decoders import YCBCR

    images = sets[0][2]
    pictures.figure1(folder / "figure1.png", images[0])
    pictures.figure2(folder / "figure2.png", [row for row in rows if row["subset"] == rows[0]["subset"]])
    pictures.figure3(folder / "figure3.png", images[0], model, steps)
    if model.space is not YCBCR:
        return
    n = 16 if 16 in steps else steps[0]
    pictures.colors(folder / "colors.png", images[:: max(1, len(images) // 4)][:4], model, n)
    own = [row["each"]["psnr"] for row in rows if row["name"] == name and row["n"] == n]
    lowest = [
        (dataset["name"], images[int(np.argmin(each))]) for (dataset, _, images), each in zip(sets, own, strict=True)
    ]
    pictures.worst(folder / "worst.png", lowest, model, n)


def _images(loaded, spec, arguments):
    """The data set as result files name it, its image names, and its images; refuses what the model has seen."""
    from training.datasets import open_dataset
    from training.recipes import RECIPES

    settings = loaded.settings
    spec = spec or settings.get("dataset", "samples")
    own = spec == settings.get("dataset")
    size = settings.get("size", 320) if arguments.size is None else arguments.size
    if not 2 <= min(arguments.n) <= max(arguments.n) <= (size or max(arguments.n)):
        raise CommandError(f"--n must lie between 2 and the size of the crops, {size}")
    test_images = RECIPES[settings["recipe"]].TEST_IMAGES if own else ()
    photographs = open_dataset(spec, test_images, settings.get("seed", 0), arguments.data_dir)
    split = arguments.split or ("all" if photographs.flat and not own else "test")
    images = list(photographs.crops(split, size, limit=arguments.limit).as_numpy_iterator())
    if not arguments.allow_overlap:
        loaded.refuse_overlap(photographs)
    if min(min(rgb.shape[:2]) for _, rgb in images) < max(arguments.n):
        raise CommandError(f"an image of {spec} is smaller than --n {max(arguments.n)}: give --size or a smaller --n")
    name = Path(spec).name if spec.startswith("folder:") else spec
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
    from training.subsets import synthetic_images

    return [
        {key: value for key, value in row.items() if key != "each"}
        for n in steps
        for label, rgb in synthetic_images(size, n).items()
        for row in score([rgb], decoders, [n], protocol, f"synthetic, {label}")
    ]


def _parser():
    from training.metrics import METRICS
    from training.tasks import PAPER_STEPS
    from training.views import CODECS

    parser = ArgumentParser(prog="python -m training.evaluate", description=main.__doc__)
    parser.add_argument("run", help="run folder, .keras file or name of weights of the zoo")
    parser.add_argument("--dataset", nargs="+", help="TFDS names, folder:PATH or samples; the run's own if not given")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test", "all"),
        help="test if not given, or all of a flat folder that is not the run's own",
    )
    parser.add_argument("--size", type=_size, help="side of the central crops, 0 for whole images")
    parser.add_argument("--n", type=positive, nargs="+", default=PAPER_STEPS, help="grid steps")
    parser.add_argument("--kind", choices=("points", "means"), help="what a cell holds; the model's usual if not given")
    parser.add_argument("--luma", nargs=2, metavar=("CODEC", "QUALITY"), help=f"compress the luma: {', '.join(CODECS)}")
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=list(METRICS), help="what to measure")
    parser.add_argument("--limit", type=positive, help="images at most, of each data set")
    parser.add_argument("--levin", type=_size, default=3, help="images for Levin's optimisation, which is slow")
    parser.add_argument("--allow-overlap", action="store_true", help="score images that the model has seen")
    parser.add_argument("--data-dir", help="where TFDS finds its data")
    parser.add_argument("--results", type=Path, help="result file; results/MODEL-DATASET.json if not given")
    parser.add_argument("--figures", type=Path, help="folder for figures 1 to 3; none if not given")
    return parser


def _size(text):
    return 0 if text == "0" else positive(text)


if __name__ == "__main__":
    sys.exit(run(main))
