"""The classifier that judges guessed colours."""

import numpy as np

from zoo.codecs.base import Codec, named
from zoo.codecs.grid import input_names

GUARDED = 32  # side of the images by which changed weights are found out


class Classifier(Codec):
    """A Keras model from colour images to logits of classes: `zoo.champati_features`."""

    # It stands beside the colorizers that it judges.
    family, what = "classifier", "colorizers"

    @staticmethod
    def takes(model):
        """Whether a model makes one number for each class of colour images."""
        return input_names(model) == ["rgb"] and len(model.outputs) == 1 and model.outputs[0].ndim == 2

    def logits(self, images):
        """Logits `(N, classes)` of uint8 sRGB `(N, H, W, 3)`."""
        return named(self.model.predict({"rgb": images.astype("float32")}, batch_size=500, verbose=0), "classes")

    def guard(self, images, quality):
        """The `logits` of photographs of one size, reduced to 32x32."""
        side = images[0].shape[0] // GUARDED
        small = np.stack(images).reshape(len(images), GUARDED, side, GUARDED, side, 3).mean((2, 4)).astype("float32")
        logits = named(self.model.predict({"rgb": small}, verbose=0), "classes")
        return {"logits": [[round(float(logit), 3) for logit in row] for row in logits]}
