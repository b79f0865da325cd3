"""How far decoders on other devices drift: the same colour-grid files through several runtimes.

Each level of a pyramid is predicted from the one before, so that what runtimes differ by adds up over all levels.
"""

import numpy as np

from export.benches import environment
from training.command import in_fresh_process
from training.metrics.images import psnr

KIND, QUALITIES = "jpeg", (20, 50, 80)
REFERENCE = "Keras, TensorFlow"
JAX = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}


def measured(photographs, arguments):
    """See `export.benches`: rows of each runtime and quality of the base, beside Keras on TensorFlow.

    `loss` and `most` are the mean and the largest difference of PSNR in dB over photographs, `fidelity` is the least
    PSNR between what both decode.
    """
    import zoo
    from export.color_files import Encoder
    from export.lite_codec import PRECISIONS, LiteCodec
    from export.photographs import Photograph

    decoder, originals, rows = arguments.decoder, [rgb for _, rgb in photographs], []
    codec = zoo.load(decoder)
    encoders = [Encoder(Photograph(rgb), KIND, codec, decoder) for rgb in originals]
    for quality in QUALITIES:
        files = [encoder.at(quality).data for encoder in encoders]
        found = {REFERENCE: decoded_all(files, codec)}
        found |= {f"TFLite {precision}": decoded_all(files, LiteCodec(codec, precision)) for precision in PRECISIONS}
        with environment(JAX):
            found["Keras, JAX"] = in_fresh_process(_loaded_and_decoded, files, decoder)
        usual = [psnr(*pair) for pair in zip(originals, found[REFERENCE], strict=True)]
        for name, decoded in found.items():
            lost = np.subtract(usual, [psnr(*pair) for pair in zip(originals, decoded, strict=True)])
            fidelity = min(psnr(*pair) for pair in zip(found[REFERENCE], decoded, strict=True))
            metrics = {"loss": float(lost.mean()), "most": float(np.abs(lost).max()), "fidelity": fidelity}
            rows.append({"name": name, "quality": quality, "metrics": metrics})
    return rows, [], ("jax",)


def decoded_all(files, codec):
    """uint8 sRGB of the bytes of files, by an `EdgeCodec`."""
    from export.color_files import decoded, opened

    return [decoded(opened(data), codec).rgb for data in files]


def _loaded_and_decoded(files, decoder):
    import keras

    import zoo

    if keras.backend.backend() != JAX["KERAS_BACKEND"]:
        raise RuntimeError(f"Keras runs on {keras.backend.backend()}, not on {JAX['KERAS_BACKEND']}")
    return decoded_all(files, zoo.load(decoder))
