"""From a SavedModel to TFLite in four precisions."""

import contextlib
import io
import os
import re
import tempfile
import warnings
from pathlib import Path

import keras
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

# What int8 covers of a Keras model, and as which operator, but for the layers that the zoo says stay float32. So does
# what is no such layer: the attention of crayon_edge, whose float32 kernels are as fast, what comes after the logits of
# a colorizer, and the conversion to sRGB, where 8 bits of XYZ would cost far more than the network's own rounding.
_INT8 = {
    keras.layers.Conv2D: "CONV_2D",
    keras.layers.Conv2DTranspose: "CONV_2D_TRANSPOSE",
    keras.layers.MaxPooling2D: "MAX_POOL_2D",
    keras.layers.Concatenate: "CONCATENATION",
    keras.layers.Add: "ADD",
}
# What ends a decoder of uint8 in TFLite. XNNPACK runs no cast, but a quantisation of scale 1 is the same.
_OPERATOR = schema.BuiltinOperator
_TO_UINT8 = {_OPERATOR.CAST, _OPERATOR.ROUND, _OPERATOR.RELU, _OPERATOR.MINIMUM, _OPERATOR.MAXIMUM}


def convert(source, precision):
    """TFLite model of a `Source`, as bytes, in a precision of `export.targets.tflite`; `int8` by its calibration."""
    if precision != "int8":
        return _quantized_output(from_saved_model(source.saved_model, source.signature, precision))
    folder, inputs = source.calibration
    flat = calibrated = from_saved_model(source.saved_model, source.signature, "float32")
    if folder != source.saved_model:
        calibrated = from_saved_model(folder, source.signature, "float32")
    patterns = int8_patterns(source.model, source.float32)
    return _quantized_output(_int8(flat, calibrated, {source.signature: inputs}, patterns))


def int8_patterns(model, float32):
    """What int8 covers of a Keras model and the models within it, by the names of its operators in a TFLite file.

    The pattern of all operators of these layers, and that of those which may be products as well. `float32` are names
    of layers that stay float32, see `zoo.registry.float32_layers`.
    """
    found = [layer for layer in _layers(model) if layer.name not in float32]
    # Behind a ReLU they stay products and sums.
    norms = [layer.name for layer in found if isinstance(layer, keras.layers.BatchNormalization)]
    return of_layers([layer.name for layer in found if isinstance(layer, tuple(_INT8))] + norms), of_layers(norms)


def of_layers(names):
    """Pattern of the names of the operators of layers: TensorFlow numbers the calls of one that is called again."""
    return rf"/({'|'.join(map(re.escape, names))})(_\d+)?/" if names else r"(?!)"


def _layers(model):
    for layer in model.layers:
        yield from _layers(layer) if isinstance(layer, keras.Model) else [layer]


def from_saved_model(saved_model, signature, precision):
    """TFLite model of a signature in a folder, as bytes, as TensorFlow makes it: `float32`, `float16` or `dynamic`."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[signature])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision in ("float16", "dynamic"):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def _quantized_output(flat):
    """Replaces the clipping to 0 and 255, rounding and cast at the end of a model by one fast quantisation."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(flat))
    graph = model.subgraphs[0]
    producers = {int(op.outputs[0]): op for op in graph.operators}
    source = output = int(graph.outputs[0])
    if graph.tensors[output].type != schema.TensorType.UINT8:
        return flat
    codes = [flatbuffer_utils.get_builtin_code_from_operator_code(code) for code in model.operatorCodes]
    while source in producers and codes[producers[source].opcodeIndex] in _TO_UINT8:
        graph.operators.remove(producers[source])
        source = int(producers[source].inputs[0])
    if source == output:
        return flat
    graph.operators.append(schema.OperatorT(opcodeIndex=len(model.operatorCodes), inputs=[source], outputs=[output]))
    quantize = _OPERATOR.QUANTIZE
    model.operatorCodes.append(schema.OperatorCodeT(deprecatedBuiltinCode=quantize, builtinCode=quantize))
    graph.tensors[output].quantization = schema.QuantizationParametersT(scale=[1.0], zeroPoint=[0])
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _int8(flat, calibrated, inputs, patterns):
    """Quantises a float32 TFLite model by the ranges that another one of the same operators takes on `inputs`."""
    with _quiet():
        ranges = _ranges(calibrated, inputs, _quantizer(calibrated, *patterns).get_quantization_recipe())
        if not ranges:  # of other layers alone: it stays float32, which `export.verify` finds out
            return flat
        names = dict(zip(_computed(calibrated), _computed(flat), strict=True))
        ranges = {names.get(name, name): value for name, value in ranges.items()}
        return bytes(_quantizer(flat, *patterns).quantize(ranges, enable_progress_report=False).quantized_model)


def _ranges(flat, inputs, recipe):
    """The least and the largest value of each tensor that a recipe quantises, over all inputs.

    Not their averages, which the quantiser takes if nothing is said: these clip the colours of vivid photographs.
    """
    from ai_edge_quantizer import calibrator, recipe_manager
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(recipe)
    found = calibrator.Calibrator(flat, os.cpu_count(), qsv_update_func=min_max_update)
    found.calibrate(inputs, manager)
    return found.get_model_qsvs()


def with_int8_weights(flat, float32):
    """A float32 TFLite model with the kernels of its convolutions in int8, but for those of some layers.

    What they are applied to is quantised while the model runs, by its own range.
    """
    from ai_edge_quantizer import qtyping

    recipe = _empty_recipe(flat)
    for layer in (keras.layers.Conv2D, keras.layers.Conv2DTranspose):
        operation = qtyping.TFLOperationName[_INT8[layer]]
        recipe.add_dynamic_config(f"^(?!.*{of_layers(float32)})", operation, num_bits=8)
    with _quiet():
        return bytes(recipe.quantize(enable_progress_report=False).quantized_model)


@contextlib.contextmanager
def _quiet():
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings(action="ignore"):
        yield


def _empty_recipe(flat):
    from ai_edge_quantizer import quantizer

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float32.tflite"
        path.write_bytes(flat)
        return quantizer.Quantizer(str(path))


def _quantizer(flat, layers, norms):
    from ai_edge_quantizer import qtyping

    recipe = _empty_recipe(flat)
    for pattern, name in [*((layers, name) for name in _INT8.values()), (norms, "MUL")]:
        operation = qtyping.TFLOperationName[name]
        recipe.add_static_config(pattern, operation, activation_num_bits=8, weight_num_bits=8)
    return recipe


def _computed(flat):
    """Names of the inputs of a TFLite model and of what its operators compute, in order."""
    graph = flatbuffer_utils.read_model_from_bytearray(bytearray(flat)).subgraphs[0]
    tensors = [*graph.inputs, *(output for operator in graph.operators for output in operator.outputs)]
    return [graph.tensors[int(tensor)].name.decode() for tensor in tensors]
