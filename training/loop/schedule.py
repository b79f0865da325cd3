"""How the learning rate goes."""

import math

import keras


def learning_rate(settings, sources):
    """The setting `learning_rate` or, with `decay`, one cosine from there to zero over all steps of a run."""
    rate = settings["learning_rate"]
    if not settings["decay"]:
        return rate
    images = min(sources[0].count("train"), settings.get("limit") or math.inf)
    return keras.optimizers.schedules.CosineDecay(rate, math.ceil(images / settings["batch_size"]) * settings["epochs"])
