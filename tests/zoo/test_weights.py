"""Pretrained weights: each file is what its card says, and reaches the quality its card says."""

import hashlib
import json
import shutil
import tracemalloc
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

import zoo
from export import __main__ as export
from training import publish
from training.command import CommandError
from training.loop.run_folder import load_run
from training.publish import guard
from training.result_files import rounded
from zoo import weights
from zoo.registry import MODELS

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
    assert len(content) == card["bytes"] < 16 << 20
    assert hashlib.sha256(content).hexdigest() == card["sha256"]
    assert name.startswith(f"{card['model']}-")
    assert {"licence", "data", "seen", "time", "settings", "metrics"} <= set(card)


@pytest.mark.parametrize("name", NAMES)
def test_quality_is_what_the_card_says(name):
    """On three photographs that were not trained on: a guard against changed weights or another use of them."""
    for what, value in guard(zoo.load(name)).items():
        assert np.allclose(value, weights.card(name)["guard"][what], atol=0.05)


def test_a_model_name_is_its_first_weights():
    assert weights.find("crayon_edge") == "crayon_edge-photographs"
    assert weights.find("champati_baseline") is None


@pytest.mark.slow
def test_large_weights_are_stored_in_parts(copy, run_folder, monkeypatch, refused):
    """What is published in parts is one model; a part that is missing is noticed; later weights replace all parts."""
    argv = [str(run_folder), "--name", "crayon-test", "--data", "samples", "--licence", "CC0-1.0", "--time", "seconds"]
    argv += ["--results", str(run_folder / "metrics.json")]
    monkeypatch.setattr(publish, "LARGEST_FILE", 400_000)
    assert publish.main(argv) == 0
    parts = weights.parts("crayon-test")
    digest = weights.card("crayon-test")["sha256"][:8]
    assert [path.name for path in parts] == [f"crayon-test-{digest}.npz.{i}" for i in range(1, len(parts) + 1)]
    assert len(parts) > 1
    trained, loaded = load_run(run_folder).model, zoo.crayon(width=8, weights="crayon-test")
    for ours, theirs in zip(loaded.weights, trained.weights, strict=True):
        assert np.array_equal(ours.numpy(), theirs.numpy().astype("float16"))
    kept = parts[-1].rename(copy / "elsewhere")
    assert "is not its card's" in refused(export.main, ["crayon-test", "--out", str(copy / "out")])
    kept.rename(parts[-1])
    monkeypatch.setattr(publish, "LARGEST_FILE", 4_000_000)
    assert publish.main(argv) == 0
    assert [path.name for path in weights.parts("crayon-test")] == [f"crayon-test-{digest}.npz"]
    assert {path.name for path in copy.glob("crayon-test*")} == {f"crayon-test-{digest}.npz", "crayon-test.card.json"}
    assert load_run("crayon-test").model.count_params() == trained.count_params()


def test_a_model_of_another_width_is_published(copy, tmp_path, refused):
    """The card says what it is built with, and it is built so; another result file than its own is refused."""
    run = tmp_path / "run"
    run.mkdir()
    zoo.crayon_edge_m((64, 64), 16, width=4, views=1).save(run / "model.keras")
    settings = {"recipe": "crayon_edge_m", "width": 4, "size": 320, "seed": 0, "weights": None}
    (run / "recipe.json").write_text(json.dumps(settings))
    (run / "data.json").write_text(json.dumps({"train": [], "validation": [], "test": [], "before": []}))
    row = {"name": "crayon_edge_m", "n": 16, "subset": "all", "metrics": {"psnr": 30.0}}
    (run / "metrics.json").write_text(json.dumps({"command": "", "rows": [row]}))
    (tmp_path / "other.json").write_text(json.dumps({"command": "", "rows": [{**row, "name": "bilinear"}]}))
    argv = [str(run), "--name", "crayon_edge_m-narrow", "--data", "none", "--licence", "none", "--time", "none"]
    assert "has no rows of" in refused(publish.main, [*argv, "--results", str(tmp_path / "other.json")])
    assert publish.main([*argv, "--results", str(run / "metrics.json")]) == 0
    assert weights.card("crayon_edge_m-narrow")["arguments"] == {"width": 4}
    assert load_run("crayon_edge_m-narrow").model.get_layer("decoder1_refinea").kernel.shape[-1] < 16


@pytest.mark.parametrize("name", NAMES)
def test_cards_say_what_the_registry_asks_for(name):
    card = weights.card(name)
    assert set(card["arguments"]) <= set(MODELS[card["model"]].arguments)


def test_a_classifier_has_figures_of_its_own():
    """Not those of whatever judge a result file is of."""
    described = {"parameters": 5, "learning_rate": 1 / 3}
    loaded = SimpleNamespace(path="run", codec=SimpleNamespace(family="classifier"), described=described)
    rows = [{"name": name, "metrics": {"feature_preservation": value}} for name, value in (("truth", 84), ("grey", 77))]
    found = {"feature_preservation": {"truth": 84, "grey": 77}}
    for judge in ({"classifier": rounded(described)}, {"models": {"a": rounded(described)}}):
        assert publish._metrics({"rows": rows, **judge}, loaded, "a.json") == found
    for judge in ({}, {"classifier": {"parameters": 6}}):
        with pytest.raises(CommandError, match="a.json has no rows of run"):
            publish._metrics({"rows": rows, **judge}, loaded, "a.json")


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
        zoo.pretrained("champati_baseline")


@pytest.fixture
def own(tmp_path):
    """A small model, and a file of its weights."""
    model = zoo.champati_features((16, 16), width=2)
    weights.save_weights(model, tmp_path / "own.npz")
    return model, tmp_path / "own.npz"


def test_damaged_weights_are_value_errors(own):
    """Whatever is flipped, cut off or swapped; and a model is not half filled."""
    model, path = own
    whole, random = path.read_bytes(), np.random.default_rng(0)
    before, counts = [array.copy() for array in model.get_weights()], {"loaded": 0, "refused": 0}
    for number in range(600):
        content, place = bytearray(whole), random.integers(len(whole))
        if number % 3 == 0:
            content[place] ^= 1 << random.integers(8)
        elif number % 3 == 1:
            content[place : place + 9] = random.bytes(random.integers(20))
        else:
            del content[place:]
        path.write_bytes(content)
        try:
            weights.load_weights(model, path)
        except ValueError as error:
            counts["refused"] += 1
            said = str(error)
        else:
            counts["loaded"] += 1
            model.set_weights(before)
            continue
        assert "own.npz" in said
        assert all(map(np.array_equal, model.get_weights(), before))
    assert counts["refused"] > 500, counts


def packed_array(shape, dtype="<f4", version=(1, 0), count=None, header=None):
    """Bytes of a .npy file of zeros; its header may say something else than what follows."""
    text = header or repr({"descr": dtype, "fortran_order": False, "shape": shape})
    text = text.encode() + b"\n"
    length = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize if count is None else count
    return b"\x93NUMPY" + bytes(version) + length + text + bytes(size)


HUGE = 1 << 28
BOMBS = {
    "a larger array": (packed_array((HUGE // 4,)), zipfile.ZIP_DEFLATED),
    "more than it says": (packed_array((3, 3, 3, 2), count=HUGE), zipfile.ZIP_DEFLATED),
    "less than it says": (packed_array((3, 3, 3, 2), count=10), zipfile.ZIP_DEFLATED),
    "more than there can be": (packed_array((1 << 40, 1 << 40), count=0), zipfile.ZIP_STORED),
    "a long header": (packed_array((2,), version=(2, 0), header=" " * HUGE), zipfile.ZIP_DEFLATED),
    "an unusual packer": (packed_array((3, 3, 3, 2), count=HUGE), zipfile.ZIP_BZIP2),
    "objects": (packed_array((54,), header=repr({"descr": "|O", "fortran_order": False, "shape": (3, 3, 3, 2)})), 0),
    "a header of brackets": (packed_array((2,), header="(" * 3000), zipfile.ZIP_STORED),
    "words": (packed_array((3, 3, 3, 2), "<U9"), zipfile.ZIP_STORED),
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("place", ["conv01/kernel.npy", "another.npy"])
def test_what_unpacks_to_too_much_costs_nothing(own, bomb, place):
    model, path = own
    content, method = BOMBS[bomb]
    with zipfile.ZipFile(path) as file:
        arrays = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, array in arrays.items():
            if name != place:
                file.writestr(name, array)
        file.writestr(place, content, method)
    tracemalloc.start()
    if place == "another.npy" or bomb == "more than it says":
        weights.load_weights(model, path)
    else:
        with pytest.raises(ValueError, match=r"own\.npz (is no \.npz file that can be read|holds no conv01/kernel)"):
            weights.load_weights(model, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
