"""Puts the weights of a run into the zoo, with their card: `python -m training.publish runs/crayon_edge ...`."""

import contextlib
import hashlib
import inspect
import io
import json
import sys
from pathlib import Path

import numpy as np

from training.command import ArgumentParser, CommandError, run
from training.outputs import writing

GUARD = ("astronaut", "chelsea", "coffee")  # photographs that scikit-image brings
GUARD_SIZE, GUARD_STEP, GUARD_LEVEL = 256, 16, 4
LARGEST_FILE = 15 << 20  # bytes; at most nine of them, for their names to sort


def main(argv):
    """Writes the weights of a run, the digests of what it has seen, and a card of where the weights are from."""
    parser = ArgumentParser(prog="python -m training.publish", description=main.__doc__)
    parser.add_argument("run", help="run folder")
    parser.add_argument("--name", required=True, help="<model>-<variant>")
    parser.add_argument("--data", required=True, help="what it was trained on, in words")
    parser.add_argument("--licence", required=True, help="of the weights")
    parser.add_argument("--time", required=True, help="how long it was trained, on what")
    parser.add_argument("--results", type=Path, required=True, help="result file of its evaluation")
    arguments = parser.parse_args(argv)

    from training.datasets import open_dataset
    from training.results import read_results, versions
    from training.run_folder import load_run
    from zoo.registry import MODELS
    from zoo.weights import FOLDER, SUFFIX, parts, save_weights

    loaded = load_run(arguments.run)
    model = loaded.model.name
    if not loaded.all_known or model not in MODELS or not arguments.name.startswith(f"{model}-"):
        raise CommandError(f"{arguments.run} is no run of a model for weights named {arguments.name}: see --name")
    rows = read_results(arguments.results)["rows"]
    samples = open_dataset("samples")  # resized copies of photographs that it may have seen
    list(samples.images("all"))
    seen = json.dumps(sorted(loaded.digests.union(samples.seen["all"].values())), indent=1) + "\n"
    seen_file = f"seen-{_digest(seen.encode())[:8]}.json"  # one for all weights of the same data

    FOLDER.mkdir(exist_ok=True)
    stored = io.BytesIO()
    save_weights(loaded.model, stored)
    content = stored.getvalue()
    files = _divided(f"{arguments.name}.npz", content)
    older = {path.name for path in parts(arguments.name)}.difference(files)
    card = {
        "model": model,
        "arguments": _arguments(MODELS[model].build, loaded.settings),
        "parameters": loaded.model.count_params(),
        "bytes": len(content),
        "sha256": _digest(content),
        "licence": arguments.licence,
        "data": arguments.data,
        "seen": seen_file,
        "time": arguments.time,
        "settings": loaded.settings,
        "versions": versions(),
        "metrics": {"file": arguments.results.name, **_metrics(rows, loaded)},
        "guard": {"images": GUARD, "size": GUARD_SIZE, **guard(loaded)},
    }
    files |= {seen_file: seen.encode(), f"{arguments.name}{SUFFIX}": (json.dumps(card, indent=1) + "\n").encode()}
    with contextlib.ExitStack() as all_or_none:
        for file, content in files.items():
            all_or_none.enter_context(writing(FOLDER / file)).write_bytes(content)
    for file in older:
        (FOLDER / file).unlink()
    print(f"written: {', '.join(files)}, in {FOLDER}")
    return 0


def guard(loaded):
    """What a model makes of the centres of three photographs that scikit-image brings: a guard against changed weights.

    The mean `psnr` in dB, decoders of grids being given one of step 16, and adaptive auto-encoders level 4; or the
    `logits` of a classifier, which gets them at an eighth of their size.
    """
    from skimage import data

    from training.autoencoders import is_autoencoder, round_trip
    from training.colorizers import color_space, is_classifier
    from training.decoders import decode_image
    from training.metrics import psnr
    from zoo.colorize import colorize

    images = [getattr(data, name)() for name in GUARD]
    offsets = [[(side - GUARD_SIZE) // 2 for side in rgb.shape[:2]] for rgb in images]
    crops = [rgb[t : t + GUARD_SIZE, left : left + GUARD_SIZE] for rgb, (t, left) in zip(images, offsets, strict=True)]
    if is_classifier(loaded.model):
        small = np.stack(crops).reshape(len(crops), 32, GUARD_SIZE // 32, 32, -1, 3).mean((2, 4)).astype("float32")
        logits = loaded.model.predict({"rgb": small}, verbose=0)
        return {"logits": [[round(float(logit), 3) for logit in row] for row in logits]}
    if is_autoencoder(loaded.model):
        decoded = [rgb for rgb, _ in round_trip(loaded, crops, GUARD_LEVEL)]
    elif color_space(loaded.model):
        decoded = [colorize(loaded.model, rgb) for rgb in crops]
    else:
        decoder = loaded.decoder()
        decoded = [decode_image(decoder, rgb, GUARD_STEP, decoder.kind, decoder.space) for rgb in crops]
    return {"psnr": round(float(np.mean([psnr(*pair) for pair in zip(crops, decoded, strict=True)])), 3)}


def _arguments(build, settings):
    """What of a run's settings its model is built with, but for what weights make needless."""
    known = inspect.signature(build).parameters.keys() - {"weights", "vgg_weights"}
    return {name: value for name, value in settings.items() if name in known}


def _metrics(rows, loaded):
    """The measured quality, from the rows of a result file.

    A colorizer's own row, those of an auto-encoder by point, a classifier's feature preservation of the truth and of
    grey, or a decoder's PSNR by step.
    """
    from training.autoencoders import curve_name, is_autoencoder, named

    if is_autoencoder(loaded.model):
        return {str(row["point"]): row["metrics"] for row in named(rows, curve_name(loaded))}
    if loaded.model.name == "champati_features":
        rows = [row for row in rows if row["name"] in ("truth", "grey")]
        return {"feature_preservation": {row["name"]: row["metrics"]["feature_preservation"] for row in rows}}
    own = [row["metrics"] for row in rows if row.get("settings") == loaded.settings]
    if own:
        return own[0]
    rows = [row for row in rows if row["name"] == loaded.model.name and row["subset"] == "all"]
    return {"psnr": {str(row["n"]): row["metrics"]["psnr"] for row in rows}}


def _divided(name, content):
    """The content of each file, by name: of one, or of several where it is too large for one."""
    if len(content) <= LARGEST_FILE:
        return {name: content}
    starts = range(0, len(content), LARGEST_FILE)
    return {f"{name}.{i}": content[start : start + LARGEST_FILE] for i, start in enumerate(starts, 1)}


def _digest(content):
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(run(main))
