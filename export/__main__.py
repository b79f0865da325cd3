"""Exports a trained model as SavedModel and TFLite decoders: `python -m export runs/crayon --out exports/crayon`."""

import hashlib
import json
import sys
from itertools import islice
from pathlib import Path

from export.runtime import median_latency, open_decoder
from training.command import ArgumentParser, CommandError, atomic, positive, run

PRECISIONS = ("float32", "float16", "dynamic", "int8")
CALIBRATION_CROPS = 128
VERIFICATION_CROPS = 8


def main(argv):
    """Exports a trained model as a SavedModel and TFLite decoders from uint8 luma and grid to uint8 RGB.

    Every file is loaded again, run on real photographs and compared with Keras; one that differs too much is not
    left behind. card.json tells what was measured.
    """
    arguments = _parser().parse_args(argv)
    if arguments.size % 8:
        raise CommandError(f"--size must be a multiple of 8, not {arguments.size}")
    if arguments.out.exists() and not (arguments.out / "card.json").exists():
        raise CommandError(f"{arguments.out} exists and is no export: choose another --out")

    from export.decoder import device_inputs, grid_decoder
    from export.tflite import convert, save_model
    from export.verify import verify
    from training.results import versions, write_results
    from training.run_folder import load_run

    loaded = load_run(arguments.run)
    loaded.require_inputs("luma", "hints")
    n = arguments.n or loaded.settings.get("n", 20)
    n = 20 if n == "random" else n
    if not 2 <= n <= arguments.size:
        raise CommandError(f"--n must lie between 2 and --size {arguments.size}, not {n}")
    calibration, originals, data = _photographs(loaded.settings, arguments)
    inputs = [device_inputs(rgb, n) for rgb in originals]

    decoder = grid_decoder(loaded.model, arguments.size, n)
    expected = [decoder.predict_on_batch(tensors)["rgb"][0] for tensors in inputs]
    card = {
        "model": loaded.settings.get("recipe", loaded.model.name),
        "parameters": loaded.model.count_params(),
        "size": arguments.size,
        "n": n,
        "settings": loaded.settings,
        "data": data,
        "versions": versions(),
        "files": {},
    }
    with atomic(arguments.out) as folder:
        save_model(decoder, folder / "saved_model")
        verify(folder / "saved_model", "float32", inputs, expected, originals)
        for precision in arguments.quantize:
            path = folder / f"decoder_{precision}.tflite"
            tensors = [device_inputs(rgb, n) for rgb in calibration] if precision == "int8" else None
            path.write_bytes(convert(folder / "saved_model", precision, tensors))
            measured = verify(path, precision, inputs, expected, originals)
            card["files"][path.name] = entry = _entry(path, measured, inputs[0])
            print("{}: {bytes:,} bytes, {psnr} dB, {psnr_loss} dB below Keras".format(path.name, **entry), flush=True)
        (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    print(f"written: {arguments.out}")
    if arguments.results:
        measured = [
            {"name": name, "metrics": {m: v for m, v in entry.items() if isinstance(v, float)}}
            for name, entry in card["files"].items()
        ]
        write_results(arguments.results, "python -m export " + " ".join(argv), measured, data, card=card)
    return 0


def _entry(path, measured, inputs):
    """What card.json says of one file."""
    decoders = {threads: open_decoder(path, threads) for threads in (1, 2)}
    return {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        **{name: round(value, 3) for name, value in measured.items()},
        "operators": decoders[1].operators,
        "latency_ms": {threads: round(median_latency(it, inputs, 5), 2) for threads, it in decoders.items()},
    }


def _photographs(settings, arguments):
    """Crops of the training split to calibrate on, others of the validation split to compare on, and their account."""
    from training.datasets import open_dataset
    from training.recipes import RECIPES

    spec = arguments.dataset or settings.get("dataset", "samples")
    test_images = RECIPES[settings["recipe"]].TEST_IMAGES if "recipe" in settings else ()
    photographs = open_dataset(spec, test_images, settings.get("seed", 0), arguments.data_dir)
    originals = photographs.crops("validation", arguments.size, limit=VERIFICATION_CROPS)
    calibration = []
    if "int8" in arguments.quantize:
        per_image = -(-CALIBRATION_CROPS // max(1, photographs.count("train")))
        crops = photographs.crops("train", arguments.size, "random", CALIBRATION_CROPS, per_image)
        calibration = [rgb for _, rgb in islice(crops.as_numpy_iterator(), CALIBRATION_CROPS)]
        if len(calibration) < 100:
            raise CommandError(
                f"int8 is calibrated on at least 100 crops, and the train split of {spec} has {len(calibration)} of "
                f"{arguments.size}x{arguments.size}: choose another --dataset or leave int8 out of --quantize"
            )
    originals = [rgb for _, rgb in originals.as_numpy_iterator()]
    data = {
        "dataset": Path(spec).name,
        "calibration": {"split": "train", "crops": len(calibration)},
        "verification": {"split": "validation", "crops": len(originals)},
    }
    return calibration, originals, data


def _parser():
    parser = ArgumentParser(prog="python -m export", description=main.__doc__)
    parser.add_argument("run", help="run folder or .keras file")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; an older export there is replaced")
    parser.add_argument("--size", type=positive, default=320, help="side of the images, a multiple of 8")
    parser.add_argument("--n", type=positive, help="grid step; the run's own if not given, 20 for a random one")
    parser.add_argument("--quantize", nargs="+", choices=PRECISIONS, default=PRECISIONS, help="TFLite files to write")
    parser.add_argument("--dataset", help="photographs to calibrate and compare on; the run's own if not given")
    parser.add_argument("--results", type=Path, help="result file for the comparison with Keras; none if not given")
    parser.add_argument("--data-dir", help="where TFDS finds its data")
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
