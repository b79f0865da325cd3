"""Layers that draw at random in training."""

import keras
from keras import ops


class UniformNoise(keras.layers.Layer):
    """Adds noise of -0.5 to 0.5 in training; rounds otherwise."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(0)

    def call(self, x, training=False):
        if not training:
            return ops.round(x)
        return x + keras.random.uniform(ops.shape(x), -0.5, 0.5, seed=self.seed_generator)


class RandomInteger(keras.layers.Layer):
    """A whole number `(B,)` for each image of a batch: random in training, `turn` by turn otherwise.

    Args:
        low, high: the range, both included.
        turn: the numbers to take otherwise.
    """

    def __init__(self, low, high, turn, **kwargs):
        super().__init__(**kwargs)
        self.low = low
        self.high = high
        self.turn = turn
        self.seed_generator = keras.random.SeedGenerator(0)

    def call(self, rgb, training=False):
        count = ops.shape(rgb)[0]
        if training:
            return keras.random.randint((count,), self.low, self.high + 1, seed=self.seed_generator)
        return ops.take(ops.convert_to_tensor(self.turn, "int32"), ops.arange(count) % len(self.turn))

    def compute_output_spec(self, rgb, training=False):
        return keras.KerasTensor((rgb.shape[0],), "int32")
