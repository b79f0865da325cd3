"""Layers that are made once and found again by their names, so that one model can have those of another."""

import keras
from keras import layers


class NamedLayers:
    """Layers by name, the same one each time a name is asked for: another model's, or new ones of `width` at half size.

    ValueError for a name that the other model lacks: a new layer among trained ones would give wrong colours. What has
    no weights is new all the same.
    """

    def __init__(self, width, share=None):
        if width < 1:
            raise ValueError(f"`width` must be at least 1. Received: width={width}")
        self.width = width
        self._shared = share
        self._layers = {} if share is None else {layer.name: layer for layer in share.layers if layer.weights}

    def filters(self, level):
        """Channels of a level of encoder and decoder; 1 is half size."""
        return self.width * min(2 ** (level - 1), 4)

    def conv(self, name, filters, kernel=3, strides=1, activation="relu", gain=1.0):
        def made():
            initializer = keras.initializers.VarianceScaling(gain, "fan_avg", "uniform")
            options = {"activation": activation, "kernel_initializer": initializer, "name": name}
            return layers.Conv2D(filters, kernel, strides, "same", **options)

        return self._known(name, made)

    def conv_transpose(self, name, filters):
        return self._known(name, lambda: layers.Conv2DTranspose(filters, 2, 2, "same", name=name))

    def residual(self, x, block, name, gain=1.0):
        filters = x.shape[-1]
        y = self.conv(f"{block}b", filters, activation=None, gain=gain)(self.conv(f"{block}a", filters)(x))
        return self.join(layers.Add, name, [x, y])

    def join(self, kind, name, parts):
        """What `Add` or `Concatenate` makes of parts."""
        return self._layers.setdefault(name, kind(name=name))(parts)

    def _known(self, name, made):
        if name not in self._layers:
            if self._shared is not None:
                raise ValueError(
                    f"`model` lacks the layer {name}, that cells of this size need: build it for a larger `n`. "
                    f"Received: model={self._shared.name}"
                )
            self._layers[name] = made()
        return self._layers[name]
