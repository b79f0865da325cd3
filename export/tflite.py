"""From a Keras decoder to a SavedModel, and from there to TFLite in four precisions."""

import contextlib
import io
import os
import tempfile
import warnings
from pathlib import Path

import keras
import tensorflow as tf

SIGNATURE = "decode"
# Rows of the network that int8 covers. Row 79 joins L* to the colours: it and what follows, the conversion to sRGB,
# stay float32, since 8 bits of XYZ would cost far more than the network's own rounding.
_INT8_ROWS = r"/row(?!79)"


def save_model(decoder, folder):
    """Writes a Keras model as a SavedModel with one signature, `decode`. OSError if that cannot be written."""
    archive = keras.export.ExportArchive()  # without `track`, which would store every weight twice
    signature = [tf.TensorSpec(tensor.shape, tensor.dtype, name) for name, tensor in decoder.input.items()]
    names = list(decoder.input)
    archive.add_endpoint(
        SIGNATURE, lambda *tensors: decoder(dict(zip(names, tensors, strict=True))), input_signature=signature
    )
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        raise OSError(error.message.rsplit("}}", 1)[-1].strip()) from None


def convert(saved_model, precision, calibration=None):
    """TFLite model of a SavedModel, as bytes.

    Args:
        saved_model: folder of the SavedModel.
        precision: `float32`; `float16`: weights; `dynamic`: int8 weights, activations quantised while running;
            `int8`: int8 weights and activations, with ranges from `calibration`, colour conversion in float32.
        calibration: for int8, inputs of the signature, one dict of arrays for each of at least 100 images.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[SIGNATURE])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision in ("float16", "dynamic"):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    flat = converter.convert()
    return _quantize_int8(flat, calibration) if precision == "int8" else flat


def _quantize_int8(flat, calibration):
    from ai_edge_quantizer import qtyping, quantizer

    operation = qtyping.TFLOperationName
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float32.tflite"
        path.write_bytes(flat)
        recipe = quantizer.Quantizer(str(path))
        for name in (
            operation.CONV_2D,
            operation.CONV_2D_TRANSPOSE,
            operation.MAX_POOL_2D,
            operation.CONCATENATION,
            operation.ADD,
        ):
            recipe.add_static_config(_INT8_ROWS, name, activation_num_bits=8, weight_num_bits=8)
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings(action="ignore"):
            ranges = recipe.calibrate({SIGNATURE: calibration}, num_threads=os.cpu_count())
            return bytes(recipe.quantize(ranges, enable_progress_report=False).quantized_model)
