"""ONNX files: asked for by name, equal to Keras, and refused in one line where their packages are missing."""

import json

import numpy as np
import pytest

from export import __main__ as export
from export.runtime import open_decoder
from export.targets import USUAL
from export.targets.onnx import Onnx


@pytest.mark.parametrize("weights", ["crayon", "crayon_edge"])
def test_onnx_agrees_with_keras(weights, run_folder, tmp_path):
    """uint8 in and out, of batch 1, under the names of the other files, verified by the command like them."""
    for name in Onnx.packages:
        pytest.importorskip(name)
    run, out = {"crayon": str(run_folder)}.get(weights, weights), tmp_path / "export"
    argv = [run, "--size", "64", "--n", "16", "--dataset", "samples", "--limit", "2", "--quantize", "float32", "onnx"]
    assert export.main([*argv, "--out", str(out)]) == 0
    card = json.loads((out / "card.json").read_text())
    assert set(Onnx.packages) <= set(card["versions"])
    entry = card["files"]["decoder_float32.onnx"]
    assert entry["fidelity"] > 60
    assert {"Conv", "ConvTranspose"} <= set(entry["operators"])
    decoder, other = (open_decoder(out / f"decoder_float32.{suffix}") for suffix in ("onnx", "tflite"))
    assert (decoder.shapes, decoder.types) == (other.shapes, other.types)
    random = np.random.default_rng(0)
    inputs = {name: random.integers(96, 160, shape, np.uint8) for name, shape in decoder.shapes.items()}
    assert np.abs(decoder(inputs).astype(int) - other(inputs)).max() <= 1


def test_missing_packages(run_folder, tmp_path, refused, monkeypatch):
    """The line says what to install. Nobody needs them who does not ask for such a file."""
    assert "onnx" not in USUAL
    monkeypatch.setattr(Onnx, "packages", ("onnx_of_nobody",))
    argv = [str(run_folder), "--size", "64", "--quantize", "onnx", "--out", str(tmp_path / "export")]
    assert "pip install onnx_of_nobody" in refused(export.main, argv)
    assert not (tmp_path / "export").exists()
