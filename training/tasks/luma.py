"""Colours from luma alone."""

from keras import ops

from zoo.codecs.colorizer import SPACES
from zoo.color_bins import nearest_bin, soft_encode


class LumaTask:
    """Colours from luma alone (Champati, Houle and Zhang).

    Args:
        space: "lab", "yuv" or "rgb", as in `zoo.models.champati`.
        bins: colours `(Q, 2)` of the bins, for classification.
        weights: of the bins, `(Q,)`; None for equal ones.
        soft: whether labels are soft, as in Zhang, Isola and Efros 2016; one-hot otherwise.
    """

    def __init__(self, space, bins=None, weights=None, soft=False):
        self.space = space
        self.bins = bins
        self.weights = weights
        self.soft = soft

    def inputs(self, rgb):
        """`{"luma": (B, H, W, 1)}` of a symbolic batch `(B, H, W, 3)` of uint8 sRGB."""
        return {"luma": SPACES[self.space].from_rgb(rgb)[..., :1]}

    def squared_error(self, rgb, joined):
        """Equation 1: squared distance of each pixel, summed over channels, averaged over pixels; of each image."""
        return ops.mean(ops.sum(ops.square(self._error(rgb, joined)), axis=-1), axis=(1, 2))

    def absolute_error(self, rgb, joined):
        """Absolute error of each pixel, summed over channels, averaged over pixels; of each image. Ours.

        What is least is the median of the colours that may be, not their mean: less vivid, and nearer to the truth as
        threshold accuracy counts it.
        """
        return ops.mean(ops.sum(ops.abs(self._error(rgb, joined)), axis=-1), axis=(1, 2))

    def _error(self, rgb, joined):
        original = ops.cast(rgb, "float32") if self.space == "rgb" else SPACES[self.space].from_rgb(rgb)
        return original - joined

    def cross_entropy(self, rgb, logits):
        """Equations 2 and 3, averaged over pixels, of each image."""
        chroma = SPACES[self.space].from_rgb(rgb)[..., 1:]
        labels = nearest_bin(chroma, self.bins)
        truth = soft_encode(chroma, self.bins) if self.soft else ops.one_hot(labels, len(self.bins))
        entropy = -ops.sum(truth * ops.log_softmax(logits, axis=-1), axis=-1)
        if self.weights is not None:
            entropy = entropy * ops.take(self.weights, labels)
        return ops.mean(entropy, axis=(1, 2))
