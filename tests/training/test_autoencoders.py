"""Auto-encoders and their peers: real bytes, deltas of rates, recipes to the closing table."""

import json
import shutil

import bjontegaard
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import zoo
from training import evaluate, fit
from training.baselines.counted_latents import LatentCounts
from training.baselines.image_codecs import image_codec
from training.baselines.palettes import PALETTES, paletted
from training.command import CommandError
from training.data.batches import balanced
from training.data.pixels import read_image
from training.data.sources import SAMPLES, open_dataset
from training.evaluation.autoencoders import _others, deltas
from training.metrics.images import psnr
from training.metrics.images import ssim as ssim_of_one
from training.metrics.rates import bd_rate
from training.metrics.ssim_loss import ssim
from training.tasks.latent import LatentTask

DATA = ["--dataset", "samples", "--size", "32"]


@pytest.fixture(scope="module")
def small():
    """Four samples at 64x64."""
    return [read_image(path)[0][::4, ::4] for path in sorted((SAMPLES / "train").glob("*.webp"))[:4]]


@pytest.mark.parametrize("method", PALETTES)
def test_palettes(method, small):
    """More colours cost more and are nearer; dithering is farther from each pixel; no more colours than asked for."""
    for dither in (False, True):
        coded = [[paletted(rgb, PALETTES[method](rgb, count), method, dither) for rgb in small] for count in (4, 32)]
        quality = [np.mean([psnr(rgb, found) for rgb, (found, _) in zip(small, part, strict=True)]) for part in coded]
        sizes = [np.mean([bytes_["webp"] for _, bytes_ in part]) for part in coded]
        assert quality[0] < quality[1]
        assert sizes[0] < sizes[1]
        assert all(len(np.unique(found.reshape(-1, 3), axis=0)) <= 4 for found, _ in coded[0])
    few = np.repeat(small[0][:1, :2], 8, axis=0)
    assert np.array_equal(paletted(few, PALETTES["k-means"](few, 16), "k-means")[0], few)


def test_image_codecs(small):
    for name in ("JPEG", "WebP", "AVIF"):
        (rough, few), (fine, many) = (image_codec(name, small[0], quality) for quality in (10, 80))
        assert few < many < small[0].size
        assert psnr(small[0], rough) < psnr(small[0], fine)


def test_bd_rate():
    curve = [(0.25, 28.0), (0.5, 31.0), (1.0, 34.0), (2.0, 37.0)]
    assert bd_rate(curve, curve) == pytest.approx(0, abs=1e-9)
    assert bd_rate(curve, [(0.8 * rate, quality) for rate, quality in curve]) == pytest.approx(-20)
    assert bd_rate(curve, [(rate, quality + 3) for rate, quality in curve]) == pytest.approx(-50)
    assert bd_rate(curve, [(rate, quality + 20) for rate, quality in curve]) is None
    assert bd_rate(curve, curve[:1]) is None
    rows = [
        {"name": n, "metrics": {"bpp": r, "psnr": q, "ssim": q / 50}} for n in ("adaptive", "other") for r, q in curve
    ]
    assert [(row["name"], row["metrics"]["bd_rate"]) for row in deltas(rows)] == [("adaptive against other", 0)]


def test_bd_rate_is_that_of_the_package():
    """bjontegaard's, by PCHIP, of curves that have other points."""
    curve, other = [(0.2, 27.1), (0.5, 31.0), (1.1, 34.2), (2.0, 37.0)], [(0.25, 29.0), (0.6, 33.0), (0.9, 34.5)]
    given = [np.array(each) for points in (curve, other) for each in zip(*points, strict=True)]
    options = {"method": "pchip", "require_matching_points": False, "min_overlap": 0}
    assert bd_rate(curve, other) == pytest.approx(bjontegaard.bd_rate(*given, **options), abs=1e-6)


def test_ssim_of_many_is_that_of_each(small):
    originals = np.stack(small)
    decoded = np.stack([image_codec("JPEG", rgb, 20)[0] for rgb in small])
    found = np.asarray(ssim(originals.astype("float32") / 255, decoded.astype("float32") / 255))
    assert found == pytest.approx([ssim_of_one(*pair) for pair in zip(originals, decoded, strict=True)], abs=1e-3)


@pytest.mark.parametrize("bits", [8, 4])
def test_a_latent_in_a_few_bits(bits):
    random = np.random.default_rng(0)
    latents = np.maximum(random.normal(size=(50, 4, 4, 6)), 0) * [1, 2, 3, 4, 5, 0]
    counts = LatentCounts(latents, bits)
    data = counts.encode(latents[0])
    decoded = counts.decode(data, (4, 4))
    assert decoded.shape == (4, 4, 6)
    assert (np.abs(decoded - latents[0]) <= counts.step / 2 + 1e-6).all()
    assert len(data) < 4 * 4 * 6 * bits / 8


def test_balanced_images(tmp_path, small):
    for part, label, count in (("train", "a", 2), ("test", "a", 3), ("test", "b", 1)):
        for i in range(count):
            path = tmp_path / part / label / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(small[i]).save(path)
    photographs = open_dataset(f"folder:{tmp_path}", (), 0)
    assert photographs.classes("test") == ["a", "b"]
    assert balanced(photographs, "test", 64, 2)[1].tolist() == [0, 1]
    assert balanced(photographs, "test", 64, None)[1].tolist() == [0, 0, 0, 1]
    images, labels = balanced(open_dataset("samples", (), 0), "all", 64, 5)
    assert (len(images), labels) == (5, None)


@pytest.mark.parametrize(
    ("recipe", "flags", "points"),
    [
        ("color_autoencoder", ["--latent", "8", "--ssim", "0.5"], ["float32", "8 bits", "4 bits"]),
        ("adaptive_autoencoder", ["--decay"], list(range(8))),
    ],
)
def test_recipes_to_the_closing_table(recipe, flags, points, tmp_path):
    out = tmp_path / "run"
    argv = [recipe, *DATA, *flags, "--width", "4", "--epochs", "2", "--batch-size", "8", "--out", str(out)]
    assert fit.main(argv) == 0
    rows = json.loads((out / "metrics.json").read_text())["rows"]
    assert [row["point"] for row in rows] == points
    assert all(row["metrics"]["psnr"] > 8 for row in rows)
    with Image.open(out / "preview.png") as preview:
        assert preview.size[0] in (2 * 32, 4 * 32)
    figures = ["--results", str(tmp_path / "rows.json"), "--figures", str(tmp_path / "figures")]
    assert evaluate.main([str(out), *DATA, "--allow-overlap", "--limit", "1", *figures]) == 0
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"rate-psnr.png", "rate-ssim.png"}


@pytest.mark.slow
def test_report(tmp_path, small, refused):
    """All charts in one page; an adaptive network that is not trained is worth something already."""
    for part, label, count in (("train", "a", 8), ("test", "a", 4), ("test", "b", 2)):
        for i in range(count):
            path = tmp_path / "data" / part / label / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            view = small[i % 4][i // 4 :: 2, ::2] if part == "train" else small[i][16:48, 16:48]
            Image.fromarray(view).save(path)
    shutil.copy(tmp_path / "data" / "train" / "a" / "0.png", tmp_path / "data" / "test" / "a" / "known.png")
    data = ["--dataset", f"folder:{tmp_path / 'data'}", "--size", "32"]
    paper, adaptive, out = tmp_path / "paper", tmp_path / "model.keras", tmp_path / "report"
    assert fit.main(["color_autoencoder", *data, "--width", "4", "--epochs", "2", "--out", str(paper)]) == 0
    zoo.adaptive_autoencoder(width=4).save(adaptive)
    data += ["--results", str(tmp_path / "rows.json")]
    argv = [*data, "--report", "autoencoder", "--figures", str(out)]
    assert "needs a run of color_autoencoder" in refused(evaluate.main, [str(adaptive), *argv, "--limit", "1"])
    assert evaluate.main([str(paper), str(adaptive), *argv]) == 0
    results = json.loads((tmp_path / "rows.json").read_text())
    assert results["dataset"]["images"] == 6  # without the one that is among those for training
    rows = results["rows"]
    names = {row["name"] for row in rows if row["point"] != "delta"}
    assert {"k-means", "median cut, dithered", "octree", "JPEG", "WebP", "AVIF", "color_autoencoder"} < names
    change = {row["name"]: row["metrics"].get("bd_rate") for row in rows if row["point"] == "delta"}
    assert change["adaptive depth against median cut, dithered"] < -20
    assert evaluate.main([str(paper), *data, "--add"]) == 0
    added = {(row["name"], row["point"]): row for row in json.loads((tmp_path / "rows.json").read_text())["rows"]}
    assert len(added) == len(rows)
    assert all(
        added[row["name"], row["point"]]["metrics"] == pytest.approx(row["metrics"], rel=1e-3, abs=1e-3) for row in rows
    )
    assert "has other images" in refused(evaluate.main, [str(paper), *data, "--add", "--limit", "1"])
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(list(out.glob("*.png"))) == 13
    assert "k-means, " in page
    assert "http" not in page


def test_bare_files(tmp_path, small, capsys):
    """Without recipe.json; two of one curve have rows of their own, and grey photographs do no harm."""
    for i, rgb in enumerate(small):
        (tmp_path / "data").mkdir(exist_ok=True)
        Image.fromarray(rgb).convert("L").save(tmp_path / "data" / f"{i}.png")
    models = {"paper": zoo.color_autoencoder(width=2)}
    models |= {name: zoo.adaptive_autoencoder(width=2) for name in ("one", "two")}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    runs, path = [str(tmp_path / f"{name}.keras") for name in models], tmp_path / "rows.json"
    argv = ["--dataset", f"folder:{tmp_path / 'data'}", "--size", "32", "--results", str(path)]
    assert evaluate.main([*runs, *argv]) == 0
    assert "has no recipe.json beside it" in capsys.readouterr().out
    rows = [row for row in json.loads(path.read_text())["rows"] if row["point"] != "delta"]
    points = {name: [row["point"] for row in rows if row["name"] == name] for name in {row["name"] for row in rows}}
    both = {f"adaptive depth {name}.keras": list(range(8)) for name in ("one", "two")}
    assert points == {"color_autoencoder": ["float32"], **both}


@pytest.mark.parametrize(("depth", "learns"), [("colors", False), ("uniform", True)])
def test_no_gradient_where_a_latent_is_cut_off(depth, learns, small):
    """A region that is all but flat gets no bits by its colours: to make its latent larger would never pay."""
    network = zoo.adaptive_autoencoder((16, 16), width=4)
    flat = 100 + small[0][:16, :16] / 40
    rgb = keras.Input((16, 16, 3))
    scores = keras.Model(rgb, LatentTask(network, depth).outputs(rgb))
    with tf.GradientTape() as tape:
        cost = scores(flat[None])[0, 0]
    gradients = tape.gradient(cost, network.get_layer("encoder").trainable_variables)
    assert any(np.any(tf.convert_to_tensor(gradient)) for gradient in gradients) == learns


def test_rows_of_others_are_not_mixed_with_new_ones(tmp_path):
    """Other images, or another model of the same name."""
    path = tmp_path / "found.json"
    rows = [{"name": name, "point": "4"} for name in ("adaptive depth", "JPEG")]
    old = {"dataset": {"name": "a", "digest": "1"}, "models": {"adaptive depth": {"parameters": 5}}, "rows": rows}
    path.write_text(json.dumps(old))
    new = [{"name": "adaptive depth", "point": "4"}]
    assert _others(path, old["dataset"], new, old["models"]) == (rows[1:], old["models"])
    with pytest.raises(CommandError, match="has other images"):
        _others(path, old["dataset"] | {"digest": "2"}, new, old["models"])
    with pytest.raises(CommandError, match="has rows of another adaptive depth"):
        _others(path, old["dataset"], new, {"adaptive depth": {"parameters": 6}})


def test_bad_settings(tmp_path, refused):
    out = ["--dataset", "samples", "--out", str(tmp_path / "run")]
    assert "--size must be a multiple of 8" in refused(fit.main, ["color_autoencoder", "--size", "60", *out])
    assert "--ssim must lie between 0 and 1" in refused(fit.main, ["color_autoencoder", "--ssim", "2", *out])
    assert not (tmp_path / "run").exists()
