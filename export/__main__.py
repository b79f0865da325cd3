"""Exports a trained model as SavedModel and TFLite decoders: `python -m export runs/crayon --out exports/crayon`."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

from export.calibration import calibration_side, image_size, open_photographs
from export.cards import CARD
from export.runtime import median_latency, open_decoder
from export.targets import SAVED_MODEL, TARGETS, USUAL
from export.targets.saved_model import FOLDER, save_model
from export.targets.target import Source
from training.command import ArgumentParser, check_flags, positive, run
from training.outputs import check_folder, result_file, writing_folder

ONLY_FOR = {"n": ("decoders of grids",), "kind": ("decoders of grids",)}


def main(argv):
    """Exports a trained model as a SavedModel and files, from uint8 luma and grid, or grey, to uint8 RGB.

    Every file is loaded again, run on real photographs and compared with Keras; one that differs too much is not
    left behind. card.json tells what was measured.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    out = arguments.out or Path("exports") / Path(arguments.run).name
    check_folder(out, CARD)

    from export.devices import device_models
    from training.loop.run_folder import load_run
    from training.result_files import versions, write_results
    from zoo.registry import float32_layers

    loaded = load_run(arguments.run)
    check_flags(parser, argv, loaded.codec.what, ONLY_FOR)
    devices = device_models(loaded, arguments)
    float32 = float32_layers(loaded.model)
    targets = [TARGETS[name] for name in arguments.quantize]
    for target in targets:
        target.check()
    size = arguments.size = arguments.size or devices[0].size
    models = {device.signature: device.build(size) for device in devices}
    calibrated = tuple(calibration_side(side, devices[0].multiple) for side in size)
    views, originals, data = open_photographs(loaded.settings, arguments, calibrated)
    card = {
        "model": loaded.settings.get("recipe", loaded.model.name),
        "parameters": loaded.model.count_params(),
        "size": size,
        **devices[0].facts,
        "settings": loaded.settings,
        "data": data,
        "versions": versions(*(package for target in targets for package in target.packages)),
        "files": {},
    }
    with writing_folder(out, CARD) as folder, tempfile.TemporaryDirectory() as scratch:
        saved_model = calibrating = folder / FOLDER
        save_model(models, saved_model)
        if views and calibrated != tuple(size):
            calibrating = Path(scratch) / FOLDER
            save_model({device.signature: device.build(calibrated) for device in devices}, calibrating)
        for device in devices:
            calibration = (calibrating, [device.inputs(rgb) for rgb in views]) if views else None
            source = Source(models[device.signature], saved_model, device.signature, float32, calibration)
            card["files"] |= dict(_files(folder, targets, source, [device.inputs(rgb) for rgb in originals], originals))
        (folder / CARD).write_text(json.dumps(card, indent=1) + "\n")
    print(f"written: {out}")
    if arguments.results:
        measured = [
            {"name": name, "metrics": {m: v for m, v in entry.items() if isinstance(v, float)}}
            for name, entry in card["files"].items()
        ]
        write_results(arguments.results, "python -m export " + " ".join(argv), measured, data, card=card)
    return 0


def _files(folder, targets, source, inputs, originals):
    """Writes the files of one signature, and yields their names and what card.json says of them."""
    from export.verify import verify

    (output,) = source.model.output
    expected = [source.model.predict_on_batch(tensors)[output][0] for tensors in inputs]
    originals = originals if output == "rgb" else None
    verify(source.saved_model, SAVED_MODEL, source, inputs, expected, originals)
    for target in targets:
        path = folder / target.file("encoder" if originals is None else "decoder")
        target.write(path, source)
        measured = verify(path, target, source, inputs, expected, originals)
        entry = {"signature": source.signature, **_entry(path, measured, inputs[0])}
        lost = f"{entry['psnr']} dB, {entry['psnr_loss']} dB below Keras" if originals else f"{entry['fidelity']} dB"
        print(f"{path.name}: {entry['bytes']:,} bytes, {lost}{target.told(entry)}", flush=True)
        yield path.name, entry


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
    parser.add_argument("--quantize", nargs="+", choices=TARGETS, default=USUAL, help="files to write")
    parser.add_argument("--dataset", help="photographs to calibrate and compare on; the run's own if not given")
    parser.add_argument(
        "--split", choices=("validation", "test"), default="validation", help="of --dataset, to compare on"
    )
    parser.add_argument("--compare", help="other photographs to compare on, instead of --split")
    parser.add_argument("--limit", type=positive, default=8, help="photographs to compare on at most")
    parser.add_argument("--results", type=result_file, help="result file of the comparison; none if not given")
    parser.add_argument("--data-dir", help="where TFDS finds its data")
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
