"""Muon for networks of convolutions."""

import re

import keras
from keras import ops


class ConvolutionMuon(keras.optimizers.Muon):
    """Keras's Muon, which leaves all but matrices to AdamW, with kernels of convolutions as matrices.

    A kernel `(h, w, inputs, outputs)` counts as `(h * w * inputs, outputs)`, as Muon's author has it
    (https://kellerjordan.github.io/posts/muon: "flattening their last three dimensions"). Gradients are made orthogonal
    in the type in which layers compute. There is no weight decay.

    Args:
        exclude_layers: regular expressions for paths of kernels that AdamW trains, such as those of the first and the
            last layers.
        options: others of Keras's.
    """

    def __init__(self, learning_rate, exclude_layers, **options):
        super().__init__(
            learning_rate, weight_decay=None, adam_weight_decay=None, exclude_layers=exclude_layers, **options
        )
        self.compute_dtype = keras.config.dtype_policy().compute_dtype

    def _should_use_adamw(self, variable):
        return len(variable.shape) != 4 or any(re.search(layer, variable.path) for layer in self.exclude_layers)

    def zeropower_via_newtonschulz5(self, x, steps):
        """The orthogonal kernel that is nearest to a gradient of one."""
        matrix = ops.reshape(x, (-1, x.shape[-1]))
        matrix = ops.cast(matrix / (ops.norm(matrix) + 1e-12), self.compute_dtype)
        return ops.reshape(ops.cast(super().zeropower_via_newtonschulz5(matrix, steps), x.dtype), x.shape)

    def lr_adjust(self, x):
        """The update of a kernel, as large as that of its matrix."""
        return ops.reshape(super().lr_adjust(ops.reshape(x, (-1, x.shape[-1]))), x.shape)
