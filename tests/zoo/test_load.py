"""`zoo.load`: weights, runs and files as what photographs go through."""

import json

import numpy as np
import pytest

import zoo
from training.metrics.images import psnr
from zoo.__main__ import main
from zoo.codecs.autoencoder import AutoencoderCodec
from zoo.codecs.classifier import Classifier
from zoo.codecs.colorizer import Colorizer
from zoo.codecs.grid import EdgeCodec, GridImage, HintsCodec
from zoo.codecs.latent import LatentCodec
from zoo.errors import ZooError

KINDS = {
    "crayon": HintsCodec,
    "crayon_edge": EdgeCodec,
    "crayon_edge_m": EdgeCodec,
    "color_autoencoder": AutoencoderCodec,
    "adaptive_autoencoder": LatentCodec,
    "champati_regression": Colorizer,
    "champati_classification": Colorizer,
    "champati_features": Classifier,
}


@pytest.mark.parametrize("name", zoo.list_weights())
def test_weights_by_name(name):
    card = zoo.card(name)
    codec = zoo.load(name)
    assert type(codec) is KINDS[card["model"]]
    assert card["model"] in zoo.list_models()
    assert codec.model.count_params() == card["parameters"]
    assert codec.settings["recipe"] == card["settings"]["recipe"]


@pytest.mark.parametrize(("name", "least"), [("crayon_edge-photographs", 34), ("crayon-photographs", 31)])
@pytest.mark.parametrize("kind", [None, "points"])
def test_a_photograph_comes_back_from_8_bits(name, least, kind, photographs):
    codec, photo = zoo.load(name), photographs[0][:151, :97]
    seen = codec.encode(photo, n=10, kind=kind)
    assert (seen.luma.shape, seen.grid.shape) == ((151, 97), (16, 10, 2))
    assert seen.luma.dtype == seen.grid.dtype == np.uint8
    assert psnr(photo, codec.decode(seen)) > least
    # One colour changed by a person is seen where it is, and nowhere far from there.
    painted = seen.grid.copy()
    painted[2, 2] += 40
    changed = np.abs(codec.decode(GridImage(seen.luma, painted, seen.n, seen.kind)).astype(int) - codec.decode(seen))
    assert changed[20:30, 20:30].mean() > 5 * max(changed[120:].mean(), 0.1)


def test_a_run_and_a_file(run_folder, tmp_path, photographs):
    run = zoo.load(run_folder)
    assert run.settings["recipe"] == "crayon"
    assert run.encode(photographs[0]).n == run.settings["n"]
    bare = zoo.load(run_folder / "model.keras")
    assert bare.settings == run.settings
    zoo.crayon(width=2).save(tmp_path / "bare.keras")
    assert zoo.load(tmp_path / "bare.keras").settings == {}
    assert zoo.load(tmp_path / "bare.keras").encode(photographs[0]).n == 20


def test_what_cannot_be_loaded(tmp_path, photographs):
    with pytest.raises(ZooError, match="no run or model at nothing"):
        zoo.load("nothing")
    (tmp_path / "recipe.json").write_text("[")
    zoo.crayon(width=2).save(tmp_path / "model.keras")
    with pytest.raises(ZooError, match="is damaged .*put the run's own file there again"):
        zoo.load(tmp_path)
    codec = zoo.load("crayon_edge")
    seen = codec.encode(photographs[0], n=16)
    with pytest.raises(ValueError, match=r"`grid` must be \(32, 32, 2\)"):
        codec.decode(GridImage(seen.luma, seen.grid, 8, "means"))
    with pytest.raises(ValueError, match="n = 300 is larger than an image of 256x256"):
        codec.encode(photographs[0], n=300)
    with pytest.raises(ValueError, match="`photo` must be uint8"):
        codec.encode(photographs[0].astype(float))


def test_the_card_of_weights_is_printed(capsys):
    assert main(["crayon_edge"]) == 0
    assert json.loads(capsys.readouterr().out) == zoo.card("crayon_edge-photographs")
    assert main(["nothing"]) == 2
    assert "is none of the weights" in capsys.readouterr().err
