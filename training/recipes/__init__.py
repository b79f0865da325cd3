"""Recipes: one module for each published experiment.

The docstring of a recipe has the command, the time and the result. A recipe holds

- `DEFAULTS`: its settings, all of them flags of `training.fit`, `add_arguments(parser)` for those that are its own, and
  `check(settings)`;
- `TEST_IMAGES`: positions of the test images, see `training.datasets.open_dataset`;
- `FASTER`: what to type on a machine that is too slow for it;
- `model(settings, input_size)` and `task(settings)`: what is trained on what.
"""

from training.recipes import crayon

RECIPES = {"crayon": crayon}
