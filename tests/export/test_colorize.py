"""Colours for photographs of every odd kind, from the command line."""

import keras
import numpy as np
import pytest
from PIL import Image

from export import colorize
from training.metrics.colors import colorfulness
from zoo import champati_regression, crayon


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A colorizer that paints everything one green."""
    path = tmp_path_factory.mktemp("colorizer") / "model.keras"
    model = champati_regression(width=2)
    model.get_layer("planes").kernel.assign(keras.ops.zeros_like(model.get_layer("planes").kernel))
    model.get_layer("planes").bias.assign([-0.3, 0.3])
    model.save(path)
    return path


def test_odd_photographs(model, photographs, tmp_path):
    rgb = Image.fromarray(photographs[0]).resize((300, 200))
    rgb.save(tmp_path / "color.jpg")
    rgb.convert("L").save(tmp_path / "grey.png")
    rgb.convert("CMYK").save(tmp_path / "cmyk.jpg")
    Image.fromarray(np.asarray(rgb.convert("L"), np.uint16) * 257).save(tmp_path / "deep.png")
    rgb.resize((1, 1)).save(tmp_path / "dot.png")
    names = ["color.jpg", "grey.png", "cmyk.jpg", "deep.png", "dot.png"]
    argv = [*(str(tmp_path / name) for name in names), "--model", str(model), "--out", str(tmp_path / "out")]
    assert colorize.main(argv) == 0
    for name in names:
        with Image.open(tmp_path / "out" / f"{name[:-4]}.png") as image:
            assert image.size == ((1, 1) if name == "dot.png" else (300, 200))
            red, green, _ = np.asarray(image, float).mean((0, 1))
            assert green > red + 10
    grey, deep = (np.asarray(Image.open(tmp_path / "out" / f"{name}.png")) for name in ("grey", "deep"))
    assert np.array_equal(grey, deep)
    assert colorfulness(grey[None]) > 20


def test_what_cannot_be_read_is_named_and_the_rest_written(model, photographs, refused, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    Image.fromarray(photographs[0]).save(tmp_path / "good.png")
    out = tmp_path / "out"
    photos = [str(tmp_path / name) for name in ("text.jpg", "nothing.png", "good.png")]
    line = refused(colorize.main, [*photos, "--model", str(model), "--out", str(out)])
    assert "text.jpg" in line
    assert "nothing.png" in line
    assert [path.name for path in out.iterdir()] == ["good.png"]
    same = refused(colorize.main, [photos[2], photos[2], "--model", str(model), "--out", str(out)])
    assert "two files have the same name" in same


def test_the_decoder(model, photographs, tmp_path):
    """An edge decoder if nothing is said, none, or one by name."""
    Image.fromarray(photographs[0]).save(tmp_path / "photo.png")
    argv, found = [str(tmp_path / "photo.png"), "--model", str(model), "--out"], {}
    for name, more in {"": [], "none": ["--decoder", "none"], "named": ["--decoder", "crayon_edge"]}.items():
        assert colorize.main([*argv, str(tmp_path / name / "out"), *more]) == 0
        found[name] = np.asarray(Image.open(tmp_path / name / "out" / "photo.png"))
    assert np.array_equal(found[""], found["named"])
    assert not np.array_equal(found[""], found["none"])


def test_a_model_of_another_task(model, photographs, refused, tmp_path):
    crayon(width=2).save(tmp_path / "crayon.keras")
    Image.fromarray(photographs[0]).save(tmp_path / "good.png")
    argv = [str(tmp_path / "good.png"), "--model", str(tmp_path / "crayon.keras"), "--out", str(tmp_path / "out")]
    assert "is no colorizer" in refused(colorize.main, argv)
    argv[2] = str(model)
    assert "is no edge decoder" in refused(colorize.main, [*argv, "--decoder", str(tmp_path / "crayon.keras")])
    assert not (tmp_path / "out").exists()
