"""Puts the weights of a run into the zoo, with their card: `python -m training.publish runs/crayon_edge ...`."""

import hashlib
import io
import json
import re
import sys
import tempfile
from pathlib import Path

from training.command import ArgumentParser, CommandError, run
from training.outputs import writing

GUARD = ("astronaut", "chelsea", "coffee")  # photographs that scikit-image brings
GUARD_SIZE = 256
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

    from training.data.sources import open_dataset
    from training.loop.run_folder import load_run
    from training.result_files import read_results, versions
    from zoo.registry import MODELS
    from zoo.weights import FOLDER, SUFFIX, save_weights

    loaded = load_run(arguments.run)
    model = loaded.model.name
    if model not in MODELS or not arguments.name.startswith(f"{model}-"):
        raise CommandError(f"{arguments.run} is no run of a model for weights named {arguments.name}: see --name")
    if not loaded.all_known:
        raise CommandError(f"it is not known what all {arguments.run} was trained on: only what is known is published")
    results = read_results(arguments.results)
    described = {name: loaded.settings[name] for name in MODELS[model].arguments if name in loaded.settings}
    samples = open_dataset("samples")
    for split in (
        "train",
        "validation",
    ):  # resized copies of photographs that it may have seen; those of test it has not
        list(samples.images(split))
    seen = (
        json.dumps(sorted(loaded.digests.union(*(found.values() for found in samples.seen.values()))), indent=1) + "\n"
    )
    seen_file = f"seen-{_digest(seen.encode())[:8]}.json"  # one for all weights of the same data

    FOLDER.mkdir(exist_ok=True)
    stored = io.BytesIO()
    save_weights(loaded.model, stored)
    content = stored.getvalue()
    _check_arguments(MODELS[model].build, described, content, arguments.run)
    files = _divided(f"{arguments.name}-{_digest(content)[:8]}.npz", content)
    card = {
        "model": model,
        "arguments": described,
        "parameters": loaded.model.count_params(),
        "files": list(files),
        "bytes": len(content),
        "sha256": _digest(content),
        "licence": arguments.licence,
        "data": arguments.data,
        "seen": seen_file,
        "time": arguments.time,
        "settings": loaded.settings,
        "versions": versions(),
        "metrics": {"file": arguments.results.name, **_metrics(results, loaded, arguments.results)},
        **({"classes": loaded.classes} if loaded.classes else {}),
        "guard": {"images": GUARD, "size": GUARD_SIZE, **guard(loaded.codec)},
    }
    # The card comes last: a kill before leaves the old one, with the files that it names, a kill after the new one.
    files |= {seen_file: seen.encode(), f"{arguments.name}{SUFFIX}": (json.dumps(card, indent=1) + "\n").encode()}
    for file, content in files.items():
        with writing(FOLDER / file) as temporary:
            temporary.write_bytes(content)
    for path in _unnamed(arguments.name):
        path.unlink()
    print(f"written: {', '.join(files)}, in {FOLDER}")
    return 0


def guard(codec):
    """What a codec makes of the centres of three photographs that scikit-image brings: a guard against changed weights.

    See `zoo.codecs.base.Codec.guard`; `psnr` in dB.
    """
    from skimage import data

    from training.metrics.images import psnr

    images = [getattr(data, name)() for name in GUARD]
    offsets = [[(side - GUARD_SIZE) // 2 for side in rgb.shape[:2]] for rgb in images]
    crops = [rgb[t : t + GUARD_SIZE, left : left + GUARD_SIZE] for rgb, (t, left) in zip(images, offsets, strict=True)]
    return codec.guard(crops, psnr)


def _check_arguments(build, arguments, content, run):
    """CommandError unless the builder makes of these arguments a model that takes the weights `content`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.npz"
        path.write_bytes(content)
        try:
            build(**arguments, weights=str(path))
        except (TypeError, ValueError):
            raise CommandError(
                f"{run} cannot be published: {build.__name__} with {arguments} is another model, which does not take "
                "its weights"
            ) from None


def _metrics(results, loaded, path):
    """The measured quality, from a result file.

    A colorizer's own row, those of an auto-encoder by point, a classifier's feature preservation of the truth and of
    grey, or a decoder's PSNR by step. CommandError if it has none of this run.
    """
    rows, family = results["rows"], loaded.codec.family
    if family == "classifier":
        from training.result_files import rounded

        judges = [*(results.get("models") or {}).values(), results.get("classifier")]
        if rounded(loaded.described) not in judges:
            rows = []
        judged = {row["name"]: row["metrics"].get("feature_preservation") for row in rows}
        found = {name: judged[name] for name in ("truth", "grey") if judged.get(name) is not None}
        found = found and {"feature_preservation": found}
    else:
        from training.evaluation.autoencoders import curve_name

        own = curve_name(loaded) if family == "autoencoder" else loaded.settings["recipe"]
        rows = _own_rows(results, loaded.settings, own)
        if family == "colorizer":
            found = rows[0]["metrics"] if rows else {}
        elif family == "autoencoder":
            found = {str(row["point"]): row["metrics"] for row in rows}
        else:
            found = {str(row["n"]): row["metrics"]["psnr"] for row in rows if row.get("subset") == "all"}
            found = found and {"psnr": found}
    if not found:
        raise CommandError(f"{path} has no rows of {loaded.path}: give the result file of its `training.evaluate`")
    return found


def _own_rows(results, settings, own):
    """The rows of a run: those with its settings, or of the name that the file gives it; of `own` if it names none."""
    from training.result_files import rounded

    models, settings = results.get("models") or {}, rounded(settings)
    named = [name for name, model in models.items() if {**settings, "parameters": model.get("parameters")} == model]
    found = [row for row in results["rows"] if row.get("settings") == settings]
    for name in (*named, own) if named or not models else ():
        found = found or [row for row in results["rows"] if row["name"] == name]
    return found


def _unnamed(name):
    """Files of earlier weights of this name, and lists of what was seen, that no card names."""
    from zoo.weights import FOLDER, card, names

    cards = [card(each) for each in names()]
    named = {file for each in cards for file in (*each["files"], each["seen"])}
    known = re.compile(re.escape(name) + r"(-[0-9a-f]{8})?\.npz(\.\d)?|seen-[0-9a-f]{8}\.json")
    return [path for path in FOLDER.iterdir() if known.fullmatch(path.name) and path.name not in named]


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
