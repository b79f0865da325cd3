"""Files of an auto-encoder from the command line: there and back, damaged or not."""

import numpy as np
import pytest
from PIL import Image

from export import latents
from zoo import adaptive_autoencoder, color_autoencoder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("autoencoder") / "model.keras"
    adaptive_autoencoder(width=4).save(path)
    return path


@pytest.fixture
def command(model, tmp_path):
    """Arguments of the command for files of these names in a folder."""

    def arguments(*names, out="out"):
        return [*(str(tmp_path / name) for name in names), "--model", str(model), "--out", str(tmp_path / out)]

    return arguments


def test_there_and_back(command, photographs, tmp_path, capsys):
    Image.fromarray(photographs[0][:77, :101]).save(tmp_path / "odd.png")
    Image.new("L", (3, 5), 90).save(tmp_path / "grey.png")
    assert latents.main(command("odd.png", "grey.png")) == 0
    written = capsys.readouterr().out
    assert f"101x77, {(tmp_path / 'out' / 'odd.latent').stat().st_size:,} bytes" in written
    assert (tmp_path / "out" / "grey.latent").stat().st_size <= 16
    assert latents.main(command("out/odd.latent", "out/grey.latent", out="back")) == 0
    with Image.open(tmp_path / "back" / "odd.png") as image:
        assert image.size == (101, 77)
    with Image.open(tmp_path / "back" / "grey.png") as image:
        assert np.abs(np.asarray(image).astype(int) - 90).max() <= 1


def test_damaged_files_are_named_and_the_rest_written(command, photographs, tmp_path, refused):
    Image.fromarray(photographs[0][:64, :64]).save(tmp_path / "good.png")
    assert latents.main(command("good.png", out=".")) == 0
    data = (tmp_path / "good.latent").read_bytes()
    (tmp_path / "short.latent").write_bytes(data[:-3])
    (tmp_path / "flipped.latent").write_bytes(data[:9] + bytes([data[9] ^ 4]) + data[10:])
    (tmp_path / "empty.latent").write_bytes(b"")
    (tmp_path / "text.png").write_text("no image")
    names = ["short.latent", "flipped.latent", "empty.latent", "text.png", "good.latent"]
    line = refused(latents.main, command(*names))
    assert all(name in line for name in names[:-1])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.png"]


def test_a_file_of_others_stays(command, photographs, tmp_path, refused):
    """Whatever it begins with, other than what such a file does."""
    Image.fromarray(photographs[0][:64, :64]).save(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    for first in (b"", b"\x08", b"\xbf", b"\xd8", b"\xff"):
        (tmp_path / "out" / "a.latent").write_bytes(first)
        assert "did not write" in refused(latents.main, command("a.png"))
        assert (tmp_path / "out" / "a.latent").read_bytes() == first


def test_refused(command, tmp_path, refused):
    assert "--level must be 0 to 7" in refused(latents.main, [*command("a.png"), "--level", "8"])
    color_autoencoder(width=2).save(tmp_path / "plain.keras")
    assert "no auto-encoder with bits" in refused(
        latents.main, [str(tmp_path / "a.png"), "--model", str(tmp_path / "plain.keras")]
    )
