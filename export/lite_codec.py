"""The edge decoder as devices run it, from float grids to float chroma: for the files of `export.codec`."""

import tempfile

import keras
import numpy as np

from export.targets.saved_model import save_model
from export.targets.tflite import TfliteDecoder
from export.targets.tflite_conversion import from_saved_model, with_int8_weights
from zoo.codecs.grid import EdgeCodec

PRECISIONS = ("float32", "dynamic")
# Layers whose kernels stay float32: those that colours go into and come out of, which 8 bits divide too coarsely.
FLOAT32 = ("cell_embed", "residual_a", "residual_b")
SIGNATURE = "decode"


class LiteCodec(EdgeCodec):
    """An `EdgeCodec` whose networks are converted to TFLite, each when it is first needed, and run in LiteRT.

    Args:
        codec: the `EdgeCodec`.
        precision: "float32", or "dynamic": kernels in int8 but for those of `FLOAT32`, and what they are applied to
            quantised while running.
        threads: of LiteRT.
    """

    def __init__(self, codec, precision="float32", threads=1):
        super().__init__(codec.model, codec.settings)
        self.precision, self.threads = precision, threads

    def _made(self, size, grid):
        return Network(converted(self.build(size, grid), self.precision), self.threads)


class Network(TfliteDecoder):
    def __init__(self, content, threads):
        with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
            file.write(content)
            file.flush()
            super().__init__(file.name, threads)

    def predict_on_batch(self, inputs):
        """As of the Keras model."""
        return {"chroma": self({name: np.asarray(tensor, np.float32) for name, tensor in inputs.items()})}


def converted(model, precision):
    """The TFLite file of a Keras model, for batches of one."""
    inputs = {
        name: keras.Input(batch_shape=(1, *tensor.shape[1:]), dtype=tensor.dtype, name=name)
        for name, tensor in model.input.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        save_model({SIGNATURE: keras.Model(inputs, model(inputs))}, folder)
        flat = from_saved_model(folder, SIGNATURE, "float32")
    return flat if precision == "float32" else with_int8_weights(flat, FLOAT32)
