"""Every command answers --help at once, as it imports what is large only when its arguments were parsed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((*ROOT.glob("training/**/*.py"), *ROOT.glob("export/**/*.py")))
    if "sys.exit(run(main))" in path.read_text()
]
LARGE = ("keras", "tensorflow", "jax", "matplotlib", "scipy", "skimage", "sklearn", "tensorflow_datasets")


def _modules_after(code, **environment):
    """What of LARGE a new process has imported after some Python code."""
    code += f"\nimport sys\nprint('imported:', *sorted(set({LARGE}) & set(sys.modules)))"
    environment = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    *printed, last = done.stdout.splitlines()
    return last.split()[1:], "\n".join(printed), done.stderr


def _running(command, arguments):
    return (
        f"from {command} import main\n"
        "from training.command import run\n"
        "try:\n"
        f"    code = run(main, {arguments})\n"
        "except SystemExit as end:\n"
        "    code = end.code\n"
        "print(code)"
    )


def test_commands_are_found():
    assert {"training.fit", "training.tune", "training.evaluate", "training.results", "export.__main__"} < set(COMMANDS)


@pytest.mark.parametrize(("command", "more"), [(command, []) for command in COMMANDS] + [("training.fit", ["crayon"])])
def test_help(command, more):
    imported, printed, errors = _modules_after(_running(command, [*more, "--help"]))
    assert imported == []
    assert printed.startswith(f"usage: python -m {command.removesuffix('.__main__')} ")
    assert printed.endswith("\n0")
    assert not errors


def test_a_mistake_in_the_arguments():
    imported, printed, errors = _modules_after(_running("training.evaluate", ["runs/none", "--metrics", "beauty"]))
    assert imported == []
    assert printed == "2"
    assert errors.startswith("error: argument --metrics: invalid choice")
    assert errors.count("\n") == 1


def test_tables_of_a_page(tmp_path):
    """What needs no TensorFlow does not wait for it."""
    page = tmp_path / "page.md"
    page.write_text("no table\n")
    imported, printed, _ = _modules_after(_running("training.results", [str(page)]))
    assert imported == []
    assert printed == "0"


def test_notices_of_tensorflow_stay_away(tmp_path):
    imported, _, errors = _modules_after(_running("training.evaluate", [str(tmp_path / "none")]))
    assert "tensorflow" in imported
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
