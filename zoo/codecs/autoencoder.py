"""Images of any size through the two halves of an auto-encoder that has no bits of its own: `zoo.color_autoencoder`."""

import numpy as np
from keras import ops

from zoo.codecs.base import Codec
from zoo.images import chunks, to_uint8
from zoo.models.nwala import whole_blocks


class AutoencoderCodec(Codec):
    """Images to floats and back. Images are extended to whole blocks of 8 by repeating their edge, and cut again."""

    family, what = "autoencoder", "auto-encoders"
    levels = (None,)  # of quality

    @staticmethod
    def takes(model):
        """Whether a model has the parts of an auto-encoder."""
        return {"encoder", "decoder"} <= {layer.name for layer in model.layers}

    def encoded(self, images):
        """The latents, float32 `(h, w, C)` each, of uint8 images of any size."""
        return _through(self.model.get_layer("encoder"), "rgb", images, "latent")

    def decoded(self, latents, images):
        """What latents are decoded to, as uint8 of the sizes of these images."""
        return _cropped(_through(self.model.get_layer("decoder"), "latent", latents, "rgb"), images)

    def samples(self, images):
        """See `Codec`; at the usual level."""
        return [rgb for rgb, _ in self.round_trip(images)]

    def round_trip(self, images, level=None):
        """Each image decoded, and what it cost: nothing that could be stated."""
        return [(rgb, {}) for rgb in _cropped(_through(self.model, "rgb", images, "rgb"), images)]


def _cropped(whole, images):
    """What was decoded in whole blocks, as uint8 of the images' own sizes."""
    return [to_uint8(x[: rgb.shape[0], : rgb.shape[1]]) for x, rgb in zip(whole, images, strict=True)]


def _through(network, name, images, made):
    """What a network makes of latents of any size, or of images, that are extended to whole blocks."""

    def batch(part):
        part = whole_blocks(part) if name == "rgb" else part
        return ops.convert_to_numpy(network({name: part.astype(np.float32)}, training=False)[made])

    return by_size(images, batch)


def by_size(images, function):
    """What a function of batches of one size makes of images, in their order."""
    found = [None] * len(images)
    for shape in {image.shape for image in images}:
        places = np.array([i for i, image in enumerate(images) if image.shape == shape])
        for (part,) in chunks(places):
            for i, one in zip(part, function(np.stack([images[i] for i in part])), strict=True):
                found[i] = one
    return found
