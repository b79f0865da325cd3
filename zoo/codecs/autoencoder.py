"""Images of any size through the two halves of an auto-encoder."""

import numpy as np
from keras import ops

from zoo.images import chunks, to_uint8
from zoo.models.nwala import whole_blocks


def is_autoencoder(model):
    """Whether a model has the parts of an auto-encoder."""
    return {"encoder", "decoder"} <= {layer.name for layer in model.layers}


def is_adaptive(model):
    """Whether an auto-encoder has levels of quality and bits of its own."""
    return is_autoencoder(model) and "entropy" in {layer.name for layer in model.layers}


def encoded(model, images):
    """The latents of images of any size, that are extended to whole blocks."""
    return _through(model.get_layer("encoder"), "rgb", images, "latent")


def reconstructed(model, images):
    """What an auto-encoder without levels makes of images of any size."""
    return _cropped(_through(model, "rgb", images, "rgb"), images)


def _cropped(whole, images):
    """What was decoded in whole blocks, as uint8 of the images' own sizes."""
    return [to_uint8(x[: rgb.shape[0], : rgb.shape[1]]) for x, rgb in zip(whole, images, strict=True)]


def _through(network, name, images, made):
    """What a network makes of latents of any size, or of images, that are extended to whole blocks."""

    def batch(part):
        part = whole_blocks(part) if name == "rgb" else part
        return ops.convert_to_numpy(network({name: part.astype(np.float32)}, training=False)[made])

    return _by_size(images, batch)


def _by_size(images, function):
    """What a function of batches of one size makes of images, in their order."""
    found = [None] * len(images)
    for shape in {image.shape for image in images}:
        places = np.array([i for i, image in enumerate(images) if image.shape == shape])
        for (part,) in chunks(places):
            for i, one in zip(part, function(np.stack([images[i] for i in part])), strict=True):
                found[i] = one
    return found
