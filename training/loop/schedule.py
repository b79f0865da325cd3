"""How the learning rate goes."""

import math

import keras


def learning_rate(recipe, sources):
    """The setting `learning_rate` or, with `decay`, one cosine from there to zero over all steps of a run."""
    rate = recipe.learning_rate
    if not recipe.decay:
        return rate
    images = min(sources[0].count("train"), getattr(recipe, "limit", None) or math.inf)
    return keras.optimizers.schedules.CosineDecay(rate, math.ceil(images / recipe.batch_size) * recipe.epochs)
