"""ONNX files: Keras's own export, run by ONNX Runtime."""

import warnings

from export.targets.target import Target


class Onnx(Target):
    """Not among the files that are written if nothing is asked for: it needs packages that nothing else does."""

    suffix = ".onnx"
    usual = False
    packages = ("onnx", "onnxruntime", "tf2onnx")

    def write(self, path, source):
        from keras import InputSpec

        # Of the model's own shapes, or else Keras would leave the batch open.
        inputs = source.model.input.items()
        signature = [{name: InputSpec(tensor.dtype, tensor.shape, name=name) for name, tensor in inputs}]
        with warnings.catch_warnings(action="ignore"):
            source.model.export(path, format="onnx", verbose=False, input_signature=signature)

    def open(self, path, threads, signature=None):
        return OnnxDecoder(path, threads)


class OnnxDecoder:
    """An ONNX decoder from its file, on the processor."""

    def __init__(self, path, threads):
        import onnx
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.shapes = {tensor.name: tuple(tensor.shape) for tensor in inputs}
        self.types = {tensor.name: tensor.type[len("tensor(") : -1] for tensor in (*inputs, *outputs)}
        self.operators = sorted({node.op_type for node in onnx.load(path).graph.node})

    def __call__(self, inputs):
        (output,) = self._session.run(None, {name: inputs[name] for name in self.shapes})
        return output
