"""How fast batches are, beside the plain command, and what memory they take: `python -m export.batch.bench FOLDER`."""

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from training.command import ArgumentParser, CommandError, positive, run
from training.outputs import result_file

SAMPLED = 0.5  # seconds between looks at memory
THUMBNAIL = (64, 64)
LARGE = (3000, 4000)  # rows and columns of a photograph of 12 megapixels
CAMERA = 90  # quality of its JPEG file
MILLION, CORES, MACHINES = 1_000_000, 16, (1, 10, 100)


def main(argv):
    """Encodes photographs to WebP colour-grid files and decodes these, by the plain command and by actors of Ray.

    In one run; memory is the most that all processes have together, of what they share each its part (PSS).
    """
    parser = ArgumentParser(prog="python -m export.batch.bench", description=main.__doc__, needs_tensorflow=False)
    parser.add_argument("source", metavar="FOLDER", help="of photographs")
    parser.add_argument("--limit", type=positive, default=2000, help="photographs")
    parser.add_argument("--actors", type=positive, nargs="+", default=(1, 2), help="how many, one after the other")
    parser.add_argument("--effort", default="0", help="of encoding")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--copies", type=positive, nargs="+", help="encode as many links to each, made small")
    instead.add_argument(
        "--large", type=positive, help="take as many 12-megapixel JPEG files, put together of the photographs"
    )
    parser.add_argument("--results", type=result_file, default="results/batch.json", help="result file")
    arguments = parser.parse_args(argv)

    from export.batch.places import photographs
    from training.data.folders import SUFFIXES
    from training.result_files import listing, write_results

    folder, names = photographs(arguments.source, SUFFIXES)
    paths = [Path(folder.path) / name for name in sorted(names)[: arguments.limit]]
    measured = _copies if arguments.copies else _large if arguments.large else _verbs
    with tempfile.TemporaryDirectory() as scratch:
        rows = measured(paths, Path(scratch), arguments)
    print(listing(rows, list(rows[0]["metrics"])))
    dataset = {"name": Path(arguments.source).name, "images": len(paths)}
    write_results(arguments.results, "python -m export.batch.bench " + " ".join(argv), rows, dataset, packages=("ray",))
    print(f"written: {arguments.results}")
    return 0


def _verbs(paths, scratch, arguments):
    """Rows of encoding and of decoding by the plain command, and by each number of actors."""
    given, rows = _links(paths, scratch / "given"), []
    for verb, flags in (("encode", _encoding(arguments)), ("decode", ())):
        plain = scratch / f"plain-{verb}"
        command = ["export.codec", verb, *map(str, sorted(given.iterdir())), *flags, "--out", str(plain)]
        rows.append(_row(f"{verb}, plain command", len(paths), *_timed(command)))
        for actors in arguments.actors:
            out = scratch / f"{verb}-{actors}"
            rows.append(_row(f"{verb}, {actors} actors", len(paths), *_batch(verb, given, out, flags, actors)))
            same = sum((out / path.name).read_bytes() == path.read_bytes() for path in plain.iterdir())
            rows[-1]["metrics"]["same_bytes"] = same / len(paths)
        given = plain
    return rows


def _copies(paths, scratch, arguments):
    """A row for each number of links to thumbnails, of encoding by the largest number of actors."""
    from PIL import Image

    rows, actors, small = [], max(arguments.actors), scratch / "small"
    small.mkdir()
    thumbnails = [small / f"{number:06}.png" for number in range(len(paths))]
    for path, thumbnail in zip(paths, thumbnails, strict=True):
        Image.open(path).convert("RGB").resize(THUMBNAIL).save(thumbnail)
    for copies in arguments.copies:
        count, given = copies * len(paths), _links(copies * thumbnails, scratch / f"given-{copies}")
        taken = _batch("encode", given, scratch / f"{copies}", _encoding(arguments), actors)
        rows.append(_row(f"encode {count:,} links, {actors} actors", count, *taken))
    return rows


def _large(paths, scratch, arguments):
    """Rows of large files, by the largest number of actors, and what a million of them would take."""
    import numpy as np
    from PIL import Image
    from pyarrow import parquet

    from export.batch.manifest import FILE
    from export.benches.costs import mosaic

    given, actors, rows = scratch / "given", max(arguments.actors), []
    given.mkdir()
    pixels = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    for number in range(arguments.large):
        first = number * len(pixels) // arguments.large
        picture = mosaic(pixels[first:] + pixels[:first], LARGE)
        Image.fromarray(picture).save(given / f"{number:03}.jpg", quality=CAMERA)
    for verb, flags in (("encode", _encoding(arguments)), ("decode", ("--kind", "jpeg"))):
        out = scratch / verb
        taken = _batch(verb, given, out, flags, actors)
        done = parquet.read_table(out / FILE).to_pydict()
        of_one = {name: float(np.mean(done[name])) for name in ("milliseconds", "bytes_in", "bytes_out")}
        row = _row(f"{verb} 12 megapixels, {actors} actors", arguments.large, *taken)
        rows.append(row | {"metrics": row["metrics"] | of_one})
        terabytes = {f"tera{way}": of_one[way] * MILLION / 1e12 for way in ("bytes_in", "bytes_out")}
        for machines in MACHINES:
            hours = of_one["milliseconds"] * MILLION / CORES / machines / 3_600_000
            name = f"{verb} a million of 12 megapixels, {machines} machines of {CORES} cores, computed"
            rows.append({"name": name, "metrics": {"hours": hours, **terabytes}})
        given = out
    return rows


def _links(paths, folder):
    """A folder of links to files."""
    folder.mkdir()
    for number, path in enumerate(paths):
        (folder / f"{number:06}{path.suffix}").symlink_to(path)
    return folder


def _encoding(arguments):
    """Flags of encoding."""
    return "--kind", "webp", "--effort", arguments.effort


def _row(name, count, seconds, memory):
    return {"name": name, "metrics": {"images_per_second": count / seconds, "peak_memory_mb": memory}}


def _batch(verb, source, out, flags, actors):
    """See `_timed`: of a batch."""
    return _timed(["export.batch", verb, str(source), *flags, "--out", str(out), "--actors", str(actors)])


def _timed(command):
    """Seconds that a command takes, and the most megabytes that it and what it starts have at a time."""
    begun, most, ended = time.perf_counter(), [0.0], threading.Event()
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.DEVNULL)

    def look():
        while not ended.wait(SAMPLED):
            most[0] = max(most[0], _memory(process.pid))

    watching = threading.Thread(target=look)
    watching.start()
    code = process.wait()
    seconds = time.perf_counter() - begun
    ended.set()
    watching.join()
    if code:
        raise CommandError(f"{' '.join(command[:3])} ended with exit code {code}: see to the photographs")
    return seconds, most[0]


def _memory(pid):
    """Megabytes of a process and all that descend from it, of what they share each its part."""
    import psutil

    parts = []
    with contextlib.suppress(psutil.Error):  # ended meanwhile
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                parts.append(process.memory_full_info().pss)
    return sum(parts) / 1e6


if __name__ == "__main__":
    sys.exit(run(main))
