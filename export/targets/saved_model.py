"""Keras models as one SavedModel, each a signature of it."""

import contextlib

from export.targets.target import Target

FOLDER = "saved_model"  # its name in an export


class SavedModel(Target):
    """A folder, which `save_model` writes, that holds all signatures of an export."""

    suffix = ""

    def open(self, path, threads, signature=None):
        return SavedModelDecoder(path, threads, signature)


def save_model(models, folder):
    """Writes Keras models as one SavedModel, by the names of their signatures. OSError if that cannot be written."""
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()  # without `track`, which would store every weight twice
    for signature, model in models.items():
        specs = [tf.TensorSpec(tensor.shape, tensor.dtype, name) for name, tensor in model.input.items()]
        archive.add_endpoint(signature, called_by_name(model), input_signature=specs)
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        raise OSError(error.message.rsplit("}}", 1)[-1].strip()) from None


def called_by_name(model):
    """A model of named inputs as a function of tensors in the order of these."""
    names = list(model.input)
    return lambda *tensors: model(dict(zip(names, tensors, strict=True)))


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
