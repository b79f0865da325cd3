"""How much of the arithmetic of a TFLite file is int8: read from the file itself, whatever it is called."""

import re
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

_OPERATOR = schema.BuiltinOperator


def int8_share(path, hybrid=False, without=None):
    """The share of the multiply-accumulates of a TFLite file whose factors are both int8, 0 to 1.

    Counted are convolutions, plain, depthwise and transposed, fully connected layers and products of matrices.

    Args:
        path: of the file.
        hybrid: whether int8 weights are enough: what they are multiplied with is then quantised while running.
        without: pattern of the names of layers that are left out of the count; None to count all.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(Path(path).read_bytes()))
    total = int8 = 0
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = flatbuffer_utils.get_builtin_code_from_operator_code(model.operatorCodes[operator.opcodeIndex])
            left_out = without and re.search(without, graph.tensors[int(operator.outputs[0])].name.decode())
            if code in _PRODUCTS and not left_out:
                macs, factors = _product(graph, operator, *_PRODUCTS[code])
                total += macs
                int8 += macs * all(tensor.type == schema.TensorType.INT8 for tensor in factors[hybrid:])
    return int8 / total if total else 0.0


def _product(graph, operator, applied_to, taps):
    """Multiply-accumulates of one operator, and the tensors of its two factors: values and weights."""
    inputs, output = ([graph.tensors[int(i)] for i in side] for side in (operator.inputs, operator.outputs))
    values, weights = (inputs[2], inputs[1]) if applied_to == "input" else inputs[:2]
    applied = values if applied_to == "input" else output[0]
    return int(np.prod(applied.shape)) * taps(values.shape, weights.shape), (values, weights)


# By operator: whether a kernel is applied to each value of the input or for each of the output, and how many products
# that takes, by the shapes of values and weights. Kernels are (filters, height, width, channels).
_PRODUCTS = {
    _OPERATOR.CONV_2D: ("output", lambda _, kernel: int(np.prod(kernel[1:]))),
    _OPERATOR.DEPTHWISE_CONV_2D: ("output", lambda _, kernel: int(np.prod(kernel[1:3]))),
    _OPERATOR.TRANSPOSE_CONV: ("input", lambda _, kernel: int(np.prod(kernel[:3]))),
    _OPERATOR.FULLY_CONNECTED: ("output", lambda _, matrix: int(matrix[-1])),
    _OPERATOR.BATCH_MATMUL: ("output", lambda left, _: int(left[-1])),
}
