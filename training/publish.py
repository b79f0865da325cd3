"""Puts the weights of a run into the zoo, with their card: `python -m training.publish runs/crayon_edge ...`."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from training.command import ArgumentParser, CommandError, atomic, run

GUARD = ("astronaut", "chelsea", "coffee")  # photographs that scikit-image brings
GUARD_SIZE, GUARD_STEP = 256, 16


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
    from zoo.weights import FOLDER, SUFFIX, save_weights

    loaded = load_run(arguments.run)
    model = loaded.settings.get("recipe", "")
    if not loaded.digests or not arguments.name.startswith(f"{model}-"):
        raise CommandError(f"{arguments.run} is no run of a model for weights named {arguments.name}: see --name")
    rows = [row for row in read_results(arguments.results)["rows"] if row["name"] == model and row["subset"] == "all"]
    samples = open_dataset("samples")  # resized copies of photographs that it may have seen
    list(samples.images("all"))
    seen = loaded.digests.union(samples.seen["all"].values())

    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{arguments.name}.npz"
    with atomic(path) as temporary, temporary.open("wb") as file:
        save_weights(loaded.model, file)
    content = path.read_bytes()
    card = {
        "model": model,
        "parameters": loaded.model.count_params(),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": arguments.licence,
        "data": arguments.data,
        "time": arguments.time,
        "settings": loaded.settings,
        "versions": versions(),
        "metrics": {"file": arguments.results.name, "psnr": {str(row["n"]): row["metrics"]["psnr"] for row in rows}},
        "guard": {"images": GUARD, "size": GUARD_SIZE, "n": GUARD_STEP, "psnr": guard_psnr(loaded.decoder())},
    }
    for suffix, value in ((".data.json", sorted(seen)), (SUFFIX, card)):
        with atomic(FOLDER / f"{arguments.name}{suffix}") as temporary:
            temporary.write_text(json.dumps(value, indent=1) + "\n")
    print(f"written: {path}, {len(content):,} bytes, and its card")
    return 0


def guard_psnr(decoder):
    """Mean PSNR in dB of the centres of three photographs that scikit-image brings: a guard against changed weights."""
    from skimage import data

    from training.decoders import decode_image
    from training.metrics import psnr

    images = [getattr(data, name)() for name in GUARD]
    offsets = [[(side - GUARD_SIZE) // 2 for side in rgb.shape[:2]] for rgb in images]
    crops = [rgb[t : t + GUARD_SIZE, left : left + GUARD_SIZE] for rgb, (t, left) in zip(images, offsets, strict=True)]
    decoded = [decode_image(decoder, rgb, GUARD_STEP, decoder.kind, decoder.space) for rgb in crops]
    return round(float(np.mean([psnr(*pair) for pair in zip(crops, decoded, strict=True)])), 3)


if __name__ == "__main__":
    sys.exit(run(main))
