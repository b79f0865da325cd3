"""Scores a model beside classical colour propagation: `python -m training.evaluate runs/crayon`."""

import sys
from pathlib import Path

import numpy as np

from training.command import ArgumentParser, CommandError, positive, run


def main(argv):
    """Scores a model on photographs, on parts of them by content and on synthetic images, beside the baselines.

    Prints a table, and writes a result file and the figures of the Crayon paper as PNG.
    """
    arguments = _parser().parse_args(argv)

    from training import pictures
    from training.baselines import FAST, levin
    from training.decoders import ModelDecoder
    from training.results import pivot, write_results
    from training.run_folder import load_run

    loaded = load_run(arguments.run)
    loaded.require_inputs("luma", "hints")
    dataset, names, images = _images(loaded, arguments)
    size = dataset["size"]

    name = loaded.settings.get("recipe", loaded.model.name)
    decoders = {**FAST, name: ModelDecoder(loaded.model)}
    steps, kind = arguments.n, arguments.kind
    rows = score(images, decoders, steps, kind)
    few = images[:: -(-len(images) // arguments.levin)] if arguments.levin else []
    levin_rows = score(few, {"levin": levin}, steps, kind) if arguments.levin else []

    print(f"{dataset['name']}, {dataset['split']}: {len(images)} images of {size}x{size}, grid of {kind}, 8-bit RGB")
    print(pivot([*rows, *levin_rows], "psnr"))
    if arguments.levin:
        print(f"levin, which is slow: on {len(few)} of the images")
    path = arguments.results or Path("results") / f"{name}-{dataset['name'].replace('/', '-')}.json"
    write_results(
        path,
        "python -m training.evaluate " + " ".join(argv),
        [*rows, *levin_rows, *_by_content(images, rows), *_synthetic(size, decoders, steps, kind)],
        {**dataset, "names": names},
        loaded.settings.get("seed"),
        model={"parameters": loaded.model.count_params(), "settings": loaded.settings},
        levin_images=len(few),
    )
    print(f"written: {path}")
    if arguments.figures:
        pictures.figure1(arguments.figures / "figure1.png", images[0])
        pictures.figure2(arguments.figures / "figure2.png", rows)
        pictures.figure3(arguments.figures / "figure3.png", images[0], decoders[name], steps)
        print(f"written: figures 1 to 3 in {arguments.figures}")
    return 0


def score(images, decoders, steps, kind="points", subset="all"):
    """Scores decoders on images at each grid step.

    Args:
        images: uint8 sRGB `(H, W, 3)` each.
        decoders: by name, with the interface of `training.baselines`.
        steps: grid steps n.
        kind: "points" or "means".
        subset: what these images are, for the rows.

    Returns:
        Rows for a result file: for each step and decoder the mean of each metric, the relative size of the paper
        and ours, and each metric image by image.
    """
    from training.decoders import decode_image
    from training.metrics import METRICS, paper_relative_size, relative_size

    rows = []
    for n in steps:
        size = relative_size(n, *images[0].shape[:2])
        for name, decoder in decoders.items():
            decoded = [decode_image(decoder, rgb, n, kind) for rgb in images]
            each = {m: [f(*pair) for pair in zip(images, decoded, strict=True)] for m, f in METRICS.items()}
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


def _images(loaded, arguments):
    """The data set as result files name it, its image names, and its crops; refuses what the model has seen."""
    from training.datasets import open_dataset
    from training.recipes import RECIPES

    settings = loaded.settings
    spec = arguments.dataset or settings.get("dataset", "samples")
    own = spec == settings.get("dataset")
    size = arguments.size or settings.get("size", 320)
    if not 2 <= min(arguments.n) <= max(arguments.n) <= size:
        raise CommandError(f"--n must lie between 2 and the size of the crops, {size}")
    test_images = RECIPES[settings["recipe"]].TEST_IMAGES if own else ()
    photographs = open_dataset(spec, test_images, settings.get("seed", 0), arguments.data_dir)
    split = arguments.split or ("all" if photographs.flat and not own else "test")
    crops = list(photographs.crops(split, size, limit=arguments.limit).as_numpy_iterator())
    if not arguments.allow_overlap:
        loaded.refuse_overlap(photographs)
    name = Path(spec).name if spec.startswith("folder:") else spec
    dataset = {"name": name, "split": split, "images": len(crops), "size": size}
    return dataset, [name.decode() for name, _ in crops], [rgb for _, rgb in crops]


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


def _synthetic(size, decoders, steps, kind):
    """Rows of the synthetic images, each a subset of its own."""
    from training.subsets import synthetic_images

    return [
        {key: value for key, value in row.items() if key != "each"}
        for n in steps
        for label, rgb in synthetic_images(size, n).items()
        for row in score([rgb], decoders, [n], kind, f"synthetic, {label}")
    ]


def _parser():
    from training.tasks import PAPER_STEPS

    parser = ArgumentParser(prog="python -m training.evaluate", description=main.__doc__)
    parser.add_argument("run", help="run folder or .keras file")
    parser.add_argument("--dataset", help="TFDS name, folder:PATH or samples; the run's own if not given")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test", "all"),
        help="test if not given, or all of a flat folder that is not the run's own",
    )
    parser.add_argument("--size", type=positive, help="side of the central crops; the run's own if not given")
    parser.add_argument("--n", type=positive, nargs="+", default=PAPER_STEPS, help="grid steps")
    parser.add_argument("--kind", choices=("points", "means"), default="points", help="what a cell of the grid holds")
    parser.add_argument("--limit", type=positive, help="images at most")
    parser.add_argument("--levin", type=int, default=3, help="images for Levin's optimisation, which is slow")
    parser.add_argument("--allow-overlap", action="store_true", help="score images that the model has seen")
    parser.add_argument("--data-dir", help="where TFDS finds its data")
    parser.add_argument("--results", type=Path, help="result file; results/MODEL-DATASET.json if not given")
    parser.add_argument("--figures", type=Path, help="folder for figures 1 to 3; none if not given")
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
