"""Model builders in pure Keras 3: image colorizers and colour codecs. `python -m zoo` lists them."""

from zoo.crayon import crayon

__all__ = ["crayon"]
