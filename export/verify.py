"""An exported decoder is loaded again from its file and compared with Keras; nothing else is trusted."""

import re

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from training.metrics import psnr

# What must not be in a decoder for a device: select-TF ops, padding around dilated convolutions, power functions.
FORBIDDEN = re.compile(r"Flex|CUSTOM|SPACE_TO_BATCH|BATCH_TO_SPACE|POW")
# The least PSNR in dB, over all images, between what a decoder and Keras make of the same input.
LEAST_FIDELITY = {"float32": 60, "float16": 45, "dynamic": 36, "int8": 30}


class ExportError(Exception):
    """An exported file that does not do what the Keras model does."""


class Decoder:
    """A TFLite decoder from its file: `decoder({"luma": ..., "grid": ...})` gives `rgb`.

    Runs on the default delegate, as an application would.
    """

    def __init__(self, path, threads=2):
        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._run = self._interpreter.get_signature_runner("decode")

    def __call__(self, inputs):
        return self._run(**inputs)["rgb"]

    def operators(self):
        """Names of the operators in the file, sorted."""
        names = {operator["op_name"] for operator in self._interpreter._get_ops_details()}
        return sorted(names - {"DELEGATE"})

    def shapes(self):
        """Name and shape of each input."""
        return {name: tuple(detail["shape"]) for name, detail in self._run.get_input_details().items()}

    def types(self):
        """Name and dtype of each input and output."""
        details = self._run.get_input_details() | self._run.get_output_details()
        return {name: np.dtype(detail["dtype"]).name for name, detail in details.items()}


def verify(path, precision, inputs, keras_outputs, originals):
    """Runs a TFLite file on real photographs and compares it with Keras.

    Args:
        path: of the file.
        precision: as in `export.tflite.convert`.
        inputs: dicts of arrays, one for each image.
        keras_outputs: what the float Keras decoder makes of them, uint8 `(H, W, 3)`.
        originals: the photographs, uint8 `(H, W, 3)`.

    Returns:
        Dict of `psnr` and `keras_psnr` against the originals, `psnr_loss` between them, and `fidelity`, the PSNR
        between the two decoders; all in dB.

    Raises:
        ExportError: a forbidden operator, another type than uint8, or a fidelity below `LEAST_FIDELITY`.
    """
    decoder = Decoder(path)
    forbidden = [name for name in decoder.operators() if FORBIDDEN.search(name)]
    if forbidden:
        raise ExportError(f"{path.name} holds {', '.join(forbidden)}, which devices run badly or not at all")
    if set(decoder.types().values()) != {"uint8"}:
        raise ExportError(f"{path.name} does not take and give uint8 alone: {decoder.types()}")
    outputs = [decoder(tensors)[0] for tensors in inputs]
    measured = {
        "psnr": _mean_psnr(originals, outputs),
        "keras_psnr": _mean_psnr(originals, keras_outputs),
        "fidelity": psnr(np.concatenate(keras_outputs), np.concatenate(outputs)),
    }
    if measured["fidelity"] < LEAST_FIDELITY[precision]:
        raise ExportError(
            f"{path.name} agrees with Keras to {measured['fidelity']:.1f} dB only, "
            f"less than the {LEAST_FIDELITY[precision]} dB that {precision} must reach"
        )
    return {**measured, "psnr_loss": measured["keras_psnr"] - measured["psnr"]}


def _mean_psnr(originals, decoded):
    return float(np.mean([psnr(*pair) for pair in zip(originals, decoded, strict=True)]))
