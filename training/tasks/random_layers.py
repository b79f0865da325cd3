"""Layers that draw at random in training."""

import keras
from keras import ops

from zoo.color_grid import point_mask


class _Random(keras.layers.Layer):
    """A layer whose random numbers go on where they were, when its weights are saved and loaded: Keras begins again."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(0)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["seed"] = ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store):
        if "seed" in store.keys():  # noqa: SIM118, which is no dict; states of older runs have none
            self.seed_generator.state.assign(store["seed"])


class UniformNoise(_Random):
    """Adds noise of -0.5 to 0.5 in training; rounds otherwise."""

    def call(self, x, training=False):
        if not training:
            return ops.round(x)
        return x + keras.random.uniform(ops.shape(x), -0.5, 0.5, dtype=x.dtype, seed=self.seed_generator)


class RandomInteger(_Random):
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

    def call(self, rgb, training=False):
        count = ops.shape(rgb)[0]
        if training:
            return keras.random.randint((count,), self.low, self.high + 1, seed=self.seed_generator)
        return ops.take(ops.convert_to_tensor(self.turn, "int32"), ops.arange(count) % len(self.turn))

    def compute_output_spec(self, rgb, training=False):
        return keras.KerasTensor((rgb.shape[0],), "int32")


class RandomStep(_Random):
    """A step `(B, 1, 1, 1)` for each image of a batch: random in training, log-uniform; the middle one otherwise.

    Args:
        low, high: the range.
    """

    def __init__(self, low, high, **kwargs):
        super().__init__(**kwargs)
        self.low = low
        self.high = high

    def call(self, rgb, training=False):
        shape = (ops.shape(rgb)[0], 1, 1, 1)
        share = keras.random.uniform(shape, seed=self.seed_generator) if training else ops.full(shape, 0.5)
        return self.low * (self.high / self.low) ** share

    def compute_output_spec(self, rgb, training=False):
        return keras.KerasTensor((rgb.shape[0], 1, 1, 1), "float32")


class RandomPoints(_Random):
    """A mask `(B, H, W, 1)` of the pixels of `(B, H, W, C)` whose colour is known, of another step for each image.

    In training steps are random, log-uniform, at most a third of a side, for from fewer points there is little to
    learn; those of a batch are spread evenly over that range, which takes noise from the gradients. A share of the
    images has as many points scattered about. Otherwise it is a grid, of steps turn by turn.

    Args:
        low, high: the range of steps, both included.
        turn: the steps to take otherwise.
        scattered: the share.
    """

    def __init__(self, low, high, turn, scattered=0.0, **kwargs):
        super().__init__(**kwargs)
        self.low = low
        self.high = high
        self.turn = turn
        self.scattered = scattered

    def call(self, rgb, training=False):
        count, height, width = ops.shape(rgb)[:3]
        if not training:
            turn = ops.take(ops.convert_to_tensor(self.turn, "int32"), ops.arange(count) % len(self.turn))
            return point_mask(height, width, ops.reshape(turn, (-1, 1, 1, 1)))
        high = ops.maximum(self.low, ops.minimum(self.high, ops.minimum(height, width) // 3))
        reach = ops.log(ops.cast(high + 1, "float32") / self.low)
        place = ops.reshape(ops.cast(ops.arange(count), "float32"), (-1, 1, 1, 1))
        share = (place + self._uniform((count, 1, 1, 1))) / ops.cast(count, "float32")
        steps = self.low * ops.exp(reach * share)
        grid = point_mask(height, width, ops.minimum(ops.cast(steps, "int32"), high))
        points = ops.cast(self._uniform((count, height, width, 1)) < 1 / steps**2, "float32")
        return ops.where(self._uniform((count, 1, 1, 1)) < self.scattered, points, grid)

    def _uniform(self, shape):
        return keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)

    def compute_output_spec(self, rgb, training=False):
        return keras.KerasTensor((*rgb.shape[:3], 1), "float32")
