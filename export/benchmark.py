"""Times exported decoders beside the float Keras model: `python -m export.benchmark exports/crayon`."""

import re
import sys
from pathlib import Path

import numpy as np

from export.runtime import median_latency, open_decoder, read_card
from training.command import ArgumentParser, in_fresh_process, positive, run

KERAS = "saved_model"
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
    parser.add_argument("--results", type=Path, default=Path("results/benchmark-decoders.json"), help="result file")
    arguments = parser.parse_args(argv)

    from training.results import listing, write_results

    rows, first = [], {}
    for folder in arguments.exports:
        card = read_card(folder)
        signatures = {entry["signature"]: f"Keras float32, {entry['signature']}" for entry in card["files"].values()}
        if len(signatures) == 1:
            signatures = dict.fromkeys(signatures, "Keras float32")
        step = f", n = {card['n']}" if "n" in card else ""
        for threads in arguments.threads:
            given = threads, arguments.repeats, card.get("level")
            measured = {
                signature: {label: in_fresh_process(measure, folder / KERAS, *given, signature)}
                for signature, label in signatures.items()
            }
            for name, entry in card["files"].items():
                label = name.removesuffix(".tflite")
                measured[entry["signature"]][label] = in_fresh_process(measure, folder / name, *given)
            for signature, decoders in measured.items():
                keras_ms = decoders[signatures[signature]]["latency_ms"]
                fastest = min(metrics["latency_ms"] for metrics in decoders.values())
                for label, metrics in decoders.items():
                    metrics["times_keras_speed"] = keras_ms / metrics["latency_ms"]
                    metrics["times_first_export"] = first.setdefault(threads, fastest) / metrics["latency_ms"]
                    rows.append(
                        {
                            "name": f"{card['model']} width {card['settings'].get('width')}{step}, {label}",
                            "size": card["size"],
                            "threads": threads,
                            "metrics": metrics,
                        }
                    )
    shown = ["threads", "latency_ms", "times_keras_speed", "times_first_export", "peak_memory_mb", "file_mb"]
    print(listing(rows, shown))
    write_results(arguments.results, "python -m export.benchmark " + " ".join(argv), rows)
    print(f"written: {arguments.results}")
    return 0


def measure(path, threads, repeats, level=None, signature=None):
    """Median latency in ms over a second at least, peak memory of the process and file size in MB of one decoder.

    Args:
        path, threads, signature: see `export.runtime.open_decoder`.
        repeats: runs at least.
        level: of a decoder that asks for one.
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
