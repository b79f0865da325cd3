"""The design of the house, read from its source: imports run downwards only, and no name means two things.

All imports count, also those inside functions: they are there for speed, not to hide a circle.
"""

import ast
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WINGS = ("zoo", "training", "export")

# Floors from bottom to top, by the longest name that a module's own begins with. A module imports of its own floor, or
# of those below.
FLOORS = {
    "zoo": (
        ("zoo.errors", "zoo.settings", "zoo.arrays", "zoo.images"),
        ("zoo.color_spaces", "zoo.color_grid", "zoo.color_bins", "zoo.weights"),
        ("zoo.models",),
        ("zoo.registry", "zoo.codecs"),
        ("zoo",),
    ),
    "training": (
        ("training.command", "training.outputs", "training.result_files"),
        ("training.data", "training.metrics", "training.baselines", "training.tasks"),
        ("training.loop",),
        ("training.recipes", "training.evaluation"),
        ("training.papers",),
        ("training.search",),
        ("training",),  # the commands
    ),
    "export": (
        ("export.arithmetic", "export.cards", "export.containers", "export.files", "export.kinds", "export.tiling"),
        ("export.metadata",),
        ("export.photographs",),
        ("export.devices", "export.targets"),
        ("export.runtime", "export.calibration"),
        ("export.verify",),
        ("export",),  # the commands
    ),
}
# What a part imports nothing of.
APART = {
    "zoo": ("training", "export"),
    "training": ("export",),
    "training.recipes": ("training.evaluation", "training.papers", "training.search"),
    "export": ("training.evaluation", "training.papers", "training.search"),
}
COMMANDS = ("fit", "evaluate", "tune", "publish", "benchmark", "profile", "results")


# All that the zoo needs besides Python.
PACKAGES_OF_ZOO = {"keras", "numpy", "constriction", "numba"}


def _within(name, part):
    return name == part or name.startswith(f"{part}.")


def _read_modules():
    """By name of each module of the three wings: its path."""
    found = {}
    for path in sorted(path for wing in WINGS for path in (ROOT / wing).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports_of(path):
    """The modules of the project that a source file imports, without those that Python imports on the way to them.

    `from package import name` is an import of the module `package.name` where there is one.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            assert not node.level, f"{path}: imports have whole names"
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in submodules)


MODULES = _read_modules()
IMPORTS = {name: set(_imports_of(path)) for name, path in MODULES.items()}


def _floor(module):
    """The number of a module's floor in its wing."""
    floors = FLOORS[module.split(".")[0]]
    by_name = {part: number for number, parts in enumerate(floors) for part in parts if _within(module, part)}
    return by_name[max(by_name, key=len)]


def _all_imports():
    return [(module, imported) for module in IMPORTS for imported in sorted(IMPORTS[module])]


def _as_designed(wrong, rule):
    """Asserts that none of the imports is wrong."""
    assert not wrong, f"{rule}: " + ", ".join(f"{module} imports {imported}" for module, imported in wrong)


@pytest.mark.parametrize("part", APART)
def test_parts_are_apart(part):
    wrong = [
        (module, imported)
        for module, imported in _all_imports()
        if _within(module, part) and any(_within(imported, other) for other in APART[part])
    ]
    _as_designed(wrong, f"{part} imports nothing of {', '.join(APART[part])}")


@pytest.mark.parametrize("wing", WINGS)
def test_imports_run_downwards(wing):
    wrong = [
        (module, imported)
        for module, imported in _all_imports()
        if _within(module, wing) and _within(imported, wing) and _floor(imported) > _floor(module)
    ]
    _as_designed(wrong, f"imports of {wing} run downwards")


def test_no_circle():
    left = {module: set(imported) for module, imported in IMPORTS.items()}
    while free := [module for module, imported in left.items() if not imported & left.keys()]:
        for module in free:
            del left[module]
    # What only leads to a circle is no part of it.
    while ends := [module for module in left if not any(module in imported for imported in left.values())]:
        for module in ends:
            del left[module]
    assert not left, f"modules that import each other: {sorted(left)}"


def test_recipes_do_not_import_each_other():
    """A published experiment stands alone; what several share is a base, which is no experiment."""
    recipes = importlib.import_module("training.recipes")
    published = {f"{recipes.__name__}.{name}" for name in recipes.RECIPES} & MODULES.keys()
    assert published
    wrong = [(module, imported) for module in published for imported in IMPORTS[module] & published]
    _as_designed(wrong, "a recipe imports no other")


@pytest.mark.parametrize("package", [name for name, path in MODULES.items() if path.name == "__init__.py"])
def test_no_name_is_both_a_module_and_what_it_holds(package):
    """`zoo.crayon` is a function or a module, whatever was imported before."""
    submodules = {name.rpartition(".")[2] for name in MODULES if name.rpartition(".")[0] == package}
    held = set()
    for node in ast.parse(MODULES[package].read_text()).body:
        if isinstance(node, ast.ImportFrom):
            held |= {alias.asname or alias.name for alias in node.names if f"{node.module}.{alias.name}" not in MODULES}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            held.add(node.name)
        elif isinstance(node, ast.Assign):
            held |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    assert not held & submodules


def test_the_zoo_needs_little():
    found = set()
    for node in (
        node for name in MODULES if _within(name, "zoo") for node in ast.walk(ast.parse(MODULES[name].read_text()))
    ):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    assert found - sys.stdlib_module_names - {"zoo"} == PACKAGES_OF_ZOO


def test_commands_are_there():
    assert {name.removeprefix("training.") for name in MODULES if name.count(".") == 1} >= set(COMMANDS)
