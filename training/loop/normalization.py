"""Batch normalisation in one operation, where TensorFlow trains: Keras makes some ten of it, all in float32."""

import keras
from keras import layers


def with_fused_normalization(network):
    """The same network, with weights of its own and `FusedBatchNormalization` in the place of Keras's.

    With another backend, or without batch normalisation, the network itself.
    """
    if keras.backend.backend() != "tensorflow" or not any(map(_replaced, network.layers)):
        return network
    clone = keras.models.clone_model(network, clone_function=_clone)
    clone.set_weights(network.get_weights())
    return clone


class FusedBatchNormalization(layers.BatchNormalization):
    """As of Keras, of images `(B, H, W, C)`: in training one operation, which reads and writes the dtype of its input.

    Mean and variance are computed in float32 all the same; moving variances are of the unbiased estimate.
    """

    def call(self, inputs, training=None, mask=None):
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(inputs, self.gamma, self.beta, epsilon=self.epsilon)
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1 - self.momentum))
        return outputs


def _replaced(layer):
    """Whether it normalises the last of four axes, each batch by its own statistics."""
    of_images = type(layer) is layers.BatchNormalization and layer.input_spec.ndim == 4
    return of_images and layer.axis in (-1, 3) and not layer.renorm


def _clone(layer):
    cls = FusedBatchNormalization if _replaced(layer) else type(layer)
    return cls.from_config(layer.get_config())
