"""Model builders in pure Keras 3: image colorizers and colour codecs. `python -m zoo` lists them."""

from zoo.codecs.colorizer import colorize
from zoo.models.adaptive_autoencoder import adaptive_autoencoder
from zoo.models.champati import champati_baseline, champati_classification, champati_features, champati_regression
from zoo.models.crayon import crayon
from zoo.models.crayon_edge import crayon_edge, crayon_edge_m
from zoo.models.nwala import color_autoencoder
from zoo.registry import pretrained

__all__ = [
    "adaptive_autoencoder",
    "champati_baseline",
    "champati_classification",
    "champati_features",
    "champati_regression",
    "color_autoencoder",
    "colorize",
    "crayon",
    "crayon_edge",
    "crayon_edge_m",
    "pretrained",
]
