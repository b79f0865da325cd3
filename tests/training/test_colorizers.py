"""Automatic colorization: rebalancing, its metrics, its recipes, its closing table."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from training import evaluate, fit, tune
from training.data.luma import grey
from training.data.pixels import read_image
from training.data.sources import SAMPLES, open_dataset
from training.loop.run_folder import load_run
from training.metrics.colors import DISTANCES, auc, chroma, colorfulness, rarity, threshold_accuracy
from training.papers.champati import row_name
from training.recipes import RECIPES
from training.recipes.champati_features import ChampatiFeatures
from training.tasks.luma import LumaTask
from training.tasks.rebalancing import bin_counts, rebalancing_weights, smoothed_distribution
from zoo import champati_classification, champati_regression, colorize
from zoo.codecs.colorizer import Colorizer
from zoo.color_bins import nearest_bin, soft_encode
from zoo.color_spaces import rgb_to_lab, rgb_to_yuv
from zoo.errors import ZooError
from zoo.models.champati import bin_colors


@pytest.fixture(scope="module")
def small():
    """All samples at 32x32, uint8."""
    return np.stack([read_image(path)[0][4::8, 4::8] for path in sorted(SAMPLES.rglob("*.webp"))])


@pytest.fixture(scope="module")
def classes(tmp_path_factory, small):
    """A folder of two classes, photographs and darkened photographs, in train/ and test/."""
    folder = tmp_path_factory.mktemp("classes")
    order = np.argsort(small.mean((1, 2, 3)))
    for i, position in enumerate(order):
        path = folder / ("test" if i % 4 == 0 else "train") / ("dark" if i < 16 else "light") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(small[position] // (3 if i < 16 else 1)).save(path)
    return folder


@pytest.mark.parametrize("bins", [49, 81, 100, 313])
def test_rebalancing_weights(bins, small):
    colors = bin_colors(bins)
    counts = bin_counts(small, rgb_to_lab, colors)
    assert counts.sum() == small.size // 3
    assert np.array_equal(
        counts[:5], [(np.asarray(nearest_bin(rgb_to_lab(small)[..., 1:], colors)) == i).sum() for i in range(5)]
    )
    for sigma in (0, 3):
        p = smoothed_distribution(counts, colors, sigma)
        weights = rebalancing_weights(counts, colors, sigma=sigma)
        assert p @ weights.astype(float) == pytest.approx(1, abs=1e-6)
        assert np.array_equal(np.argsort(weights, kind="stable")[:1], [p.argmax()])
        # In proportion to 1 / ((1 - 0.2) p + 0.2 / Q).
        assert np.allclose(weights * (0.8 * p + 0.2 / bins), weights[0] * (0.8 * p[0] + 0.2 / bins), rtol=1e-5)
    assert np.allclose(rebalancing_weights(counts, colors, mix=1), 1)


def test_smoothing_is_on_the_lattice():
    colors = bin_colors(81)
    p = smoothed_distribution(np.arange(81) == 40, colors, 1.0).reshape(9, 9)
    assert np.allclose(p, p.T)
    assert p[4, 4] > p[4, 5] > p[5, 5] > 0


def test_threshold_accuracy_is_the_share_within_each_threshold(small):
    guess = grey(small)
    difference = small.astype(float) - guess
    squared = (difference**2).sum(-1)
    by_hand = {
        "255": [(np.abs(difference) <= t).mean() for t in range(256)],
        "150": [(np.abs(difference) <= t).mean() for t in range(151)],
        "euclidean": [(np.sqrt(squared) <= t).mean() for t in range(256)],
        "squared": [(squared <= t).mean() for t in range(150**2 + 1)],
    }
    assert set(by_hand) == set(DISTANCES)
    for name, shares in by_hand.items():
        assert threshold_accuracy(small, guess, name) == pytest.approx(100 * np.mean(shares), abs=1e-9)
        assert threshold_accuracy(small, small, name) == 100


def test_auc(small):
    true, guessed = chroma(small), chroma(grey(small))
    error = np.hypot(*np.moveaxis(true - guessed, -1, 0))
    assert auc(true, guessed) == pytest.approx(100 * np.mean([(error <= t).mean() for t in range(151)]), abs=1e-6)
    assert auc(true, true) == pytest.approx(100)
    # Rare colours are the vivid ones: grey misses them by more.
    assert auc(true, guessed, rarity(true)) < auc(true, guessed)


def test_colorfulness(small):
    assert colorfulness(grey(small)) == 0
    half = (small.astype(float) + grey(small)) / 2
    assert colorfulness(half) == pytest.approx(colorfulness(small) / 2, rel=0.05)


def test_losses_are_the_equations(small):
    lab, logits = (
        np.asarray(rgb_to_lab(small[:2])),
        np.random.default_rng(0).normal(size=(2, 32, 32, 49)).astype("float32"),
    )
    colors = bin_colors(49)
    z = np.asarray(nearest_bin(lab[..., 1:], colors))
    log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    one_hot, weights = np.eye(49)[z], np.linspace(1, 2, 49).astype("float32")
    plain = LumaTask("lab", colors).cross_entropy(small[:2], logits)
    assert np.allclose(plain, -(one_hot * log).sum(-1).mean((1, 2)), atol=1e-4)
    weighted = LumaTask("lab", colors, weights).cross_entropy(small[:2], logits)
    assert np.allclose(weighted, -(weights[z] * (one_hot * log).sum(-1)).mean((1, 2)), atol=1e-4)
    soft = LumaTask("lab", colors, soft=True).cross_entropy(small[:2], logits)
    encoded = np.asarray(soft_encode(lab[..., 1:], colors))
    assert np.allclose(soft, -(encoded * log).sum(-1).mean((1, 2)), atol=1e-4)
    shifted = lab + np.float32([0, 3, 4])
    assert np.allclose(LumaTask("lab").squared_error(small[:2], shifted), 25, atol=1e-2)
    assert np.allclose(LumaTask("rgb").squared_error(small[:2], small[:2] + 1.0), 3, atol=1e-3)


@pytest.mark.parametrize("space", ["lab", "yuv", "rgb"])
def test_what_a_model_makes_of_many_images_is_what_it_makes_of_one(space, small):
    model = champati_regression((32, 32), color_space=space, width=4)
    together = Colorizer(model).colored(small[:3])
    # `colorize` of the same size differs only where RGB is joined to the full-size luma.
    if space != "rgb":
        assert np.abs(together[1].astype(int) - colorize(model, small[1])).max() <= 1
    assert together.shape == (3, 32, 32, 3)


def test_truth_has_no_loss(small):
    """A classifier that is sure of the right bin makes the colours of the bins."""
    colors = bin_colors(313)
    model = champati_classification((32, 32), bins=313, width=4)
    truth = np.asarray(nearest_bin(rgb_to_lab(small[:1])[..., 1:], colors))
    sure = 50.0 * np.eye(313, dtype="float32")[truth]
    assert float(LumaTask("lab", colors).cross_entropy(small[:1], sure)[0]) < 1e-6
    assert model.output["bins"].shape[-1] == 313
    assert np.abs(np.asarray(rgb_to_yuv(small))[..., 1:]).max() < 0.62


def test_classes_of_a_folder(classes, refused, tmp_path):
    data = open_dataset(f"folder:{classes}")
    images, labels = data.labelled("test", 32)
    assert images.shape == (8, 32, 32, 3)
    assert labels.tolist() == [0] * 4 + [1] * 4
    assert {split: data.count(split) for split in data.splits} == {"train": 20, "validation": 4, "test": 8}
    argv = ["champati_features", "--dataset", "samples", "--out", str(tmp_path / "run")]
    assert "has no classes" in refused(fit.main, argv)
    assert "--shift 32 is no less than the 32 pixels" in refused(fit.main, [*argv, "--shift", "32"])


def test_the_classifier_sees_shifted_images_in_training_alone():
    """Each by whole pixels, mirrored at the borders."""
    recipe = ChampatiFeatures(dataset="samples", shift=4, width=2)
    layer = next(x for x in recipe.training_model(recipe.model(), []).layers if "translation" in x.name)
    row = np.arange(32, dtype="float32") * np.ones((16, 32, 1), "float32")
    images = row[..., None] * np.ones(3, "float32")
    assert np.array_equal(layer(images, training=False), images)
    firsts = {int(round(float(image[16, 16, 0]))) - 16 for image in np.asarray(layer(images, training=True))}
    assert len(firsts) > 1
    assert max(map(abs, firsts)) <= 4


@pytest.fixture(scope="module")
def runs(classes, tmp_path_factory):
    """Run folders of a classifier of light and dark, and of a colorizer."""
    tmp_path = tmp_path_factory.mktemp("runs")
    data = ["--dataset", f"folder:{classes}", "--width", "4", "--batch-size", "8"]
    features = tmp_path / "features"
    argv = ["champati_features", *data, "--epochs", "40", "--learning-rate", "3e-3", "--out", str(features)]
    assert fit.main(argv) == 0
    out = tmp_path / "colorizer"
    argv = ["champati", *data, "--bins", "49", "--rebalance", "--epochs", "2", "--out", str(out)]
    assert fit.main(argv) == 0
    return features, out


def test_recipes_to_the_closing_table(runs, tmp_path, capsys):
    features, out = runs
    rows = {row["name"]: row["metrics"] for row in json.loads((features / "metrics.json").read_text())["rows"]}
    assert rows["truth"]["feature_preservation"] >= 75
    path = tmp_path / "result.json"
    with Image.open(out / "preview.png") as preview:
        assert preview.size == (3 * 32, 4 * 32)
    capsys.readouterr()
    assert evaluate.main([str(out), "--classifier", str(features), "--results", str(path)]) == 0
    rows = {row["name"]: row["metrics"] for row in json.loads(path.read_text())["rows"]}
    assert list(rows) == ["truth", "grey", "champati"]
    for reading in ("255", "150", "euclidean", "squared"):
        assert (rows["truth"][f"gain_{reading}"], rows["grey"][f"gain_{reading}"]) == (1, 0)
    assert 0 <= rows["champati"]["feature_preservation"] <= 100
    assert "| champati" in capsys.readouterr().out


def test_what_cannot_be_scored_is_refused(runs, tmp_path, refused):
    """Two judges; a model of one size; a bare file where settings are needed."""
    features, out = runs
    shutil.copytree(features, tmp_path / "other")
    judges = [str(out), str(features), "--classifier", str(tmp_path / "other")]
    assert "are both classifiers" in refused(evaluate.main, judges)
    assert "takes images of 32x32 alone" in refused(evaluate.main, [str(features), "--size", "64"])
    champati_regression(width=2).save(tmp_path / "bare.keras")
    tables = ["--tables", "champati", str(features), str(tmp_path / "bare.keras")]
    assert "is no run of `training.fit champati`" in refused(evaluate.main, tables)
    bare = load_run(tmp_path / "bare.keras")
    with pytest.raises(ZooError, match="put its recipe.json beside it"):
        bare.codec.annealed(np.zeros((1, 32, 32, 3), np.uint8), 1.0)


def test_tables(runs, classes, tmp_path, refused):
    """A row for the truth, grey, each lattice at best and each run, beside the paper's; figures of what there is."""
    features, out = map(str, runs)
    path = tmp_path / "tables.json"
    argv = ["--tables", "champati", "--dataset", f"folder:{classes}", "--results", str(path)]
    assert evaluate.main([features, out, *argv, "--figures", str(tmp_path)]) == 0
    drawn = {picture.name for picture in tmp_path.glob("*.png")}
    assert drawn == {"passes.png", *(f"figure{i}.png" for i in (3, 7, 11, 13))}
    rows = {row["name"]: row for row in json.loads(path.read_text())["rows"]}
    assert rows["grey"]["paper"] == {"ta": 91.05, "feature_preservation": 73.4}
    assert rows["49 bins, rebalanced"]["settings"]["width"] == 4
    assert len(rows["49 bins, rebalanced"]["validation_loss"]) == rows["49 bins, rebalanced"]["epochs"] == 2
    best = rows["best classification: 49 bins, rebalanced"]
    assert (best["table"], best["paper"]) == ("7", {"ta": 95.57, "feature_preservation": 76.77})
    assert best["metrics"] == rows["49 bins, rebalanced"]["metrics"]
    # No bin of the published lattice is near grey; half a cell on there is one.
    assert rows["49 bins, edge"]["metrics"]["gain_255"] < rows["49 bins, center"]["metrics"]["gain_255"]
    assert rows["313 bins"]["metrics"]["gain_255"] > 0.5
    assert "feature preservation needs a classifier" in refused(evaluate.main, [out, *argv])
    # Rows of runs that are not named again stay if they are asked to, and if all are of the same images.
    assert evaluate.main([features, *argv, "--add"]) == 0
    assert {row["name"]: row for row in json.loads(path.read_text())["rows"]} == rows
    assert "has other test images" in refused(evaluate.main, [features, *argv, "--add", "--limit", "4"])
    other = tmp_path / "other"
    shutil.copytree(features, other)
    settings = json.loads((other / "recipe.json").read_text())
    (other / "recipe.json").write_text(json.dumps(settings | {"seed": 1}))
    assert "or another classifier" in refused(evaluate.main, [str(other), *argv, "--add"])


def test_a_judge_knows_its_classes(runs, classes, tmp_path, capfd, refused):
    """By name and in order; of a bare file that is not known, and said."""
    features, _ = runs
    other = tmp_path / "other"
    shutil.copytree(classes, other)
    for split in ("train", "test"):
        (other / split / "light").rename(other / split / "bright")
    argv = ["--dataset", f"folder:{other}", "--allow-overlap", "--results", str(tmp_path / "found.json")]
    line = refused(evaluate.main, [str(features), *argv])
    assert f"{features} tells dark, light apart, and folder:{other} has bright, dark" in line
    shutil.copy(features / "model.keras", tmp_path / "bare.keras")
    assert evaluate.main([str(tmp_path / "bare.keras"), *argv]) == 0
    assert "not known what classes" in capfd.readouterr().out
    assert "feature_preservation" in json.loads((tmp_path / "found.json").read_text())["rows"][0]["metrics"]


def test_a_limit_takes_as_many_of_each_class(classes):
    recipe = ChampatiFeatures(dataset=f"folder:{classes}", limit=4, width=2)
    for batches in recipe.batches([open_dataset(recipe.dataset)], 0)[:2]:
        labels = next(iter(batches.unbatch().batch(4)))[1]
        assert sorted(labels.numpy().tolist()) == [0, 0, 1, 1]


def test_a_judge_was_not_trained_on_what_it_judges(runs, classes, tmp_path, refused):
    """Not in a search either, which scores validation images: its own are those of the same seed."""
    features, out = runs
    other = tmp_path / "other"
    shutil.copytree(features, other)
    data = json.loads((other / "data.json").read_text())
    data["train"], data["validation"] = data["validation"], data["train"]
    (other / "data.json").write_text(json.dumps(data))
    argv = ["champati", "--trained", str(out), "--dataset", f"folder:{classes}", "--search", "temperature=0.38,1"]
    argv += ["--objective", "ta_255", "--out", str(tmp_path / "search"), "--classifier"]
    line = refused(tune.main, [*argv, str(other)])
    assert f"{other} was trained or validated on 4 of these 4 images" in line
    argv[-2] = str(tmp_path / "again")
    assert tune.main([*argv, str(features)]) == 0


def test_row_names():
    defaults = RECIPES["champati"]().settings()
    cases = {
        "81 bins": {},
        "313 bins": {"bins": 313, "lattice": "center"},
        "81 bins, uv": {"color_space": "yuv"},
        "81 bins, cell centres, VGG frozen, rebalanced": {"lattice": "center", "vgg": "frozen", "rebalance": True},
        "regression rgb": {"network": "regression", "color_space": "rgb"},
        "regression lab, VGG trainable": {"network": "regression", "vgg": "trainable"},
        "baseline yuv": {"network": "baseline", "color_space": "yuv"},
    }
    assert {name: row_name(defaults | settings) for name, settings in cases.items()} == {name: name for name in cases}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--network", "baseline", "--vgg", "frozen"], "--vgg is not for --network baseline"),
        (["--network", "baseline", "--size", "16"], "no such model: `input_size` must be static and at least 17"),
        (["--loss", "absolute"], "--loss is for --network regression or baseline"),
        (["--network", "regression", "--rebalance"], "--rebalance and --soft are for --network classification"),
        (["--network", "baseline", "--soft"], "--rebalance and --soft are for --network classification"),
        (["--bins", "50"], "no such bins"),
        (["--bins", "313", "--color-space", "yuv"], "no such bins"),
        (["--color-space", "rgb"], "no such bins"),
        (["--mix", "2"], "--mix must lie between 0 and 1"),
        (["--temperature", "0"], "--temperature must be above 0"),
        (["--soft", "--color-space", "yuv"], "--soft is for --color-space lab"),
        (["--vgg", "frozen", "--vgg-weights", "no/such.npz"], "no weights of VGG16 in --vgg-weights no/such.npz"),
    ],
)
def test_bad_settings(argv, message, tmp_path, refused):
    out = ["--dataset", "samples", "--out", str(tmp_path / "run")]
    assert message in refused(fit.main, ["champati", *argv, *out])
    assert not (tmp_path / "run").exists()
