"""Exports a trained model as SavedModel and TFLite decoders: `python -m export runs/crayon --out exports/crayon`."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

from export.photographs import image_size
from export.runtime import median_latency, open_decoder
from training.command import ArgumentParser, CommandError, atomic, positive, run

PRECISIONS = ("float32", "float16", "dynamic", "int8")


def main(argv):
    """Exports a trained model as a SavedModel and TFLite files from uint8 luma and grid, or grey, to uint8 RGB.

    Every file is loaded again, run on real photographs and compared with Keras; one that differs too much is not
    left behind. card.json tells what was measured.
    """
    arguments = _parser().parse_args(argv)
    out = arguments.out or Path("exports") / Path(arguments.run).name
    if out.exists() and not (out / "card.json").exists():
        raise CommandError(f"{out} exists and is no export: choose another --out")

    from export.colorizer import DeviceColorizer
    from export.decoder import DeviceDecoder
    from export.photographs import calibration_side, open_photographs
    from export.tflite import convert, save_model
    from export.verify import verify
    from training.colorizers import color_space
    from training.results import versions, write_results
    from training.run_folder import load_run, usual_step

    loaded = load_run(arguments.run)
    if color_space(loaded.model):
        device = DeviceColorizer(loaded.model)
    else:
        device = DeviceDecoder(loaded.decoder(), arguments.n or usual_step(loaded.settings), arguments.kind)
    size = arguments.size = arguments.size or device.size
    model = device.build(size)
    calibrated = tuple(calibration_side(side, device.multiple) for side in size)
    views, originals, data = open_photographs(loaded.settings, arguments, calibrated)
    inputs = [device.inputs(rgb) for rgb in originals]
    expected = [model.predict_on_batch(tensors)["rgb"][0] for tensors in inputs]
    card = {
        "model": loaded.settings.get("recipe", loaded.model.name),
        "parameters": loaded.model.count_params(),
        "size": size,
        **device.facts,
        "settings": loaded.settings,
        "data": data,
        "versions": versions(),
        "files": {},
    }
    with atomic(out) as folder, tempfile.TemporaryDirectory() as scratch:
        save_model(model, folder / "saved_model", device.signature)
        calibration = None
        if views:
            smaller = Path(scratch) / "saved_model"
            save_model(device.build(calibrated), smaller, device.signature)
            calibration = smaller, [device.inputs(rgb) for rgb in views]
        verify(folder / "saved_model", "float32", inputs, expected, originals)
        for precision in arguments.quantize:
            path = folder / f"decoder_{precision}.tflite"
            path.write_bytes(convert(folder / "saved_model", device.signature, precision, calibration))
            measured = verify(path, precision, inputs, expected, originals)
            card["files"][path.name] = entry = _entry(path, measured, inputs[0])
            print("{}: {bytes:,} bytes, {psnr} dB, {psnr_loss} dB below Keras".format(path.name, **entry), flush=True)
        (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    print(f"written: {out}")
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


def _parser():
    parser = ArgumentParser(prog="python -m export", description=main.__doc__)
    parser.add_argument("run", help="run folder, .keras file or name of weights of the zoo")
    parser.add_argument("--out", type=Path, help="folder to write, exports/RUN if not given; replaces an older one")
    parser.add_argument("--size", type=image_size, help="side or HEIGHTxWIDTH of the images; 320, or a colorizer's")
    parser.add_argument("--n", type=positive, help="grid step; the run's own if not given, 20 where it has many")
    parser.add_argument("--kind", choices=("points", "means"), help="what a cell holds; the model's usual if not given")
    parser.add_argument("--quantize", nargs="+", choices=PRECISIONS, default=PRECISIONS, help="TFLite files to write")
    parser.add_argument("--dataset", help="photographs to calibrate and compare on; the run's own if not given")
    parser.add_argument("--compare", help="photographs to compare on; the validation split of --dataset if not given")
    parser.add_argument("--limit", type=positive, default=8, help="photographs to compare on at most")
    parser.add_argument("--results", type=Path, help="result file for the comparison with Keras; none if not given")
    parser.add_argument("--data-dir", help="where TFDS finds its data")
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
