"""Settings of recipes: their flags and defaults, where they come from, and what they may be."""

import dataclasses
import json
import subprocess
import sys

import pytest

from training import fit
from training.command import CommandError
from training.recipes import RECIPES, adaptive_autoencoder, champati, crops, grids, photographs, recipe_of
from training.tasks import grid
from zoo import color_bins
from zoo.models import adaptive_autoencoder as adaptive_model
from zoo.models import champati as champati_model
from zoo.models import nwala


def test_flags_need_no_keras():
    code = "import training.fit, training.tune, sys; assert not {'keras', 'tensorflow', 'zoo'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_recipes_know_of_modules_that_import_keras():
    assert grids.PAPER_STEPS == grid.PAPER_STEPS
    assert tuple(grid.LOSSES) == photographs.LOSSES
    assert champati.LATTICES == color_bins.LATTICES
    assert (None, *champati.VGG_MODES) == champati_model.VGG_MODES
    assert tuple(adaptive_model.DEPTHS) == adaptive_autoencoder.DEPTHS
    assert adaptive_autoencoder.LEVELS == adaptive_model.LEVELS
    assert crops.MULTIPLE == nwala.STRIDE


def test_test_images_of_the_paper():
    images = RECIPES["crayon"].TEST_IMAGES
    assert (images[:4], images[-2:], len(images)) == ((21, 46, 82, 190), (3480, 3730), 50)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_defaults(recipe, tmp_path):
    """Those of the flags are those of the fields, and recipe.json brings all of them back, none left to a machine."""
    told, _ = fit._arguments([recipe.name, "--out", str(tmp_path / "run")])
    assert told == recipe()
    stored = json.loads(json.dumps(told.settings()))
    together = {"batch_size": stored["batch_size"]} if recipe.name == "crayon" else {}
    assert recipe_of(stored) == dataclasses.replace(told, **together)


def test_settings_are_told_stored_or_usual(tmp_path):
    """A flag goes before best.json and recipe.json, these before the defaults, as for settings that came later."""
    best, out = tmp_path / "best.json", tmp_path / "run"
    best.write_text(json.dumps({"settings": {"recipe": "crayon", "n": "random", "width": 8}}))
    recipe, _ = fit._arguments(["crayon", "--from", str(best), "--width", "16", "--decay", "--out", str(out)])
    assert recipe == RECIPES["crayon"](n="random", width=16, decay=True)
    out.mkdir()
    (out / "recipe.json").write_text(json.dumps({"recipe": "crayon", "n": 15, "epochs": 3, "batch_size": 4}))
    recipe, arguments = fit._arguments(["crayon", "--out", str(out), "--resume", "--epochs", "5", "--n", "15"])
    assert recipe == RECIPES["crayon"](n=15, epochs=5, batch_size=4)
    assert (arguments.out, arguments.resume) == (out, True)
    with pytest.raises(CommandError, match="was started with another batch_size"):
        fit._arguments(["crayon", "--out", str(out), "--resume", "--batch-size", "5"])


def test_the_default_may_be_told(tmp_path):
    """Also where it stands for what the machine can do."""
    recipe, _ = fit._arguments(["crayon", "--batch-size", "0", "--out", str(tmp_path / "run")])
    assert recipe.batch_size == 0


def test_settings_are_checked_whatever_they_come_from():
    crayon = RECIPES["crayon"]()
    with pytest.raises(CommandError, match="--n 400 is larger than the crops"):
        dataclasses.replace(crayon, n=400)
    with pytest.raises(CommandError, match="--size must be a multiple of 8, not 100"):
        recipe_of({**crayon.settings(), "size": 100})
    for name in ("crayon_edge", "crayon_edge_m"):
        with pytest.raises(CommandError, match="--size must be at least 80, the largest grid step, not 72"):
            RECIPES[name](size=72)
