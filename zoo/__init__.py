"""Model builders in pure Keras 3: image colorizers and colour codecs. `python -m zoo` lists them."""

from zoo.champati import champati_baseline, champati_classification, champati_features, champati_regression
from zoo.color_autoencoder import adaptive_autoencoder, color_autoencoder
from zoo.colorize import colorize
from zoo.crayon import crayon
from zoo.crayon_edge import crayon_edge, crayon_edge_m
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
