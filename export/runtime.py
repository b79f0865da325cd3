"""Runs an exported decoder from its file. Imports neither Keras nor, for TFLite, TensorFlow."""

import contextlib

import numpy as np

from training.command import median_time


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


class SavedModelDecoder:
    """A SavedModel from its folder. TensorFlow's threads are the process's: the first decoder in it sets them."""

    operators = ()

    def __init__(self, path, threads, signature=None):
        import tensorflow as tf

        with contextlib.suppress(RuntimeError):  # already set
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        self._loaded = tf.saved_model.load(str(path))  # the signature alone would not keep it alive
        self._run = self._loaded.signatures[signature or next(iter(self._loaded.signatures))]
        self._tensor = tf.constant
        inputs, outputs = self._run.structured_input_signature[1], self._run.structured_outputs
        self.shapes = {name: tuple(spec.shape) for name, spec in inputs.items()}
        self.types = {name: spec.dtype.name for name, spec in (inputs | outputs).items()}

    def __call__(self, inputs):
        (output,) = self._run(**{name: self._tensor(value) for name, value in inputs.items()}).values()
        return output.numpy()


def open_decoder(path, threads=2, signature=None):
    """The decoder in a .tflite file or, of the first signature if none is named, in a SavedModel folder.

    `decoder({"luma": ..., "grid": ...})` gives its one output, `rgb`; `shapes` and `types` are those of its inputs and
    outputs by name, `operators` the sorted names of its TFLite operators.
    """
    return SavedModelDecoder(path, threads, signature) if path.is_dir() else TfliteDecoder(path, threads)


def median_latency(decoder, inputs, repeats):
    """Median time of a decoder in ms, after a first call that allocates."""
    return 1000 * median_time(lambda: decoder(inputs), repeats, warm_up=1)
