"""Auto-encoders as TFLite files: both halves, uint8 in and out, and numbers that are exact enough to code."""

import json

import keras
import numpy as np
import pytest

from export import __main__ as export
from export.runtime import open_decoder
from zoo import adaptive_autoencoder, color_autoencoder
from zoo.codecs.latent import LatentCodec


@pytest.fixture(scope="module", params=[color_autoencoder, adaptive_autoencoder])
def exported(request, tmp_path_factory):
    """A model, and the folder of its export at 64x64."""
    folder = tmp_path_factory.mktemp("exports")
    keras.utils.set_random_seed(0)
    model = request.param(width=4)
    model.save(folder / "model.keras")
    argv = [str(folder / "model.keras"), "--size", "64", "--quantize", "float32", "int8"]
    assert export.main([*argv, "--out", str(folder / "export")]) == 0
    return model, folder / "export"


def test_both_halves(exported, photographs):
    """From pixels to latent and back, as the card and the signatures say."""
    model, folder = exported
    card = json.loads((folder / "card.json").read_text())
    assert set(card["files"]) == {f"{half}_{p}.tflite" for half in ("encoder", "decoder") for p in ("float32", "int8")}
    assert card["files"]["decoder_int8.tflite"]["bytes"] < card["files"]["decoder_float32.tflite"]["bytes"]
    assert card["files"]["decoder_int8.tflite"]["psnr_loss"] < 1
    rgb = photographs[0][:64, :64]
    halves = [open_decoder(folder / f"{half}_float32.tflite") for half in ("encoder", "decoder")]
    saved = [open_decoder(folder / "saved_model", signature=name) for name in ("encode", "decode")]
    given = {"color": rgb.mean((0, 1)).round().astype(np.uint8)[None], "level": np.array([4], np.uint8)}
    for encode, decode in (halves, saved):
        given = {name: value for name, value in given.items() if name in encode.shapes}
        latent = encode({"rgb": rgb[None], **given})
        assert (latent.shape[1:3], latent.dtype) == ((8, 8), np.uint8)
        assert decode({"latent": latent, **given}).shape == (1, 64, 64, 3)


def test_numbers_of_a_device_are_those_of_the_codec(exported, photographs):
    """What a device has encoded, a computer can code and decode; a number may fall on the other side of a half."""
    model, folder = exported
    if model.name != "adaptive_autoencoder":
        pytest.skip("its latent is not whole numbers")
    codec, rgb = LatentCodec(model), photographs[1][:64, :64]
    numbers, _, colors = codec.latents(rgb[None], 4)
    encode = open_decoder(folder / "encoder_float32.tflite")
    found = encode({"rgb": rgb[None], "color": colors, "level": np.array([4], np.uint8)}).astype(int) - 128
    assert (found != numbers).mean() < 1e-3
    assert np.abs(found - numbers).max() <= 1


def test_sizes_are_multiples_of_8(exported, refused, tmp_path):
    model, _ = exported
    model.save(tmp_path / "model.keras")
    argv = [str(tmp_path / "model.keras"), "--size", "60", "--out", str(tmp_path / "out")]
    assert "--size must be a multiple of 8" in refused(export.main, argv)


def test_benchmark(exported, benchmarked):
    """Each half has its own Keras to compare with."""
    names = [name.split(", ", 1)[1] for name in benchmarked(exported[1])]
    halves = {"encode": "encoder", "decode": "decoder"}
    expected = [[f"Keras float32, {name}", f"{half}_float32", f"{half}_int8"] for name, half in halves.items()]
    assert names == [name for half in expected for name in half]
