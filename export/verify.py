"""An exported decoder is loaded again from its file and compared with Keras; nothing else is trusted."""

import re

import numpy as np

from export.arithmetic import int8_share
from export.runtime import open_decoder
from export.targets.tflite import of_layers
from training.command import CommandError
from training.metrics.images import psnr

# What must not be in a decoder for a device: select-TF ops, padding around dilated convolutions, power functions.
FORBIDDEN = re.compile(r"Flex|CUSTOM|SPACE_TO_BATCH|BATCH_TO_SPACE|POW")
# The least PSNR in dB, over all images, between what a decoder and Keras make of the same input.
LEAST_FIDELITY = {"float32": 60, "float16": 45, "dynamic": 36, "int8": 30}
# The least share of int8 arithmetic in a file that is called int8, which covers some kinds of layers alone: a model of
# others would stay float32. What is float32 on purpose does not count, an eighth of the adaptive encoder. Of the
# shipped weights the edge decoder at n = 100 has the least, 0.975, since its attention is float32; that costs the same
# at any width, so that a network of a quarter of the width has 0.77 at n = 20.
LEAST_INT8 = 0.7


def verify(path, precision, inputs, keras_outputs, originals=None, signature=None, float32=()):
    """Runs an exported decoder on real photographs and compares it with Keras.

    Args:
        path: of the .tflite file or SavedModel.
        precision: as in `export.targets.tflite.convert`.
        inputs: dicts of arrays, one for each image.
        keras_outputs: what the float Keras decoder makes of them, uint8 `(H, W, 3)`.
        originals: the photographs, uint8 `(H, W, 3)`; None for an encoder, whose output is no image.
        signature: of a SavedModel; the first one if not given.
        float32: names of the layers that are float32 on purpose.

    Returns:
        Dict of `psnr` and `keras_psnr` against the originals, `psnr_loss` between them, and `fidelity`, the PSNR
        between the two decoders; all in dB. Of an encoder `fidelity` alone. For `int8` also `int8_share`, that of the
        multiply-accumulates; for `dynamic` that of those with int8 weights.

    Raises:
        CommandError: a forbidden operator, another type than uint8, a share of int8 below `LEAST_INT8`, or a fidelity
            below `LEAST_FIDELITY`.
    """
    decoder = open_decoder(path, signature=signature)
    forbidden = [name for name in decoder.operators if FORBIDDEN.search(name)]
    if forbidden:
        raise CommandError(
            f"nothing exported: {path.name} holds {', '.join(forbidden)}, which devices run badly or not at all"
        )
    if set(decoder.types.values()) != {"uint8"}:
        raise CommandError(f"nothing exported: {path.name} does not take and give uint8 alone: {decoder.types}")
    shares = {} if path.is_dir() else _int8_shares(path, precision, float32)
    outputs = [decoder(tensors)[0] for tensors in inputs]
    measured = {"fidelity": psnr(np.concatenate(keras_outputs), np.concatenate(outputs)), **shares}
    if measured["fidelity"] < LEAST_FIDELITY[precision]:
        raise CommandError(
            f"nothing exported: {path.name} agrees with Keras to {measured['fidelity']:.1f} dB only, "
            f"less than the {LEAST_FIDELITY[precision]} dB that {precision} must reach"
        )
    if originals is None:
        return measured
    own, theirs = _mean_psnr(originals, outputs), _mean_psnr(originals, keras_outputs)
    return {"psnr": own, "keras_psnr": theirs, **measured, "psnr_loss": theirs - own}


def _int8_shares(path, precision, float32):
    """`int8_share` of a TFLite file, where its precision promises any. CommandError if `int8` has too little of it."""
    if precision not in ("int8", "dynamic"):
        return {}
    if precision == "int8":
        counted = int8_share(path, without=of_layers(float32))
        if counted < LEAST_INT8:
            raise CommandError(
                f"nothing exported: {path.name} does {counted:.0%} of its arithmetic in int8, less than the "
                f"{LEAST_INT8:.0%} that int8 must reach: too much of it is in other layers than int8 covers, leave "
                "int8 out of --quantize"
            )
    return {"int8_share": int8_share(path, hybrid=precision == "dynamic")}


def _mean_psnr(originals, decoded):
    return float(np.mean([psnr(*pair) for pair in zip(originals, decoded, strict=True)]))
