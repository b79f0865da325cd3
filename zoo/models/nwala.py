"""The auto-encoder of Nwala, "Adaptive Color Quantization for Efficient Image Compression Using Convolutional
Autoencoders" (CIFAR-100).

It holds two models of its own, `model.get_layer("encoder")` and `model.get_layer("decoder")`.
"""

import keras
import numpy as np
from keras import layers

from zoo.settings import pinned
from zoo.weights import with_weights

STRIDE = 8  # pixels of an image for a position of the latent, each way


@pinned
def color_autoencoder(input_size=(None, None), width=64, latent=None, weights=None, name="color_autoencoder"):
    """The auto-encoder of the paper: three strided convolutions and three transposed ones.

    64, 128 and 256 filters, and 256, 128 and 64. The paper gives neither kernels nor strides nor the latent's size:
    3x3 and 2, as is usual, so that a CIFAR image becomes 4x4x256 floats. Those are 4,096 numbers for 3,072 bytes: as
    published this is no compression. `latent` puts a bottleneck there.

    Args:
        input_size: `(height, width)`, multiples of 8, None for any.
        width: filters of the first convolution, 64 in the paper.
        latent: channels of a bottleneck, two 1x1 convolutions, linear; None for none, as in the paper.
        weights: None for new ones, the name of weights of the zoo, or a .npz file.
        name: name of the model.

    Returns:
        A functional model from `{"rgb": (batch, H, W, 3)}`, 0 to 255, to the same. `encoder` gives `{"latent": (batch,
        H/8, W/8, C)}`, `decoder` takes it.

    Raises:
        ValueError: a width or latent below 1; see `zoo.weights` for weights.

    Weights `color_autoencoder-cifar100`, of results/autoencoder-cifar100-all.json:

        latent in  float32  8 bits  4 bits
        psnr         39.60   39.53   33.14

    Example:

        model = zoo.color_autoencoder(weights="color_autoencoder-cifar100")
        decoded = model.predict({"rgb": np.full((1, 32, 32, 3), 99.0)})["rgb"]
    """
    check_widths(width, 1 if latent is None else latent)
    rgb = keras.Input((*input_size, 3), name="rgb")
    x = down(layers.Rescaling(1 / 255, name="scale")(rgb), width, "relu")
    if latent:
        x = layers.Conv2D(latent, 1, name="bottleneck")(x)
    encoder = keras.Model({"rgb": rgb}, {"latent": x}, name="encoder")

    latent_input = keras.Input(x.shape[1:], name="latent")
    x = layers.Conv2D(4 * width, 1, name="widen")(latent_input) if latent else latent_input
    x = layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="planes")(up(x, width, "relu"))
    decoded = layers.Rescaling(255, dtype="float32", name="rgb")(x)
    decoder = keras.Model({"latent": latent_input}, {"rgb": decoded}, name="decoder")
    return with_weights(keras.Model({"rgb": rgb}, decoder(encoder({"rgb": rgb})), name=name), weights)


def whole_blocks(images):
    """Images `(N, H, W, C)`, extended to whole blocks of 8 by repeating their edge."""
    margin = [(0, -side % STRIDE) for side in images.shape[1:3]]
    return np.pad(images, [(0, 0), *margin, (0, 0)], mode="edge")


def down(x, width, activation):
    """Three strided convolutions."""
    for number, filters in enumerate((width, 2 * width, 4 * width), 1):
        x = layers.Conv2D(filters, 3, 2, padding="same", activation=activation, name=f"down{number}")(x)
    return x


def up(x, width, activation):
    """Three transposed convolutions."""
    for number, filters in enumerate((4 * width, 2 * width, width), 1):
        x = layers.Conv2DTranspose(filters, 3, 2, padding="same", activation=activation, name=f"up{number}")(x)
    return x


def check_widths(width, latent):
    """ValueError for a width or a latent below 1."""
    if min(width, latent) < 1:
        raise ValueError(f"`width` and `latent` must be at least 1. Received: width={width}, latent={latent}")
