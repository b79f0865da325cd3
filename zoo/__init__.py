"""Model builders in pure Keras 3: image colorizers and colour codecs. `python -m zoo` lists them."""

from zoo.codecs.colorizer import colorize
from zoo.codecs.loading import load
from zoo.models.adaptive_autoencoder import adaptive_autoencoder
from zoo.models.champati import champati_baseline, champati_classification, champati_features, champati_regression
from zoo.models.crayon import crayon
from zoo.models.crayon_edge import crayon_edge, crayon_edge_m
from zoo.models.nwala import color_autoencoder
from zoo.registry import list_models, pretrained
from zoo.weights import card
from zoo.weights import names as list_weights

__all__ = [
    "adaptive_autoencoder",
    "card",
    "champati_baseline",
    "champati_classification",
    "champati_features",
    "champati_regression",
    "color_autoencoder",
    "colorize",
    "crayon",
    "crayon_edge",
    "crayon_edge_m",
    "list_models",
    "list_weights",
    "load",
    "pretrained",
]
