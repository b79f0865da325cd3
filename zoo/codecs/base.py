"""What all codecs are: a model, and what it is for."""


def named(outputs, name):
    """An output of a model by its name; a model of an old file may have a single one, without a name."""
    return outputs[name] if isinstance(outputs, dict) else outputs


class Codec:
    """A model that photographs go through.

    Attributes:
        family: by which evaluation and export know what to do: "grid", "autoencoder", "colorizer" or "classifier".
        what: the family in words.
        model: the Keras model.
        settings: of the recipe that it was trained by; empty where that is not known.
    """

    family = what = ""

    def __init__(self, model, settings=None):
        self.model = model
        self.settings = settings or {}

    def samples(self, images):
        """What is left of photographs, uint8 sRGB `(H, W, 3)` each, that go through the codec as is usual."""
        raise NotImplementedError

    def guard(self, images, quality):
        """Figures by which changed weights are found out: the mean of `quality(original, decoded)`, such as PSNR."""
        pairs = list(zip(images, self.samples(images), strict=True))
        return {"psnr": round(sum(quality(*pair) for pair in pairs) / len(pairs), 3)}
