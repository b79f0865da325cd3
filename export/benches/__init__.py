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
    "page": "what the page in a browser decodes and writes, and how long it takes",
    "painting": "how long a stroke takes in the page",
}


def run(arguments, argv):
    """Measures what `arguments.what` says on each data set, and writes the result file."""
    from importlib import import_module

    from training.result_files import listing, write_results

    measured = import_module(f"{__name__}.{arguments.what}").measured
    found, rows, datasets = [], [], []
    for spec in arguments.dataset:
        dataset, used = _photographs(spec, arguments)
        told, more, packages = measured(used, arguments)
        if len(arguments.dataset) > 1:
            told, more = ([{"subset": dataset["name"], **row} for row in part] for part in (told, more))
        found, rows, datasets = found + told, rows + more, [*datasets, dataset]
    shown = dict.fromkeys(name for row in found for name in row if name not in ("name", "metrics"))
    print(listing(found, [*shown, *dict.fromkeys(name for row in found for name in row["metrics"])]))
    command = "python -m export.codec " + " ".join(argv)
    datasets = datasets[0] if len(datasets) == 1 else datasets
    write_results(arguments.results, command, found + rows, datasets, packages=packages)
    print(f"written: {arguments.results}")
    return 0


def _photographs(spec, arguments):
    """A data set as result files have it, and its photographs that are used, pairs of name and uint8 sRGB."""
    from training.data.sources import open_dataset
    from training.result_files import dataset_name
    from zoo.codecs.pyramid import WORKING

    photographs = open_dataset(spec).crops(arguments.split, 0, limit=arguments.limit)
    photographs = [(name.decode(), rgb) for name, rgb in photographs.as_numpy_iterator()][:: arguments.every]
    used = [(name, rgb) for name, rgb in photographs if min(rgb.shape[:2]) >= WORKING]
    if len(used) < len(photographs):
        print(f"left out: {len(photographs) - len(used)} of less than {WORKING}x{WORKING} pixels")
    names = [name for name, _ in used]
    dataset = {"name": dataset_name(spec), "split": arguments.split, "images": len(used), "size": "whole"}
    return {**dataset, "names": names}, used


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
