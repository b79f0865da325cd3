"""TFLite files in four precisions: what the command needs to know of each, and how they are run."""

import numpy as np

from export.targets.target import Target
from training.command import CommandError

# The least share of int8 arithmetic in a file that is called int8, which covers some kinds of layers alone: a model of
# others would stay float32. What is float32 on purpose does not count, an eighth of the adaptive encoder. Of the
# shipped weights the edge decoder at n = 100 has the least, 0.975, since its attention is float32; that costs the same
# at any width, so that a network of a quarter of the width has 0.77 at n = 20.
LEAST_INT8 = 0.7


class Tflite(Target):
    """`float32`; `float16`: weights."""

    suffix = ".tflite"

    def write(self, path, source):
        from export.targets.tflite_conversion import convert

        path.write_bytes(convert(source, self.precision))

    def open(self, path, threads, signature=None):
        return TfliteDecoder(path, threads)


class Dynamic(Tflite):
    """int8 weights, activations quantised while running. `int8_share` is that of the products with such weights."""

    def measured(self, path, source):
        from export.arithmetic import int8_share

        return {"int8_share": int8_share(path, hybrid=True)}

    def told(self, entry):
        return f", {entry['int8_share']:.1%} of its arithmetic with int8 weights"


class Int8(Tflite):
    """int8 weights and activations, what decides on colours in float32. `int8_share` is that of all products."""

    calibrated = True

    def measured(self, path, source):
        """CommandError if less than `LEAST_INT8` of what need not be float32 is int8."""
        from export.arithmetic import int8_share
        from export.targets.tflite_conversion import of_layers

        counted = int8_share(path, without=of_layers(source.float32))
        if counted < LEAST_INT8:
            raise CommandError(
                f"nothing exported: {path.name} does {counted:.0%} of its arithmetic in int8, less than the "
                f"{LEAST_INT8:.0%} that int8 must reach: too much of it is in other layers than int8 covers, leave "
                "int8 out of --quantize"
            )
        return {"int8_share": int8_share(path)}

    def told(self, entry):
        return f", {entry['int8_share']:.1%} of its arithmetic in int8"


class TfliteDecoder:
    """A TFLite decoder from its file, on the default delegate, as an application would run it."""

    def __init__(self, path, threads):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()  # once; a signature's own call would do so each time
        signature = self._interpreter.get_signature_runner(next(iter(self._interpreter.get_signature_list())))
        inputs, outputs = signature.get_input_details(), signature.get_output_details()
        self._inputs = {name: detail["index"] for name, detail in inputs.items()}
        (self._output,) = (detail["index"] for detail in outputs.values())
        self.shapes = {name: tuple(detail["shape"]) for name, detail in inputs.items()}
        self.types = {name: np.dtype(detail["dtype"]).name for name, detail in (inputs | outputs).items()}
        self.operators = sorted({op["op_name"] for op in self._interpreter._get_ops_details()} - {"DELEGATE"})

    def __call__(self, inputs):
        for name, index in self._inputs.items():
            self._interpreter.set_tensor(index, inputs[name])
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)
