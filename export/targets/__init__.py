"""Formats that models leave in: a file for each format, and a line of the table for each file that can be asked for."""

from export.targets.onnx import Onnx
from export.targets.saved_model import SavedModel
from export.targets.tflite import Dynamic, Int8, Tflite

SAVED_MODEL = SavedModel("float32", least_fidelity=60)  # is always written: what the others are made from
TARGETS = {
    "float32": Tflite("float32", least_fidelity=60),
    "float16": Tflite("float16", least_fidelity=45),
    "dynamic": Dynamic("dynamic", least_fidelity=36),
    "int8": Int8("int8", least_fidelity=30),
    "onnx": Onnx("float32", least_fidelity=60),
}
USUAL = tuple(name for name, target in TARGETS.items() if target.usual)
