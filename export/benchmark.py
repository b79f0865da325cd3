"""Times exported decoders beside the float Keras model: `python -m export.benchmark exports/crayon`."""

import re
import sys
from pathlib import Path

import numpy as np

from export.cards import read_card
from export.runtime import median_latency, open_decoder
from export.targets.saved_model import FOLDER
from training.command import ArgumentParser, in_fresh_process, positive, run
from training.outputs import result_file

LEAST_MS = 1000  # of measurement: a few runs of milliseconds would be what the machine does just then


def main(argv):
    """Measures latency by threads, peak memory and size of exported decoders, beside the float Keras model.

    The Keras model is its SavedModel, which TensorFlow runs as fast as `predict_on_batch`. All is measured in one
    run, each decoder in a process of its own. `times_first_export` is the speed beside the fastest decoder of the first
    folder, or its fastest encoder.
    """
    parser = ArgumentParser(prog="python -m export.benchmark", description=main.__doc__)
    parser.add_argument("exports", type=Path, nargs="+", help="folders that `python -m export` wrote")
    parser.add_argument("--threads", type=positive, nargs="+", default=(1, 2), help="numbers of threads")
    parser.add_argument("--repeats", type=positive, default=10, help="runs of each at least; the median counts")
    parser.add_argument("--results", type=result_file, default="results/benchmark-decoders.json", help="result file")
    arguments = parser.parse_args(argv)

    from training.result_files import listing, write_results

    rows, first = [], {}
    for folder in arguments.exports:
        card = read_card(folder)
        step = f", n = {card['n']}" if "n" in card else ""
        prefix = f"{card['model']} width {card['settings'].get('width')}{step}"
        if any(row["name"].startswith(prefix + ",") for row in rows):
            prefix += f", {folder.name}"
        for threads in arguments.threads:
            for decoders in _by_signature(folder, card, threads, arguments.repeats):
                times = [metrics["latency_ms"] for metrics in decoders.values()]
                fastest = first.setdefault(threads, min(times))
                for (label, metrics), ms in zip(decoders.items(), times, strict=True):
                    metrics |= {"times_keras_speed": times[0] / ms, "times_first_export": fastest / ms}
                    rows.append(
                        {"name": f"{prefix}, {label}", "size": card["size"], "threads": threads, "metrics": metrics}
                    )
    shown = ["threads", "latency_ms", "times_keras_speed", "times_first_export", "peak_memory_mb", "file_mb"]
    print(listing(rows, shown))
    write_results(arguments.results, "python -m export.benchmark " + " ".join(argv), rows)
    print(f"written: {arguments.results}")
    return 0


def _by_signature(folder, card, threads, repeats):
    """For each signature of an export the metrics of Keras and, behind it, of each of its files, by name."""
    files = {}
    for name, entry in card["files"].items():
        files.setdefault(entry["signature"], []).append(name)
    given = threads, repeats, card.get("level")
    for signature, names in files.items():
        keras = "Keras float32" if len(files) == 1 else f"Keras float32, {signature}"
        measured = {keras: in_fresh_process(measure, folder / FOLDER, *given, signature)}
        yield measured | {
            name.removesuffix(".tflite"): in_fresh_process(measure, folder / name, *given) for name in names
        }


def measure(path, threads, repeats, level=None, signature=None):
    """Median latency in ms over a second at least, peak memory of the process and file size in MB of one decoder.

    It is opened by `export.runtime.open_decoder`, and run `repeats` times at least, at a level if it asks for one.
    """
    decoder = open_decoder(path, threads, signature)
    random = np.random.default_rng(0)
    inputs = {name: random.integers(96, 160, shape, np.uint8) for name, shape in decoder.shapes.items()}
    if "level" in inputs:
        inputs["level"][:] = level
    repeats = max(repeats, round(LEAST_MS / median_latency(decoder, inputs, 1)))
    files = [file for file in path.rglob("*") if file.is_file()] or [path]
    return {
        "latency_ms": median_latency(decoder, inputs, repeats),
        "peak_memory_mb": peak_memory_mb(),
        "file_mb": sum(file.stat().st_size for file in files) / 1e6,
    }


def peak_memory_mb():
    """Peak resident memory of this process. Linux's getrusage would count the parent's, before the exec, as well."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


if __name__ == "__main__":
    sys.exit(run(main))
