"""Exported decoders: parity with Keras on photographs, operators, types, and what happens when they fail."""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from export import __main__ as export
from export import benchmark, calibration, profile, tiles, verify
from export.arithmetic import int8_share
from export.devices.grid import DeviceDecoder, lab_to_srgb
from export.runtime import open_decoder
from export.targets import TARGETS, USUAL
from export.targets.saved_model import save_model
from export.targets.target import Source
from training.command import CommandError
from training.data.sources import SAMPLES
from training.metrics.images import psnr
from zoo import adaptive_autoencoder, champati_baseline, champati_classification, champati_regression, crayon
from zoo.codecs.grid import Grid, HintsCodec, through
from zoo.color_spaces import lab_to_rgb, rgb_to_lab
from zoo.registry import MODELS, float32_layers

N, SIZE = 20, 128


def built(model, n=N):
    return DeviceDecoder(HintsCodec(model), Grid(n)).build((SIZE, SIZE))


def inputs_of(rgb, n=N):
    seen = Grid(n).keep(rgb)
    return {"luma": seen.luma[None, ..., None], "grid": seen.grid[None]}


@pytest.fixture(scope="module")
def exported(run_folder, tmp_path_factory):
    """All four variants of the small run at 128x128."""
    out = tmp_path_factory.mktemp("exports") / "small"
    assert export.main([str(run_folder), "--out", str(out), "--size", str(SIZE)]) == 0
    return out


@pytest.fixture(scope="module")
def model(run_folder):
    return keras.models.load_model(run_folder / "model.keras")


@pytest.fixture(scope="module")
def crops(photographs):
    return [rgb[64 : 64 + SIZE, 64 : 64 + SIZE] for rgb in photographs]


@pytest.mark.parametrize(("precision", "least"), [("float32", 60), ("float16", 45), ("dynamic", 36), ("int8", 30)])
def test_decoders_agree_with_keras_on_photographs(exported, model, crops, precision, least):
    decoder = open_decoder(exported / f"decoder_{precision}.tflite")
    keras_decoder = built(model)
    for rgb in crops:
        inputs = inputs_of(rgb)
        assert {name: value.dtype for name, value in inputs.items()} == {"luma": np.uint8, "grid": np.uint8}
        expected = keras_decoder.predict_on_batch(inputs)["rgb"][0]
        decoded = decoder(inputs)[0]
        assert (decoded.shape, decoded.dtype) == ((SIZE, SIZE, 3), np.uint8)
        assert psnr(expected, decoded) > least


@pytest.mark.parametrize("precision", USUAL)
def test_operators_and_types(exported, precision):
    decoder = open_decoder(exported / f"decoder_{precision}.tflite")
    assert {"CONV_2D", "TRANSPOSE_CONV", "MAX_POOL_2D", "SQRT"} <= set(decoder.operators)
    assert not [name for name in decoder.operators if verify.FORBIDDEN.search(name)]
    assert decoder.types == {"luma": "uint8", "grid": "uint8", "rgb": "uint8"}
    assert decoder.shapes == {"luma": (1, SIZE, SIZE, 1), "grid": (1, 7, 7, 2)}


def test_int8_computes_in_int8(exported):
    """Convolutions have int8 kernels; a file a quarter the size of float32 says that all of them do."""
    sizes = {p: (exported / f"decoder_{p}.tflite").stat().st_size for p in USUAL}
    assert sizes["int8"] < 0.32 * sizes["float32"]
    assert sizes["float16"] < 0.55 * sizes["float32"]
    assert "QUANTIZE" in open_decoder(exported / "decoder_int8.tflite").operators


def test_card_tells_what_was_measured(exported):
    card = json.loads((exported / "card.json").read_text())
    assert (card["model"], card["size"], card["n"]) == ("crayon", [SIZE, SIZE], N)
    assert card["data"]["calibration"] == {
        "split": "train",
        "views": calibration.CALIBRATION_VIEWS,
        "size": [SIZE, SIZE],
    }
    assert {"python", "tensorflow", "ai-edge-litert"} <= set(card["versions"])
    for name, entry in card["files"].items():
        content = (exported / name).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["psnr_loss"] == pytest.approx(entry["keras_psnr"] - entry["psnr"], abs=2e-3)
        assert set(entry["latency_ms"]) == {"1", "2"}


def test_saved_model_is_the_keras_decoder(exported, model, crops):
    decoder = open_decoder(exported / "saved_model")
    assert decoder.types == {"luma": "uint8", "grid": "uint8", "rgb": "uint8"}
    inputs = inputs_of(crops[0])
    expected = built(model).predict_on_batch(inputs)["rgb"]
    assert np.abs(decoder(inputs).astype(int) - expected).max() <= 1


def test_device_decoder_is_the_zoo_model(model, crops):
    """8-bit inputs and the square roots cost little beside the model in float."""
    decoded = built(model).predict_on_batch(inputs_of(crops[0]))["rgb"][0]
    assert psnr(through(HintsCodec(model), crops[0], Grid(N)), decoded) > 40


def test_srgb_without_power():
    levels = np.arange(0, 256, 3, dtype=np.uint8)
    lab = rgb_to_lab(np.stack(np.meshgrid(levels, levels, levels), -1))
    assert np.abs(255 * np.asarray(lab_to_srgb(lab)) - np.asarray(lab_to_rgb(lab))).max() < 0.02


def test_grid_that_does_not_divide_the_size(model, crops):
    decoded = built(model, 6).predict_on_batch(inputs_of(crops[0], 6))["rgb"]
    assert decoded.shape == (1, SIZE, SIZE, 3)
    assert inputs_of(crops[0], 6)["grid"].shape == (1, 22, 22, 2)


def test_calibrated_at_the_wanted_size_one_saved_model_is_written(run_folder, tmp_path, monkeypatch):
    """A smaller one is written for larger sizes alone: one of the same size would be the same."""
    written = []
    monkeypatch.setattr(export, "save_model", lambda *given: written.append(given[1]) or save_model(*given))
    argv = [str(run_folder), "--size", "64", "--quantize", "int8", "--limit", "1", "--out", str(tmp_path / "export")]
    assert export.main(argv) == 0
    assert len(written) == 1


def test_a_decoder_that_differs_is_not_left_behind(run_folder, tmp_path, refused, monkeypatch):
    monkeypatch.setitem(TARGETS, "dynamic", replace(TARGETS["dynamic"], least_fidelity=200))
    out = tmp_path / "export"
    argv = [str(run_folder), "--out", str(out), "--size", "64", "--quantize", "float32", "dynamic"]
    assert "decoder_dynamic.tflite agrees with Keras to" in refused(export.main, argv)
    assert not list(tmp_path.iterdir())


def test_verification_sees_a_wrong_decoder(exported, crops, tmp_path):
    inputs = [inputs_of(rgb) for rgb in crops]
    source = Source(None, exported / "saved_model", "decode")
    path = tmp_path / "decoder_float32.tflite"
    shutil.copy(exported / "decoder_float32.tflite", path)
    with pytest.raises(CommandError, match="agrees with Keras to"):
        verify.verify(path, TARGETS["float32"], source, inputs, [rgb[::-1] for rgb in crops], crops)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda luma: ops.cast(255 * ops.power(luma / 255, 0.4), "uint8"), "holds POW"),
        (lambda luma: luma, "does not take and give uint8 alone"),
    ],
)
def test_verification_sees_what_devices_lack(output, message, tmp_path):
    luma = keras.Input(batch_shape=(1, 8, 8, 1), dtype="uint8", name="luma")
    model = keras.Model({"luma": luma}, {"rgb": output(ops.cast(luma, "float32"))})
    source, target = Source(model, tmp_path / "saved_model", "decode"), TARGETS["float32"]
    save_model({"decode": model}, source.saved_model)
    path = tmp_path / target.file("decoder")
    target.write(path, source)
    with pytest.raises(CommandError, match=message):
        verify.verify(path, target, source, [], [], [])


def test_export_of_a_bare_file_on_a_folder_of_photographs(run_folder, tmp_path, photographs, capsys):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for i in range(10):
        Image.fromarray(np.roll(photographs[i % 3], 10 * i, 0)).save(folder / f"{i}.png")
    shutil.copy(run_folder / "model.keras", tmp_path / "bare.keras")
    argv = [str(tmp_path / "bare.keras"), "--dataset", f"folder:{folder}", "--size", "64", "--n", "8"]
    assert export.main([*argv, "--quantize", "int8", "--out", str(tmp_path / "out")]) == 0
    assert "decoder_int8.tflite" in capsys.readouterr().out
    assert open_decoder(tmp_path / "out" / "decoder_int8.tflite").shapes["grid"] == (1, 8, 8, 2)


def test_bad_input(run_folder, tmp_path, refused):
    def message(*argv):
        line = refused(export.main, [*map(str, argv), "--out", str(tmp_path / "out")])
        assert not (tmp_path / "out").exists()
        return line

    assert "no run or model at" in message(tmp_path / "nothing")
    assert "--size must be a multiple of 8, not 64x100" in message(run_folder, "--size", "64x100")
    assert "a side or HEIGHTxWIDTH, not '1x2x3'" in message(run_folder, "--size", "1x2x3")
    assert "n = 65 is larger than an image of 64x64" in message(run_folder, "--size", 64, "--n", 65)
    assert "n must be at least 2, not 1" in message(run_folder, "--size", 64, "--n", 1)
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(next((SAMPLES / "train").glob("*.webp")), alone)
    one = ["--dataset", f"folder:{alone}", "--size", 64, "--quantize"]
    assert "no usable image" in message(run_folder, *one, "float32")
    assert "no image to calibrate on" in message(run_folder, *one, "int8")
    assert "invalid choice: 'int4'" in message(run_folder, "--quantize", "int4")
    (tmp_path / "file").touch()
    argv = [str(run_folder), "--size", "64", "--quantize", "float32", "--out", str(tmp_path / "file" / "out")]
    assert "file" in refused(export.main, argv)


def test_nothing_else_is_replaced(run_folder, tmp_path, refused):
    (tmp_path / "mine").write_text("precious")
    argv = [str(run_folder), "--size", "64", "--quantize", "float32", "--out", str(tmp_path)]
    assert "holds other things, and no card.json" in refused(export.main, argv)
    assert (tmp_path / "mine").read_text() == "precious"


def test_full_disk_leaves_nothing(run_folder, tmp_path):
    """With room for 200 kB a file the SavedModel cannot be written."""
    code = (
        "import resource, sys; from export.__main__ import main; from training.command import run; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); sys.exit(run(main))"
    )
    argv = [str(run_folder), "--size", "64", "--quantize", "float32", "--out", str(tmp_path / "out")]
    process = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=False)
    assert process.returncode == 2, process.stderr
    assert "File too large" in process.stderr.strip()
    assert len(process.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_benchmark(exported, tmp_path, refused):
    path = tmp_path / "benchmark.json"
    shutil.copytree(exported, tmp_path / "twin")
    argv = [str(exported), str(tmp_path / "twin"), "--threads", "1", "--repeats", "1", "--results", str(path)]
    assert benchmark.main(argv) == 0
    rows = json.loads(path.read_text())["rows"]
    assert [row["name"] for row in rows] == [
        f"crayon width 8, n = 20, {name}"
        for folder in ("", "twin, ")
        for name in (f"{folder}Keras float32", *(f"{folder}decoder_{p}" for p in USUAL))
    ]
    assert rows[0]["metrics"]["times_keras_speed"] == 1
    assert all(min(row["metrics"].values()) > 0 for row in rows)
    assert "no export in" in refused(benchmark.main, [str(tmp_path)])


def test_int8_is_for_layers_of_any_name(model, tmp_path):
    """Which layers are int8 their kind says: a Crayon whose layers have other names is all int8 as well."""
    renamed = keras.models.clone_model(model, clone_function=_renamed)
    renamed.save(tmp_path / "renamed.keras")
    argv = [str(tmp_path / "renamed.keras"), "--size", "64", "--dataset", "samples", "--out", str(tmp_path / "e")]
    assert export.main([*argv, "--quantize", "int8"]) == 0
    assert json.loads((tmp_path / "e" / "card.json").read_text())["files"]["decoder_int8.tflite"]["int8_share"] > 0.99


def _renamed(layer):
    config = layer.get_config()
    return layer.__class__.from_config({**config, "name": f"other_{config['name']}"})


def test_int8_that_is_none_is_not_left_behind(tmp_path, refused):
    """Most of this network is one dense layer, which int8 does not cover: the file would be float32 all the same."""
    champati_baseline(width=4).save(tmp_path / "dense.keras")
    argv = [str(tmp_path / "dense.keras"), "--dataset", "samples", "--out", str(tmp_path / "e"), "--quantize"]
    assert "of its arithmetic in int8, less than the 70%" in refused(export.main, [*argv, "float32", "int8"])
    assert not (tmp_path / "e").exists()
    assert export.main([*argv, "float32", "dynamic"]) == 0


def test_layers_that_stay_float32_are_there():
    """A name that no layer has any more would let it become int8 without a word."""
    models = (
        crayon(width=4),
        adaptive_autoencoder(width=4).get_layer("encoder"),
        adaptive_autoencoder(width=4).get_layer("decoder"),
        champati_regression(width=4),
        champati_classification(width=4, color_space="yuv"),
    )
    for model, name in zip(models, ("row79_concat", "blocks", "blocks", "lab", "yuv"), strict=True):
        assert model.get_layer(name)
        family = "adaptive_autoencoder" if name == "blocks" else model.name
        assert name in MODELS[family].float32
    assert "row79_concat" in float32_layers(crayon(width=4, name="mine"))
    for name in ("crayon", "xiaonet"):
        model = MODELS[name].build(width=4)
        assert all(model.get_layer(layer) for layer in MODELS[name].float32)


def test_share_of_int8(exported):
    """All of Crayon's convolutions but the few that stay float32; the card says so, and the file itself."""
    files = json.loads((exported / "card.json").read_text())["files"]
    share = int8_share(exported / "decoder_int8.tflite")
    assert files["decoder_int8.tflite"]["int8_share"] == pytest.approx(share, abs=1e-3)
    assert files["decoder_int8.tflite"]["int8_share"] > 0.85
    assert files["decoder_dynamic.tflite"]["int8_share"] > 0.5  # TensorFlow leaves small kernels as they are
    assert "int8_share" not in files["decoder_float32.tflite"]
    assert int8_share(exported / "decoder_float32.tflite", hybrid=True) == 0
    assert int8_share(exported / "decoder_dynamic.tflite") == 0


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("", "is damaged"),
        ("[]", "is damaged"),
        ('{"files": {}}', "is damaged (model None)"),
        ('{"model": "m", "settings": {}, "size": [8, "8"], "files": {}}', "is damaged (size [8, '8'])"),
        ('{"model": "m", "settings": {}, "size": [8, 8], "files": {"a": 1}}', "a file has no signature"),
    ],
)
@pytest.mark.parametrize("command", [benchmark, profile, tiles])
def test_damaged_cards(card, message, command, tmp_path, refused):
    (tmp_path / "card.json").write_text(card)
    argv = [str(tmp_path), str(SAMPLES / "train" / "60003.webp")] if command is tiles else [str(tmp_path)]
    assert message in refused(command.main, argv)


def test_exports_that_are_no_decoder_of_grids(tmp_path, refused):
    """Tiles and profiles say so, and which files there are; and what other file stands where a decoder should."""
    out, photograph = tmp_path / "e", str(SAMPLES / "train" / "60003.webp")
    argv = ["champati_regression-cifar10", "--dataset", "samples", "--quantize", "float32", "--out", str(out)]
    assert "--n is for decoders of grids" in refused(export.main, [*argv, "--n", "8"])
    assert export.main(argv) == 0
    assert "no decoder of grids" in refused(tiles.main, [str(out), photograph, "--precision", "float32"])
    for command in ([str(out)], [str(out), photograph]):
        main = profile.main if len(command) == 1 else tiles.main
        assert "holds decoder_float32.tflite" in refused(main, [*command, "--precision", "int8"])
    (out / "decoder_float32.tflite").write_bytes(b"another")
    assert "is not the file that card.json describes" in refused(profile.main, [str(out), "--precision", "float32"])
    (out / "decoder_float32.tflite").unlink()
    assert "there is no" in refused(profile.main, [str(out), "--precision", "float32"])
