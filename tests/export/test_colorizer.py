"""Colorizers as TFLite files: grey in, colours out, equal to the zoo's own."""

import json

import keras
import numpy as np
import pytest

from export import __main__ as export
from export.runtime import open_decoder
from training.metrics.images import psnr
from zoo import champati_classification, champati_regression
from zoo.codecs.colorizer import Colorizer

SIDE = 64


@pytest.fixture(scope="module", params=["classification lab", "regression yuv", "regression rgb"])
def exported(request, tmp_path_factory):
    """A model, and the folder of its export at 64x64."""
    folder = tmp_path_factory.mktemp("exports")
    kind, space = request.param.split()
    build = {"classification": champati_classification, "regression": champati_regression}[kind]
    keras.utils.set_random_seed(0)
    model = build((SIDE, SIDE), color_space=space, width=4)
    model.save(folder / "model.keras")
    argv = [str(folder / "model.keras"), "--quantize", "float32", "int8"]
    assert export.main([*argv, "--out", str(folder / "export")]) == 0
    return model, folder / "export"


@pytest.mark.parametrize(("precision", "least"), [("float32", 45), ("int8", 30)])
def test_grey_to_colours(exported, precision, least, photographs):
    """The file does on a grey image what the model does, with uint8 in and out."""
    model, folder = exported
    decoder = open_decoder(folder / f"decoder_{precision}.tflite")
    assert decoder.shapes == {"grey": (1, SIDE, SIDE, 1)}
    assert set(decoder.types.values()) == {"uint8"}
    for rgb in photographs:
        grey = rgb[:SIDE, :SIDE, 1:2]
        expected = Colorizer(model).colored(np.repeat(grey, 3, -1)[None])[0]
        assert psnr(expected, decoder({"grey": grey[None]})[0]) > least


def test_card_and_operators(exported):
    _, folder = exported
    card = json.loads((folder / "card.json").read_text())
    assert card["size"] == [SIDE, SIDE]
    assert not [name for name in card["files"]["decoder_int8.tflite"]["operators"] if "BATCH" in name or "Flex" in name]
    int8, flat = (open_decoder(folder / f"decoder_{precision}.tflite") for precision in ("int8", "float32"))
    assert "DEQUANTIZE" in set(int8.operators) - set(flat.operators)
    assert np.diff([entry["bytes"] for entry in card["files"].values()]) < 0


def test_benchmark(exported, benchmarked):
    """A colorizer has no grid step, and is timed like a decoder."""
    names = [name.split(", ") for name in benchmarked(exported[1])]
    assert [name[1:] for name in names] == [["Keras float32"], ["decoder_float32"], ["decoder_int8"]]
