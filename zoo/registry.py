"""All models of the zoo: `python -m zoo` prints this list with parameters and multiply-accumulates."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from zoo.models.adaptive_autoencoder import FLOAT32 as ADAPTIVE_FLOAT32
from zoo.models.adaptive_autoencoder import adaptive_autoencoder
from zoo.models.champati import FLOAT32 as CHAMPATI_FLOAT32
from zoo.models.champati import champati_baseline, champati_classification, champati_features, champati_regression
from zoo.models.crayon import FLOAT32 as CRAYON_FLOAT32
from zoo.models.crayon import crayon
from zoo.models.crayon_edge import crayon_edge, crayon_edge_m
from zoo.models.nwala import color_autoencoder
from zoo.models.xiaonet import FLOAT32 as XIAONET_FLOAT32
from zoo.models.xiaonet import xiaonet
from zoo.weights import card, find, names


@dataclass(frozen=True)
class Entry:
    """A model of the zoo.

    Attributes:
        build: its builder.
        input_size: the image size at which its cost is counted.
        source: where it was published.
        arguments: names of the builder's arguments that its weights are for, which cards of weights hold.
        float32: names of its layers that stay float32 where the others are int8.
    """

    build: Callable[..., keras.Model]
    input_size: tuple[int, int]
    source: str
    arguments: tuple[str, ...] = ("width",)
    float32: tuple[str, ...] = ()


CHAMPATI = "Champati, Houle and Zhang"
MODELS = {
    "crayon": Entry(crayon, (320, 320), "arXiv 2502.05402", float32=CRAYON_FLOAT32),
    "xiaonet": Entry(xiaonet, (320, 320), "Xiao et al.", float32=XIAONET_FLOAT32),
    "crayon_edge": Entry(crayon_edge, (320, 320), "ours"),
    "crayon_edge_m": Entry(crayon_edge_m, (320, 320), "ours"),
    "color_autoencoder": Entry(color_autoencoder, (32, 32), "Nwala", ("width", "latent")),
    "adaptive_autoencoder": Entry(adaptive_autoencoder, (32, 32), "ours", ("width", "latent"), ADAPTIVE_FLOAT32),
    "champati_baseline": Entry(champati_baseline, (32, 32), CHAMPATI, ("color_space", "width"), CHAMPATI_FLOAT32),
    "champati_regression": Entry(
        champati_regression, (32, 32), CHAMPATI, ("color_space", "vgg", "width"), CHAMPATI_FLOAT32
    ),
    "champati_classification": Entry(
        champati_classification,
        (32, 32),
        CHAMPATI,
        ("color_space", "bins", "lattice", "temperature", "vgg", "width"),
        CHAMPATI_FLOAT32,
    ),
    "champati_features": Entry(champati_features, (32, 32), CHAMPATI),
}


def list_models():
    """Names of all models, each a builder in `zoo`."""
    return list(MODELS)


def pretrained(weights, **options):
    """A model of the zoo with its weights, built as they need it.

    Args:
        weights: their name, or that of a model, which stands for its first weights: see `zoo.weights.names`.
        options: more arguments of the builder, such as `input_size`.

    Raises:
        ValueError: unknown or damaged weights.
    """
    name = find(weights)
    if name is None:
        raise ValueError(f"`weights` must be one of {names()}. Received: weights={weights!r}")
    described = card(name)
    return MODELS[described["model"]].build(**described["arguments"], **options, weights=name)


def float32_layers(model):
    """Names of the layers of a model that stay float32 where the others are int8.

    A model of another name may be one of the zoo's that was named otherwise: what any of them says counts.
    """
    entries = [MODELS[model.name]] if model.name in MODELS else MODELS.values()
    return tuple(sorted({name for entry in entries for name in entry.float32}))


def macs(model):
    """Multiply-accumulates of one image through a model of static size; its matrix products alone."""
    return sum(macs(layer) if isinstance(layer, keras.Model) else _layer_macs(layer) for layer in model.layers)


def _layer_macs(layer):
    if not isinstance(layer, layers.Conv2D | layers.Conv2DTranspose | layers.Dense):
        return 0
    # A kernel is applied at every output position, or, transposed, at every input position.
    applied = layer.input if isinstance(layer, layers.Conv2DTranspose) else layer.output
    return int(np.prod(layer.kernel.shape)) * int(np.prod(applied.shape[1:-1]))
