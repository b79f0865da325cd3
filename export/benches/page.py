"""The page in a browser beside Python: what it decodes and writes, and how long both take, in one run."""

import json
import time

import numpy as np
from PIL import Image

import zoo
from export.benches.browser import have, prepared
from export.benches.costs import QUALITY, mosaic
from export.color_files import Encoder, decoded, opened
from export.kinds import KINDS
from export.photographs import Photograph
from training.metrics.images import psnr

SIZES = {(512, 768): 2, (3000, 4000): 1}  # and how often each is timed: the last time counts, when networks are built
TIMED = "jpeg"  # the kind of base of which times are taken


def measured(photographs, arguments):
    """See `export.benches`: how far pixels and files agree, by kind of base; and seconds by size."""
    codec = zoo.load(arguments.decoder)
    with prepared(arguments.decoder) as folders:
        given, made = folders["given"], folders["made"]
        files, agreement = {}, []
        for number, (name, rgb) in enumerate(photographs):
            Image.fromarray(rgb).save(given / f"{number}.png")
            for kind in arguments.kinds:
                file = f"{number}{KINDS[kind]}"
                files[file] = (name, kind, rgb)
                (given / file).write_bytes(Encoder(Photograph(rgb), kind, codec, arguments.decoder).at(QUALITY).data)
                agreement.append({"photo": f"{number}.png", "kind": kind, "file": file})
            print(f"{number + 1} of {len(photographs)}: {name}", flush=True)
        every = [rgb for _, rgb in photographs]
        timed = [_timed(mosaic(every, size), runs, given, codec, arguments.decoder) for size, runs in SIZES.items()]
        sizes, rows = zip(*timed, strict=True)
        (given / "jobs.json").write_text(json.dumps({"quality": QUALITY, "agreement": agreement, "sizes": sizes}))
        have("page.mjs", folders)
        compared = [_compared(*known, given / file, made / file, codec) for file, known in files.items()]
        times = json.loads((made / "times.json").read_text())
    rows = list(rows)
    for found in times:
        metrics = {"encode_s": found["encode_ms"] / 1000, "decode_s": found["decode_ms"] / 1000}
        rows.append({"name": "page", "about": "time", "size": found["size"], "metrics": metrics})
    return [*_agreement(compared), *rows], compared, ()


def _timed(rgb, runs, given, codec, decoder):
    """What the page is to do with a picture, whose file Python writes, and the row of how long Python takes."""
    size, metrics = f"{rgb.shape[1]}x{rgb.shape[0]}", {}
    Image.fromarray(rgb).save(given / f"{size}.png")
    for _ in range(runs):
        start = time.perf_counter()
        data = Encoder(Photograph(rgb), TIMED, codec, decoder).at(QUALITY).data
        metrics["encode_s"] = time.perf_counter() - start
        start = time.perf_counter()
        decoded(opened(data), codec)
        metrics["decode_s"] = time.perf_counter() - start
    (given / f"{size}{KINDS[TIMED]}").write_bytes(data)
    job = {"size": size, "runs": runs, "photo": f"{size}.png", "file": f"{size}{KINDS[TIMED]}"}
    print(f"Python: {size}", flush=True)
    return job, {"name": "Python", "about": "time", "size": size, "metrics": metrics}


def _compared(name, kind, rgb, python, page, codec):
    """A row of one photograph: the page's pixels of Python's file, and the page's file."""
    written, expected_file = page.read_bytes(), python.read_bytes()
    pixels = np.fromfile(page.with_name(f"{page.name}.rgba"), np.uint8).reshape(*rgb.shape[:2], 4)[..., :3]
    expected = decoded(opened(expected_file), codec).rgb
    difference = np.abs(pixels.astype(int) - expected)
    metrics = {
        "largest_difference": int(difference.max()),
        "differing_share": float((difference.max(axis=-1) > 0).mean()),
        "same_file": int(written == expected_file),
        "relative_bytes": len(written) / len(expected_file),
        "psnr_above": psnr(rgb, decoded(opened(written), codec).rgb) - psnr(rgb, expected),
    }
    return {"name": f"page, {kind}", "image": name, "kind": kind, "metrics": metrics}


def _agreement(compared):
    """Rows by kind: the largest difference of all, how many files are the same, and means of the rest."""
    for kind in dict.fromkeys(row["kind"] for row in compared):
        values = {
            name: [row["metrics"][name] for row in compared if row["kind"] == kind] for name in compared[0]["metrics"]
        }
        means = {name: float(np.mean(each)) for name, each in values.items()}
        sums = {"largest_difference": max(values["largest_difference"]), "same_file": sum(values["same_file"])}
        yield {
            "name": f"page, {kind}",
            "about": "files",
            "metrics": {**means, **sums, "images": len(values["same_file"])},
        }
