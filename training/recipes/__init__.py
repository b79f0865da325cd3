"""Recipes: one module for each published experiment.

The docstring of a recipe has the command, the time and the result. A recipe holds

- `DEFAULTS`: its settings, all of them flags of `training.fit`, `add_arguments(parser)` for those that are its own, and
  `check(settings)`;
- `TEST_IMAGES`: positions of the test images, see `training.data.sources.open_dataset`;
- `SEARCH`: which settings `training.tune` searches, and over which values; `SEARCH_TRAINED`: those of a trained model,
  where it has any;
- `FASTER`: what to type on a machine that is too slow for it;
- `model(settings)`: the network to train;
- `training_model(network, settings, sources)`: a compiled model from photographs to what the network makes of them;
- `batches(sources, settings, epoch)`: what it is fitted to, endless, from the epoch of this number on, what it is
  validated on, and how many steps are an epoch, from the `Photographs` of `--dataset` and `--also`;
- `preview(path, images, network, settings)`: writes a picture of what it does to a few images, and `report(settings)`:
  arguments of the evaluation that ends a run;
- `paper(settings)`: the paper's figures for such a model, where there are any.
"""

from training.recipes import adaptive_autoencoder, champati, champati_features, color_autoencoder, crayon, crayon_edge

RECIPES = {
    "adaptive_autoencoder": adaptive_autoencoder,
    "champati": champati,
    "champati_features": champati_features,
    "color_autoencoder": color_autoencoder,
    "crayon": crayon,
    "crayon_edge": crayon_edge,
    "crayon_edge_m": crayon_edge,
}
