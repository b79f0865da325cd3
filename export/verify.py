"""An exported decoder is loaded again from its file and compared with Keras; nothing else is trusted."""

import re

import numpy as np

from export.runtime import open_decoder
from training.command import CommandError
from training.metrics.images import psnr

# What must not be in a decoder for a device: select-TF ops, padding around dilated convolutions, power functions.
FORBIDDEN = re.compile(r"Flex|CUSTOM|SPACE_TO_BATCH|BATCH_TO_SPACE|POW")


def verify(path, target, source, inputs, keras_outputs, originals=None):
    """Runs an exported decoder on real photographs and compares it with Keras.

    Args:
        path: of the file or SavedModel.
        target: what kind of file it is, a `Target`.
        source: the `Source` that it was made from.
        inputs: dicts of arrays, one for each image.
        keras_outputs: what the float Keras decoder makes of them, uint8 `(H, W, 3)`.
        originals: the photographs, uint8 `(H, W, 3)`; None for an encoder, whose output is no image.

    Returns:
        Dict of `psnr` and `keras_psnr` against the originals, `psnr_loss` between them, and `fidelity`, the PSNR
        between the two decoders; all in dB. Of an encoder `fidelity` alone. And what the target has measured besides.

    Raises:
        CommandError: a forbidden operator, another type than uint8, too little fidelity, or what the target refuses.
    """
    decoder = open_decoder(path, signature=source.signature)
    forbidden = [name for name in decoder.operators if FORBIDDEN.search(name)]
    if forbidden:
        raise CommandError(
            f"nothing exported: {path.name} holds {', '.join(forbidden)}, which devices run badly or not at all"
        )
    if set(decoder.types.values()) != {"uint8"}:
        raise CommandError(f"nothing exported: {path.name} does not take and give uint8 alone: {decoder.types}")
    more = target.measured(path, source)
    outputs = [decoder(tensors)[0] for tensors in inputs]
    measured = {"fidelity": psnr(np.concatenate(keras_outputs), np.concatenate(outputs)), **more}
    if measured["fidelity"] < target.least_fidelity:
        raise CommandError(
            f"nothing exported: {path.name} agrees with Keras to {measured['fidelity']:.1f} dB only, "
            f"less than the {target.least_fidelity} dB that {target.precision} must reach"
        )
    if originals is None:
        return measured
    own, theirs = _mean_psnr(originals, outputs), _mean_psnr(originals, keras_outputs)
    return {"psnr": own, "keras_psnr": theirs, **measured, "psnr_loss": theirs - own}


def _mean_psnr(originals, decoded):
    return float(np.mean([psnr(*pair) for pair in zip(originals, decoded, strict=True)]))
