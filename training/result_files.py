"""Result files: one JSON schema for every measured figure, and Markdown tables of their rows."""

import contextlib
import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from training.command import CommandError
from training.outputs import read_json, write_json

PACKAGES = ("tensorflow", "keras", "numpy", "scipy", "scikit-image", "pillow", "ai-edge-litert", "ai-edge-quantizer")


def write_results(path, command, rows, dataset=None, seed=None, packages=(), **more):
    """Writes one result file, atomically.

    Args:
        path: where to, usually under results/.
        command: what to type to write it again.
        rows: dicts with a `name`, what varies, and `metrics`; `paper` holds the paper's figures where it has any.
        dataset: dict of `name`, `split` and `images`.
        seed: of all random choices.
        packages: names of those whose versions count besides the usual ones.
        more: anything else worth keeping.
    """
    result = {
        "command": command,
        "commit": _commit(),
        "dataset": dataset,
        "versions": versions(*packages),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()},
        "seed": seed,
        **more,
        "rows": rows,
    }
    write_json(path, rounded(result), allow_nan=False)


def versions(*more):
    """Versions of Python and of the packages that figures depend on, and of more packages, by name."""
    found = {"python": platform.python_version()}
    for package in (*PACKAGES, *more):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def read_results(path):
    """The result file at `path`. CommandError if there is none, or it is another file."""
    remedy = "give a result file that a command wrote"
    found = read_json(path, remedy)
    if not isinstance(found.get("rows"), list):
        raise CommandError(f"{path} has no rows: {remedy}")
    return found


def pivot(rows, metric, down="name", across="n"):
    """A Markdown table of one metric: a line for each value of `down`, a column for each value of `across`."""
    columns = list(dict.fromkeys(row[across] for row in rows))
    lines = list(dict.fromkeys(row[down] for row in rows))
    cells = {(row[down], row[across]): f"{row['metrics'][metric]:.2f}" for row in rows if metric in row["metrics"]}
    table = [[f"{metric}, {across} =", *map(str, columns)]]
    table += [[str(line), *(cells.get((line, column), "") for column in columns)] for line in lines]
    return markdown(table)


def listing(rows, metrics, down="name"):
    """A Markdown table of several metrics, or other entries, or `paper_` and a metric: a line for each row."""
    table = [[down, *metrics]]
    for row in rows:
        paper = {f"paper_{metric}": value for metric, value in row.get("paper", {}).items()}
        found = {**row, **row["metrics"], **paper}
        table.append([str(row[down]), *(_cell(found.get(metric, "")) for metric in metrics)])
    return markdown(table)


def markdown(table):
    """A Markdown table of a list of rows of strings, the first of them the head; columns aligned."""
    widths = [max(3, *(len(row[i]) for row in table)) for i in range(len(table[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    rows = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in [table[0], rule, *table[1:]]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value):
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value >= 100 else f"{value:.4g}"


def rounded(value):
    """A value as result files hold it: what JSON makes of it, with floats of six digits."""
    return json.loads(json.dumps(value), parse_float=lambda digits: float(f"{float(digits):.6g}"))


def dataset_name(spec):
    """A data set as result files name it: what TFDS calls it, or the last part of a folder's path."""
    if not spec.startswith("folder:"):
        return spec
    return Path(spec.removeprefix("folder:")).expanduser().resolve().name or spec


def _commit():
    """The commit of the project; None where it is no repository of its own, as where it is installed."""
    root = Path(__file__).resolve().parents[1]
    # Variables of git, which its hooks set, would name another repository, and so would a folder above.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(root.parent)
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
