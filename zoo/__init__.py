"""Model builders in pure Keras 3: image colorizers and colour codecs. `python -m zoo` lists them."""

from zoo.crayon import crayon
from zoo.crayon_edge import crayon_edge, crayon_edge_m

__all__ = ["crayon", "crayon_edge", "crayon_edge_m"]
