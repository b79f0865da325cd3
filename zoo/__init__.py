"""Model builders in pure Keras 3: image colorizers and colour codecs. `python -m zoo` lists them."""

from zoo.codecs.colorizer import colorize
from zoo.codecs.loading import load
from zoo.registry import MODELS, list_models, pretrained
from zoo.weights import card
from zoo.weights import names as list_weights

vars().update({name: entry.build for name, entry in MODELS.items()})

__all__ = [*MODELS, "card", "colorize", "list_models", "list_weights", "load", "pretrained"]
