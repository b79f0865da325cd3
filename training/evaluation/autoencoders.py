"""Scores auto-encoders on real bytes, beside palettes and image codecs: a part of `training.evaluate`."""

import hashlib
import itertools

import numpy as np

from training.baselines.counted_latents import LatentCounts
from training.baselines.image_codecs import QUALITIES, image_codec
from training.baselines.palettes import PALETTE_SIZES, PALETTES, paletted
from training.command import CommandError
from training.data.batches import balanced
from training.data.sources import open_dataset
from training.evaluation.scored import file_name, one_dataset, run_names, split_to_score, write_scores
from training.loop.run_folder import only_unseen
from training.metrics.images import psnr, ssim
from training.metrics.rates import bd_rate
from training.outputs import result_path
from training.result_files import dataset_name, listing, read_results, rounded

BIT_DEPTHS = (8, 4)
CALIBRATED_ON = 2000  # validation images, for the latent of a network that has no bits of its own
CURVES = {"latent": "adaptive depth", "colors": "adaptive depth by colors", "uniform": "uniform depth"}
PAPER = {"color_autoencoder": {"psnr": 26.0899, "ssim": 0.8558}, "k-means": {"psnr": 31.97, "ssim": 0.956}}


def evaluate_autoencoders(loaded, arguments, argv, report):
    """Prints and writes the rows of each auto-encoder and, if asked for, of its peers, and Bjontegaard's deltas.

    Of `Run`s, by the arguments of `training.evaluate`; `report` is `training.papers.nwala`, which draws.
    """
    names, settings = run_names(loaded, [curve_name(run) for run in loaded]), loaded[0].settings
    spec = one_dataset(arguments, loaded[0], "cifar100")
    photographs = open_dataset(spec, (), settings.get("seed", 0), arguments.data_dir)
    size = settings.get("size", 32) if arguments.size is None else arguments.size
    split = split_to_score(arguments, photographs, spec == settings.get("dataset"))
    with only_unseen([] if arguments.allow_overlap else loaded, photographs, split):
        images, labels = balanced(photographs, split, size, arguments.limit)
    if arguments.report:
        report.check_report(loaded, labels)
        if names != [curve_name(run) for run in loaded]:
            raise CommandError("the report shows one run of each curve: leave out the others")
    path = result_path(arguments.results, file_name(["autoencoder"], spec))
    dataset = {"name": dataset_name(spec), "split": split, "images": len(images), "size": size or "whole"}
    dataset["digest"] = hashlib.blake2b(b"".join(rgb.tobytes() for rgb in images), digest_size=8).hexdigest()
    runs = dict(zip(names, loaded, strict=True))
    rows = [{**row, "name": name} for name, run in runs.items() for row in rows_of(run, images, arguments.data_dir)]
    models = {name: run.described for name, run in runs.items()}
    if arguments.add:
        others, other_models = _others(path, dataset, rows, models)
        rows, models = rows + others, other_models | models
    if (arguments.peers or arguments.report) and not named(rows, "k-means"):
        rows += peer_rows(images)
    rows += [*deltas(rows)]
    print(listing(rows, ["point", "bpp", "bytes", "psnr", "ssim", "bd_rate", "bd_rate_ssim"]))
    write_scores(path, argv, rows, dataset, settings.get("seed"), models=models)
    if arguments.report:
        folder = arguments.figures or path.with_suffix("")
        report.write_report(folder, loaded, images, labels, photographs.classes(split), rows)
        print(f"written: {folder / 'report.html'}")
    elif arguments.figures:
        report.write_curves(arguments.figures, rows)
        print(f"written: figures in {arguments.figures}")
    return 0


def _others(path, dataset, rows, models):
    """Rows of the result file at `path`, if there is one, that are not measured again, and the models it names."""
    if not path.exists():
        return [], {}
    old, names = read_results(path), {row["name"] for row in rows}
    if old["dataset"] != dataset:
        raise CommandError(f"{path} has other images: --add to another --results")
    changed = [name for name, model in rounded(models).items() if old["models"].get(name, model) != model]
    if changed:
        raise CommandError(f"{path} has rows of another {changed[0]}: --add to another --results")
    return [row for row in old["rows"] if row["name"] not in names and row["point"] != "delta"], old["models"]


def named(rows, name):
    """The rows of one curve."""
    return [row for row in rows if row["name"] == name]


def nearest_kmeans(rows):
    """The row of the number of colours whose PSNR is nearest the paper's, which does not say how many it took."""
    return min(named(rows, "k-means"), key=lambda row: abs(row["metrics"]["psnr"] - PAPER["k-means"]["psnr"]))


def rows_of(run, images, data_dir=None):
    """Rows of one run: of an adaptive one for each level, of another as it is, and with its latent in few bits.

    The latent of a bare .keras file stays as it is: of what data its range is to be taken is not known.
    """
    name = curve_name(run)
    if is_adaptive(run):
        return [_row(name, level, images, run.codec.round_trip(images, level)) for level in run.codec.levels]
    numbers = run.codec.encoded(images[:1])[0].size
    floats = {"latent_numbers": float(numbers), "pixel_bytes": images[0].size}
    plain = _row(name, "float32", images, run.codec.round_trip(images))
    rows = [{**plain, "paper": PAPER[name], "metrics": plain["metrics"] | floats}]
    if not run.settings:
        print(f"note: {run.path} has no recipe.json beside it, so it has no rows of latents in few bits")
        return rows
    return rows + [_row(name, f"{bits} bits", images, coded) for bits, coded in _quantised(run, images, data_dir)]


def curve_name(run):
    """What the rows of a run are named."""
    return CURVES[run.codec.depth] if is_adaptive(run) else "color_autoencoder"


def is_adaptive(run):
    """Whether an auto-encoder has levels of quality and bits of its own."""
    return len(run.codec.levels) > 1


def _quantised(run, images, data_dir):
    """Yields numbers of bits, and what a latent in so many costs and gives."""
    settings, codec = run.settings, run.codec
    known = open_dataset(settings.get("dataset", "cifar100"), (), settings.get("seed", 0), data_dir)
    known = np.stack(codec.encoded(known.unlabelled("validation", settings.get("size", 32), CALIBRATED_ON)))
    latents = codec.encoded(images)
    for bits in BIT_DEPTHS:
        counts = LatentCounts(known, bits)
        files = [counts.encode(latent) for latent in latents]
        kept = [counts.decode(data, latent.shape[:2]) for data, latent in zip(files, latents, strict=True)]
        decoded = codec.decoded(kept, images)
        yield bits, [(rgb, {"bytes": len(data)}) for rgb, data in zip(decoded, files, strict=True)]


def peer_rows(images):
    """Rows of palettes, with and without dithering, and of image codecs."""
    rows = []
    for method, choose in PALETTES.items():
        palettes = {count: [choose(rgb, count) for rgb in images] for count in PALETTE_SIZES}
        for dither in (False, True):
            name = f"{method}{', dithered' if dither else ''}"
            for count, chosen in palettes.items():
                coded = [paletted(rgb, colors, method, dither) for rgb, colors in zip(images, chosen, strict=True)]
                coded = [(rgb, {"bytes": sizes["webp"], "png_bytes": sizes["png"]}) for rgb, sizes in coded]
                rows.append(_row(name, count, images, coded))
            print(f"{name}: done", flush=True)
    for name, qualities in QUALITIES.items():
        for quality in qualities:
            coded = [image_codec(name, rgb, quality) for rgb in images]
            rows.append(_row(name, quality, images, [(rgb, {"bytes": size}) for rgb, size in coded]))
    nearest_kmeans(rows)["paper"] = PAPER["k-means"]
    return rows


def deltas(rows):
    """Rows of Bjontegaard's delta rate, in per cent, of each adaptive curve against each other curve."""
    curves = {}
    for row in rows:
        if "bpp" in row["metrics"]:
            curves.setdefault(row["name"], []).append(row["metrics"])
    for own, other in itertools.permutations(curves, 2):
        if own.startswith("adaptive"):
            found = {}
            for key, quality in (("bd_rate", "psnr"), ("bd_rate_ssim", "ssim")):
                points = [[(each["bpp"], each[quality]) for each in curves[name]] for name in (other, own)]
                found[key] = bd_rate(*points)
            metrics = {key: delta for key, delta in found.items() if delta is not None}
            yield {"name": f"{own} against {other}", "point": "delta", "metrics": metrics}


def _row(name, point, images, coded):
    """Means over images of what they cost and how good they are; each is given decoded, with its sizes in bytes."""
    each = [
        {**sizes, "psnr": psnr(rgb, decoded), "ssim": ssim(rgb, decoded)}
        for rgb, (decoded, sizes) in zip(images, coded, strict=True)
    ]
    metrics = {key: float(np.mean([one[key] for one in each])) for key in each[0]}
    if "bytes" in metrics:
        pixels = sum(rgb.shape[0] * rgb.shape[1] for rgb in images)
        metrics["bpp"] = 8 * sum(one["bytes"] for one in each) / pixels
    return {"name": name, "point": point, "metrics": metrics}
