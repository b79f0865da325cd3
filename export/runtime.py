"""Runs an exported decoder from its file. Imports neither Keras nor, but for a SavedModel, TensorFlow."""

from export.targets import SAVED_MODEL, TARGETS
from training.command import median_time


def open_decoder(path, threads=2, signature=None):
    """The decoder in a file or, of the first signature if none is named, in a SavedModel folder.

    `decoder({"luma": ..., "grid": ...})` gives its one output, `rgb`; `shapes` and `types` are those of its inputs and
    outputs by name, `operators` the sorted names of its operators; none of a SavedModel.
    """
    known = {target.suffix: target for target in (*TARGETS.values(), SAVED_MODEL)}
    return known[SAVED_MODEL.suffix if path.is_dir() else path.suffix].open(path, threads, signature)


def median_latency(decoder, inputs, repeats):
    """Median time of a decoder in ms, after a first call that allocates."""
    return 1000 * median_time(lambda: decoder(inputs), repeats, warm_up=1)
