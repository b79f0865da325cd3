"""Pretrained weights: each file is what its card says, and reaches the quality its card says."""

import hashlib
import json
import shutil

import numpy as np
import pytest

import zoo
from export import __main__ as export
from training import publish
from training.publish import guard
from training.run_folder import load_run
from zoo import weights

NAMES = weights.names()


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the folder of weights that a test may damage."""
    shutil.copytree(weights.FOLDER, tmp_path / "pretrained")
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "pretrained")
    return tmp_path / "pretrained"


def test_there_are_some():
    assert "crayon_edge-photographs" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_card(name):
    card = weights.card(name)
    content = b"".join(path.read_bytes() for path in weights.parts(name))
    assert len(content) == card["bytes"] < 5e6
    assert hashlib.sha256(content).hexdigest() == card["sha256"]
    assert name.startswith(f"{card['model']}-")
    assert {"licence", "data", "seen", "time", "settings", "metrics"} <= set(card)


@pytest.mark.parametrize("name", NAMES)
def test_quality_is_what_the_card_says(name):
    """On three photographs that were not trained on: a guard against changed weights or another use of them."""
    for what, value in guard(load_run(name)).items():
        assert np.allclose(value, weights.card(name)["guard"][what], atol=0.05)


def test_a_model_name_is_its_first_weights():
    assert weights.find("crayon_edge") == "crayon_edge-photographs"
    assert weights.find("crayon") is None


def test_large_weights_are_stored_in_parts(copy, run_folder, monkeypatch, refused):
    """What is published in parts is one model; a part that is missing is noticed; later weights replace all parts."""
    argv = [str(run_folder), "--name", "crayon-test", "--data", "samples", "--licence", "CC0-1.0", "--time", "seconds"]
    argv += ["--results", str(run_folder / "metrics.json")]
    monkeypatch.setattr(publish, "LARGEST_FILE", 400_000)
    assert publish.main(argv) == 0
    parts = weights.parts("crayon-test")
    assert [path.name for path in parts] == [f"crayon-test.npz.{i}" for i in range(1, len(parts) + 1)]
    assert len(parts) > 1
    trained, loaded = load_run(run_folder).model, zoo.crayon(width=8, weights="crayon-test")
    for ours, theirs in zip(loaded.weights, trained.weights, strict=True):
        assert np.array_equal(ours.numpy(), theirs.numpy().astype("float16"))
    kept = parts[-1].rename(copy / "elsewhere")
    assert "is not its card's" in refused(export.main, ["crayon-test", "--out", str(copy / "out")])
    kept.rename(parts[-1])
    monkeypatch.setattr(publish, "LARGEST_FILE", 4_000_000)
    assert publish.main(argv) == 0
    assert [path.name for path in weights.parts("crayon-test")] == ["crayon-test.npz"]
    assert load_run("crayon-test").model.count_params() == trained.count_params()


def test_a_wrong_hash_is_an_error(copy, refused):
    path = copy / "crayon_edge-photographs.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="sha256 of .* is not its card's"):
        zoo.crayon_edge(weights="crayon_edge-photographs")
    assert "is not its card's" in refused(export.main, ["crayon_edge", "--out", str(copy / "out")])


def test_weights_of_ones_own(tmp_path):
    model = zoo.crayon_edge((64, 64), 16, width=4)
    weights.save_weights(model, tmp_path / "own.npz")
    loaded = zoo.crayon_edge((48, 80), 8, "points", width=4, weights=tmp_path / "own.npz")
    for name in ("encoder1a", "cell1b", "decoder2a", "query"):
        for ours, theirs in zip(loaded.get_layer(name).weights, model.get_layer(name).weights, strict=True):
            assert np.array_equal(ours.numpy(), theirs.numpy().astype("float16"))
    (tmp_path / "own.npz").write_bytes((tmp_path / "own.npz").read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"own\.npz is no \.npz file that can be read"):
        zoo.crayon_edge((64, 64), 16, width=4, weights=tmp_path / "own.npz")


def test_large_values_stay_what_they_are(tmp_path):
    """As variances behind VGG's layers, beyond the range of float16."""
    model = zoo.champati_features(width=4)
    kernel = model.get_layer("conv01").kernel
    kernel.assign(np.full(kernel.shape, 1e5))
    weights.save_weights(model, tmp_path / "own.npz")
    loaded = zoo.champati_features(width=4, weights=tmp_path / "own.npz")
    assert (loaded.get_layer("conv01").kernel.numpy() == 1e5).all()


@pytest.mark.parametrize("build", [zoo.color_autoencoder, zoo.adaptive_autoencoder])
def test_weights_of_models_within_a_model(build, tmp_path):
    model = build(width=4)
    weights.save_weights(model, tmp_path / "own.npz")
    loaded = build(width=4, weights=tmp_path / "own.npz")
    assert len(loaded.weights) == len(model.weights)
    for ours, theirs in zip(loaded.weights, model.weights, strict=True):
        assert np.array_equal(ours.numpy(), theirs.numpy().astype("float16"))


def test_a_model_with_more_layers_starts_from_weights(tmp_path):
    small, large = zoo.crayon_edge((64, 64), 16, width=4), zoo.crayon_edge_m((64, 64), 16, width=4)
    weights.save_weights(small, tmp_path / "own.npz")
    new = large.get_layer("decoder1_refinea").kernel.numpy()
    with pytest.raises(ValueError, match=r"own\.npz holds no decoder3_refinea/kernel"):
        weights.load_weights(large, tmp_path / "own.npz")
    weights.load_weights(large, tmp_path / "own.npz", partial=True)
    assert np.array_equal(large.get_layer("decoder1_refinea").kernel.numpy(), new)
    taken = small.get_layer("decoder1b").kernel.numpy().astype("float16")
    assert np.array_equal(large.get_layer("decoder1b").kernel.numpy(), taken)


def test_what_weights_have_seen_is_known():
    run = load_run("crayon_edge-photographs")
    seen = json.loads((weights.FOLDER / weights.card("crayon_edge-photographs")["seen"]).read_text())
    assert run.digests == set(seen)
    assert len(seen) > 1000


def test_pretrained_models_are_built_by_their_cards():
    model = zoo.pretrained("crayon_edge", input_size=(48, 64), n=8)
    assert model.input["luma"].shape[1:3] == (48, 64)
    assert zoo.pretrained("crayon_edge").count_params() == weights.card("crayon_edge-photographs")["parameters"]
    with pytest.raises(ValueError, match="must be one of"):
        zoo.pretrained("crayon")
