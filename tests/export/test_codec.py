"""Colour-grid files by the command: written, read back, damaged; whatever the photographs bring along."""

import io
import re

import numpy as np
import pytest
from PIL import Image

import zoo
from export import codec
from export.color_files import opened
from export.containers import PAYLOAD, attach, records
from export.descent import descended
from export.photographs import read
from training.command import run
from training.data.pixels import read_image
from training.metrics.images import psnr, squared_error
from zoo.codecs import payload
from zoo.codecs.pyramid import Layout, Pyramid, luma_and_grids
from zoo.errors import ZooError

KINDS = tuple(codec.KINDS)
HEIGHT, WIDTH = 90, 101  # of all photographs here: networks are built for each size


@pytest.fixture(scope="module")
def photograph(photographs, tmp_path_factory):
    """A file of a photograph, no side of which is a multiple of 8."""
    path = tmp_path_factory.mktemp("photographs") / "photo.png"
    Image.fromarray(photographs[0][:HEIGHT, :WIDTH]).save(path)
    return path


@pytest.fixture(scope="module")
def files(photograph, tmp_path_factory):
    """Colour-grid files of it, by kind."""
    out = tmp_path_factory.mktemp("files")
    for kind in KINDS:
        assert run(codec.main, ["encode", str(photograph), "--kind", kind, "--out", str(out)]) == 0
    return {kind: out / f"photo{suffix}" for kind, suffix in codec.KINDS.items()}


def encoded(photo, out, capsys, *flags):
    """What `encode` says about a photograph: quality, bytes, bytes of colours, and dB."""
    capsys.readouterr()
    assert run(codec.main, ["encode", str(photo), "--out", str(out), *flags]) == 0
    line = capsys.readouterr().out
    found = re.search(r"quality (\d+), ([\d,]+) bytes, ([\d,]+) of them colours, ([\d.]+) dB", line)
    return [float(number.replace(",", "")) for number in found.groups()]


def spoilt(data):
    """A file with a byte of its payload changed."""
    held = records(data)
    changed = bytearray(held[PAYLOAD])
    changed[-1] ^= 1
    return attach(data, held | {PAYLOAD: bytes(changed)})


@pytest.mark.parametrize("kind", KINDS)
def test_any_viewer_shows_the_luma(kind, files, photograph):
    rgb = read(photograph).rgb
    luma = np.asarray(Image.fromarray(rgb).convert("L"))
    with Image.open(files[kind]) as image:
        shown = np.asarray(image.convert("RGB"))
    assert np.ptp(shown.astype(int), axis=-1).max() <= 1
    assert psnr(luma, shown[..., 1]) > (80 if kind == "png" else 30)


@pytest.mark.parametrize("kind", KINDS)
def test_colours_come_back_from_the_file(kind, files, photograph, tmp_path, capsys):
    told = encoded(photograph, tmp_path, capsys, "--kind", kind)
    again = tmp_path / files[kind].name
    assert again.read_bytes() == files[kind].read_bytes()  # two runs, the same bytes
    assert told[1] == again.stat().st_size
    assert told[2] == len(records(again.read_bytes())[PAYLOAD])
    assert run(codec.main, ["decode", str(again), "--out", str(tmp_path / "back")]) == 0
    back = read_image(tmp_path / "back/photo.png")[0]
    rgb = read(photograph).rgb
    assert psnr(rgb, back) == pytest.approx(told[3], abs=0.01)
    grey = np.repeat(np.asarray(Image.fromarray(rgb).convert("L"))[..., None], 3, axis=-1)
    assert psnr(rgb, back) > psnr(rgb, grey) + 5


def test_better_qualities_have_more_bytes_of_both(photograph, tmp_path, capsys):
    found = np.array(
        [encoded(photograph, tmp_path, capsys, "--quality", quality) for quality in ("10", "50", "90")],
    )
    assert np.all(np.diff(found, axis=0) > 0)


def test_effort_goes_into_what_a_file_costs(photograph, tmp_path, capsys):
    for effort in ("0", "6"):
        assert encoded(photograph, tmp_path, capsys, "--quality", "60", "--effort", effort)[3] > 28


def test_descent_lowers_error_and_bytes_together(photograph):
    rgb = read(photograph).rgb
    luma, grids = luma_and_grids(rgb)
    layout = Layout(luma.shape, 4, 30)
    pyramid, price = Pyramid(layout, luma, zoo.load(codec.DECODER)), 3 * layout.price

    def cost(residuals, grid):
        error = squared_error(rgb, pyramid.joined(grid))
        return error + price * 8 * len(payload.write(layout, residuals, codec.DECODER))

    before = pyramid.encode(grids, payload.priors())
    after = descended(pyramid, before, grids, rgb, price, 4)
    assert cost(*after) < 0.995 * cost(*before)
    assert np.array_equal(pyramid.decode(after[0]), after[1])


def test_descent_that_ends_up_worse_is_not_kept(photograph, monkeypatch):
    monkeypatch.setattr("export.descent.RATE", 50.0)
    rgb = read(photograph).rgb
    luma, grids = luma_and_grids(rgb)
    pyramid = Pyramid(Layout(luma.shape, 8, 56), luma, zoo.load(codec.DECODER))
    usual = pyramid.encode(grids, payload.priors())
    assert np.array_equal(descended(pyramid, usual, grids, rgb, 3 * pyramid.layout.price, 2)[1], usual[1])


def test_targets_are_met(photograph, tmp_path, capsys):
    quality, size, _, _ = encoded(photograph, tmp_path, capsys, "--target-bytes", "2000")
    assert size <= 2000
    assert encoded(photograph, tmp_path, capsys, "--quality", str(int(quality) + 1))[1] > 2000
    quality, _, _, found = encoded(photograph, tmp_path, capsys, "--target-psnr", "30")
    assert found >= 30
    assert encoded(photograph, tmp_path, capsys, "--quality", str(int(quality) - 1))[3] < 30
    assert encoded(photograph, tmp_path, capsys, "--quality", "90", "--color-bytes", "150")[2] <= 150


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--target-bytes", "300"], "more than 300 bytes"),
        (["--color-bytes", "20"], "more than 20"),
        (["--target-psnr", "70"], "70 dB"),
        (["--target-psnr", "nan"], "number of dB"),
        (["--quality", "0"], "1 to 95"),
        (["--quality", "50", "--target-bytes", "300"], "not allowed with"),
        (["--decoder", "crayon-photographs"], "no decoder of colour-grid files"),
    ],
)
def test_what_cannot_be_had(flags, said, photograph, tmp_path, refused):
    assert said in refused(codec.main, ["encode", str(photograph), "--out", str(tmp_path / "none"), *flags])
    assert not list(tmp_path.rglob("*.*"))


def test_one_bad_file_does_not_stop_the_others(photograph, tmp_path, refused):
    (tmp_path / "tiny.png").write_bytes(_png(np.zeros((9, 9, 3), np.uint8)))
    (tmp_path / "text.png").write_text("no image")
    bad = [str(tmp_path / name) for name in ("tiny.png", "text.png")]
    line = refused(codec.main, ["encode", *bad, str(photograph), "--out", str(tmp_path / "out")])
    assert "2 of 3" in line
    assert "16x16" in line
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo.jpg"]


def test_a_grey_photograph_stays_grey(photographs, tmp_path):
    grey = np.asarray(Image.fromarray(photographs[0][:HEIGHT, :WIDTH]).convert("L").convert("RGB"))
    assert codec.save(grey, tmp_path / "grey.png").color_bytes <= 25
    assert np.array_equal(codec.load(tmp_path / "grey.png"), grey)


def test_a_colour_grid_file_is_not_taken_for_a_grey_photograph(files, tmp_path, refused):
    line = refused(codec.main, ["encode", str(files["jpeg"]), "--out", str(tmp_path / "out")])
    assert "decode it first" in line


def test_saved_numbers_of_another_space_are_loaded_as_srgb(photographs, tmp_path, p3_profile):
    path = tmp_path / "photo.png"
    Image.fromarray(photographs[0][:HEIGHT, :WIDTH]).save(path, icc_profile=p3_profile)
    assert run(codec.main, ["encode", str(path), "--kind", "png", "--quality", "90", "--out", str(tmp_path / "a")]) == 0
    assert psnr(codec.load(tmp_path / "a/photo.png"), read_image(path)[0]) > 30


def test_profile_exif_xmp_and_alpha_come_through(photographs, tmp_path, p3_profile):
    rgb = photographs[0][:HEIGHT, :WIDTH]
    image = Image.fromarray(rgb)
    image.putalpha(Image.fromarray(np.arange(HEIGHT * WIDTH, dtype=np.uint32).reshape(HEIGHT, WIDTH).astype(np.uint8)))
    exif = Image.Exif()
    exif[315] = "somebody"
    path = tmp_path / "photo.png"
    image.save(path, icc_profile=p3_profile, exif=exif)
    assert run(codec.main, ["encode", str(path), "--kind", "webp", "--out", str(tmp_path / "a")]) == 0
    assert run(codec.main, ["decode", str(tmp_path / "a/photo.webp"), "--out", str(tmp_path / "b")]) == 0
    before, after = read(path), read(tmp_path / "b/photo.png")
    assert after.profile == before.profile == p3_profile
    assert np.array_equal(after.alpha, before.alpha)
    assert Image.open(tmp_path / "b/photo.png").getexif()[315] == "somebody"


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_colours_leave_a_grey_photograph(kind, files, tmp_path, capsys):
    path = tmp_path / files[kind].name
    path.write_bytes(spoilt(files[kind].read_bytes()))
    assert run(codec.main, ["decode", str(path), "--out", str(tmp_path / "back")]) == codec.DAMAGED
    assert "warning: written without colours" in capsys.readouterr().err
    back = read_image(tmp_path / "back/photo.png")[0]
    assert np.ptp(back.astype(int), axis=-1).max() == 0
    assert np.array_equal(back[..., 0], opened(path.read_bytes()).luma)


def test_files_without_colours_are_said_to_be_that(photograph, files, tmp_path, capsys):
    with Image.open(files["jpeg"]) as image:
        image.resize((80, 60)).save(tmp_path / "resized.png")
    base = attach(files["png"].read_bytes(), {})
    (tmp_path / "small.png").write_bytes(attach((tmp_path / "resized.png").read_bytes(), records(_bytes(files["png"]))))
    (tmp_path / "base.png").write_bytes(base)
    paths = [str(tmp_path / name) for name in ("small.png", "base.png")]
    assert run(codec.main, ["info", *paths, str(files["avif"])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "it was resized or cut" in lines[0]
    assert "it is an ordinary image file" in lines[1]
    assert "of them colours for crayon_edge-pyramid" in lines[2]


def test_arrays_are_saved_and_loaded(photograph, files, tmp_path):
    rgb = read(photograph).rgb
    file = codec.save(rgb, tmp_path / "photo.jpg")
    assert (tmp_path / "photo.jpg").read_bytes() == files["jpeg"].read_bytes() == file.data
    assert psnr(rgb, codec.load(tmp_path / "photo.jpg")) == file.psnr
    (tmp_path / "grey.jpg").write_bytes(attach(file.data, {}))
    with pytest.raises(ZooError, match="no colours"):
        codec.load(tmp_path / "grey.jpg")


def test_ordinary_files_where_they_are_smaller(photograph, tmp_path, capsys):
    """Of a picture whose colours no luma tells; said without --auto, written with it, and decoded in its colours."""
    blocks = np.kron(np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    Image.fromarray(blocks).save(tmp_path / "blocks.png")
    sources = [str(tmp_path / "blocks.png"), str(photograph)]
    assert run(codec.main, ["encode", *sources, "--out", str(tmp_path / "grid")]) == 0
    said, other = capsys.readouterr().out.splitlines()
    assert "an ordinary colour JPEG as good has" in said
    assert "an ordinary" not in other
    for kind, suffix in ((kind, codec.KINDS[kind]) for kind in ("jpeg", "png", "avif")):
        out = tmp_path / kind
        capsys.readouterr()
        assert run(codec.main, ["encode", sources[0], "--auto", "--kind", kind, "--out", str(out)]) == 0
        assert "an ordinary colour file" in capsys.readouterr().out.splitlines()[0]
        if kind == "jpeg":
            plain, grid = ((folder / "blocks.jpg").stat().st_size for folder in (out, tmp_path / "grid"))
            assert plain < grid
        assert run(codec.main, ["decode", str(out / f"blocks{suffix}"), "--out", str(out / "back")]) == 0
        assert psnr(blocks, read_image(out / "back/blocks.png")[0]) > 25


def test_ordinary_files_of_any_kind_keep_their_colours(photograph, tmp_path, capsys):
    """Also of kinds that could hold none of ours, and of a JPEG that a program has padded between its segments."""
    with Image.open(photograph) as image:
        rgb = np.asarray(image.convert("RGB"))
        for name in ("a.tif", "b.bmp", "c.jpg"):
            image.convert("RGB").save(tmp_path / name, quality=98)
    jpeg = (tmp_path / "c.jpg").read_bytes()
    (tmp_path / "c.jpg").write_bytes(jpeg[:20] + bytes(4) + jpeg[20:])
    names = [str(tmp_path / name) for name in ("a.tif", "b.bmp", "c.jpg")]
    assert run(codec.main, ["decode", *names, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.count("an ordinary image file, its own colours") == 3
    for name in "abc":
        assert psnr(rgb, read_image(tmp_path / "out" / f"{name}.png")[0]) > 30


def test_nothing_is_lost(photograph, tmp_path, refused):
    """No input, no file of somebody else; what the command wrote itself is replaced."""
    source = tmp_path / "photo.jpg"
    with Image.open(photograph) as image:
        image.save(source)
    before = source.read_bytes()
    assert "is one of the files to read" in refused(codec.main, ["encode", str(source), "--out", str(tmp_path)])
    other = tmp_path / "out/photo.jpg"
    other.parent.mkdir()
    other.write_bytes(before)
    refused(codec.main, ["encode", str(photograph), "--out", str(other.parent)])
    assert source.read_bytes() == other.read_bytes() == before
    arguments = ["encode", str(photograph), "--out", str(tmp_path / "new")]
    assert run(codec.main, arguments) == run(codec.main, arguments) == 0


def _bytes(path):
    return path.read_bytes()


def _png(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "png")
    return file.getvalue()
