"""What colour-grid files are measured by: a module for each `python -m export.codec bench NAME`.

Each has `measured(photographs, arguments)`, of pairs of a name and uint8 sRGB `(H, W, 3)` and of the command's flags:
rows to be shown, further rows for the result file, and names of the packages whose versions count.
"""

import contextlib
import os

BENCHES = {
    "files": "whole files beside those of the same encoders",
    "colors": "payloads beside what colours take in files of image codecs",
    "parts": "payloads without each part of the coder",
    "costs": "seconds and memory by size, beside Pillow's codecs",
    "drift": "what other runtimes decode",
}


def run(arguments, argv):
    """Measures what `arguments.what` says, and writes the result file."""
    from importlib import import_module

    from training.data.sources import open_dataset
    from training.result_files import dataset_name, listing, write_results
    from zoo.codecs.pyramid import WORKING

    photographs = open_dataset(arguments.dataset).crops(arguments.split, 0, limit=arguments.limit)
    photographs = [(name.decode(), rgb) for name, rgb in photographs.as_numpy_iterator()][:: arguments.every]
    used = [(name, rgb) for name, rgb in photographs if min(rgb.shape[:2]) >= WORKING]
    if len(used) < len(photographs):
        print(f"left out: {len(photographs) - len(used)} of less than {WORKING}x{WORKING} pixels")
    found, rows, packages = import_module(f"{__name__}.{arguments.what}").measured(used, arguments)
    shown = dict.fromkeys(name for row in found for name in row if name not in ("name", "metrics"))
    print(listing(found, [*shown, *dict.fromkeys(name for row in found for name in row["metrics"])]))
    dataset = {"name": dataset_name(arguments.dataset), "split": arguments.split, "images": len(used), "size": "whole"}
    command = "python -m export.codec " + " ".join(argv)
    write_results(arguments.results, command, found + rows, dataset, packages=packages)
    print(f"written: {arguments.results}")
    return 0


def of_each(photographs, rows_of, decoder):
    """Rows of all photographs, `rows_of(name, rgb, codec, decoder)` of one, and a line when one is done."""
    import zoo

    codec, rows = zoo.load(decoder), []
    for done, (name, rgb) in enumerate(photographs, 1):
        rows += rows_of(name, rgb, codec, decoder)
        print(f"{done} of {len(photographs)}: {name}", flush=True)
    return rows


@contextlib.contextmanager
def environment(variables):
    """Within it, processes that are started have these variables."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
