"""The page in a browser beside Python: what it decodes and writes, and how long both take, in one run."""

import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

import zoo
from export.benches.costs import mosaic
from export.color_files import Encoder, decoded, opened
from export.kinds import KINDS
from export.photographs import Photograph
from export.web import packages
from export.web.server import server
from export.web.site import write
from training.command import CommandError
from training.metrics.images import psnr

QUALITY = 50
SIZES = {(512, 768): 2, (3000, 4000): 1}  # and how often each is timed: the last time counts, when networks are built
TIMED = "jpeg"  # the kind of base of which times are taken
STROKES = 20


def measured(photographs, arguments):
    """See `export.benches`: how far pixels and files agree, by kind of base; seconds by size; and painting."""
    packages.check()
    if not (browser := packages.browser()):
        raise CommandError("there is no Chromium, in which the page is to be measured: install it")
    codec = zoo.load(arguments.decoder)
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / name for name in ("given", "made", "modules", "site")}
        for folder in folders.values():
            folder.mkdir()
        packages.install(folders["modules"])
        write(folders["site"], arguments.decoder)
        given, made = folders["given"], folders["made"]
        ours, agreement = {}, []
        for number, (name, rgb) in enumerate(photographs):
            Image.fromarray(rgb).save(given / f"{number}.png")
            for kind in arguments.kinds:
                file = f"{number}{KINDS[kind]}"
                ours[file] = (name, kind, rgb)
                (given / file).write_bytes(Encoder(Photograph(rgb), kind, codec, arguments.decoder).at(QUALITY).data)
                agreement.append({"photo": f"{number}.png", "kind": kind, "file": file})
            print(f"{number + 1} of {len(photographs)}: {name}", flush=True)
        every = [rgb for _, rgb in photographs]
        timed = [_timed(mosaic(every, size), runs, given, codec, arguments.decoder) for size, runs in SIZES.items()]
        sizes, rows = zip(*timed, strict=True)
        jobs = {"quality": QUALITY, "agreement": agreement, "sizes": sizes, "strokes": STROKES}
        (given / "jobs.json").write_text(json.dumps(jobs))
        _run(browser, **folders)
        compared = [_compared(*ours[file], given / file, made / file, codec) for file in ours]
        times = json.loads((made / "times.json").read_text())
    rows = list(rows)
    for found in times["times"]:
        metrics = {"encode_s": found["encode_ms"] / 1000, "decode_s": found["decode_ms"] / 1000}
        rows.append({"name": "page", "about": "time", "size": found["size"], "metrics": metrics})
    strokes = {"median_ms": float(np.median(times["strokes"])), "most_ms": max(times["strokes"])}
    rows.append({"name": "a stroke", "about": "painting", "size": sizes[0]["size"], "metrics": strokes})
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


def _run(browser, given, made, modules, site):
    with server(site, 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{running.server_port}/"
        told = {"SITE": address, "BROWSER": browser, "MODULES": modules, "GIVEN": given, "MADE": made}
        environment = {**os.environ, **{name: str(value) for name, value in told.items()}}
        done = subprocess.run(["node", Path(__file__).with_suffix(".mjs")], env=environment)
        running.shutdown()
    if done.returncode:
        raise CommandError("the page could not be measured: see above")


def _compared(name, kind, rgb, python, page, codec):
    """A row of one photograph: the page's pixels of Python's file, and the page's file."""
    theirs, mine = page.read_bytes(), python.read_bytes()
    pixels = np.fromfile(page.with_name(f"{page.name}.rgba"), np.uint8).reshape(*rgb.shape[:2], 4)[..., :3]
    expected = decoded(opened(mine), codec).rgb
    difference = np.abs(pixels.astype(int) - expected)
    metrics = {
        "largest_difference": int(difference.max()),
        "differing_share": float((difference.max(axis=-1) > 0).mean()),
        "same_file": int(theirs == mine),
        "relative_bytes": len(theirs) / len(mine),
        "psnr_above": psnr(rgb, decoded(opened(theirs), codec).rgb) - psnr(rgb, expected),
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
