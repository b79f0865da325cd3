"""Keras models as one SavedModel."""

import keras
import tensorflow as tf


def save_model(models, folder):
    """Writes Keras models as one SavedModel, by the names of their signatures. OSError if that cannot be written."""
    archive = keras.export.ExportArchive()  # without `track`, which would store every weight twice
    for signature, model in models.items():
        specs = [tf.TensorSpec(tensor.shape, tensor.dtype, name) for name, tensor in model.input.items()]
        archive.add_endpoint(signature, _called_by_name(model), input_signature=specs)
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:
        raise OSError(error.message.rsplit("}}", 1)[-1].strip()) from None


def _called_by_name(model):
    names = list(model.input)
    return lambda *tensors: model(dict(zip(names, tensors, strict=True)))
