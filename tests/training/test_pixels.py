"""Any image file as 8-bit sRGB: colour spaces, numbers of every type, alpha, what is refused."""

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from training.data.pixels import read_image
from training.data.sources import SAMPLES, open_dataset

SRGB = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
D65, WHITE_50 = (0.3127, 0.329), (0.3457, 0.3585)


def encoded(linear, gamma):
    """Numbers from 0 to 1 of light from 0 to 1: by the curve of sRGB, or by a power."""
    if gamma == "sRGB":
        return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)
    return linear ** (1 / gamma)


def light(numbers, gamma):
    """The inverse of `encoded`."""
    if gamma == "sRGB":
        return np.where(numbers <= 0.04045, numbers / 12.92, ((numbers + 0.055) / 1.055) ** 2.4)
    return numbers**gamma


def to_xyz(primaries, white):
    """The matrix from linear RGB to XYZ, adapted to D50 as profiles are, by Bradford's matrix."""
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    x, y = white
    white = np.array((x / y, 1, (1 - x - y) / y))
    cone = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapt = np.linalg.inv(cone) @ np.diag(cone @ (0.9642, 1, 0.8249) / (cone @ white)) @ cone
    return adapt @ (columns * np.linalg.solve(columns, white))


def profile(name, primaries=None, white=D65, gamma="sRGB"):
    """A small ICC profile, of RGB, or of grey if there are no primaries."""
    curve = (65535 * light(np.linspace(0, 1, 4096), gamma)).round().astype(">u2").tobytes()
    curve = b"curv" + struct.pack(">II", 0, 4096) + curve
    tags = {b"desc": b"desc" + struct.pack(">II", 0, len(name) + 1) + name.encode() + bytes(79)}
    tags[b"wtpt"] = b"XYZ " + struct.pack(">I3i", 0, 63190, 65536, 54061)
    if primaries:
        for letter, column in zip("rgb", to_xyz(primaries, white).T, strict=True):
            values = (round(65536 * value) for value in column)
            tags[f"{letter}XYZ".encode()] = b"XYZ " + struct.pack(">I3i", 0, *values)
            tags[f"{letter}TRC".encode()] = curve
    else:
        tags[b"kTRC"] = curve
    head, body = b"", b""
    for tag, content in tags.items():
        head += struct.pack(">4sII", tag, 132 + 12 * len(tags) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    space = b"RGB " if primaries else b"GRAY"
    start = struct.pack(">I4sI4s4s4s", 132 + len(head) + len(body), b"", 0x02400000, b"mntr", space, b"XYZ ")
    start = start.ljust(36, b"\0") + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return start.ljust(128, b"\0") + struct.pack(">I", len(tags)) + head + body


def reencoded(rgb, primaries, white=D65, gamma="sRGB"):
    """uint8 sRGB as uint8 of another colour space that holds all of its colours."""
    matrix = np.linalg.inv(to_xyz(primaries, white)) @ to_xyz(SRGB, D65)
    other = (light(rgb / 255, "sRGB") @ matrix.T).clip(0, 1)
    return (255 * encoded(other, gamma)).round().astype(np.uint8)


def chunks(**content):
    """A PngInfo with gAMA and cHRM as given."""
    info = PngInfo()
    for name, values in content.items():
        info.add(name.encode(), struct.pack(f">{len(values)}I", *(round(100000 * value) for value in values)))
    return info


def read(image, kind="png", **options):
    """What `read_image` makes of an image that was saved, and its remarks."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return read_image(file)


@pytest.fixture(scope="module")
def picture():
    """A real photograph of 128x128, less colourful so that every colour space holds it."""
    with Image.open(SAMPLES / "validation" / "1391487.webp") as image:
        return np.asarray(image.convert("RGB"))[::2, ::2]


@pytest.mark.parametrize(
    ("name", "primaries", "white", "gamma"),
    [
        ("Display P3", DISPLAY_P3, D65, "sRGB"),
        ("Adobe RGB (1998)", ADOBE_RGB, D65, 2.2),
        ("ProPhoto RGB", PROPHOTO, WHITE_50, 1.8),
        ("Rec. 2020", ((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)), D65, 2.4),
        ("linear sRGB", SRGB, D65, 1.0),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colour_spaces(picture, name, primaries, white, gamma, mode):
    icc = profile(name, primaries, white, gamma)
    if mode == "P":
        picture = np.asarray(Image.fromarray(picture).quantize(200).convert("RGB"))
    image = Image.fromarray(reencoded(picture, primaries, white, gamma))
    if mode == "P" and len(image.getcolors()) <= 256:
        image = image.quantize(256, dither=Image.Dither.NONE)
    else:
        image = image.convert("RGBA" if mode == "RGBA" else "RGB")
    rgb, remarks = read(image, icc_profile=icc)
    assert f"converted from {name}" in remarks
    error = np.abs(rgb.astype(int) - picture)
    # Eight bits of linear light or of a large colour space cannot say what is dark.
    assert error.mean() < (3 if gamma == 1.0 else 0.6)
    assert np.percentile(error, 99) <= (20 if gamma == 1.0 else 3)


def test_a_profile_of_srgb_leaves_pixels_as_they_are(picture):
    for icc in (profile("mine", SRGB), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        for image in (Image.fromarray(picture), Image.fromarray(picture).convert("RGBA")):
            rgb, remarks = read(image, icc_profile=icc)
            assert np.array_equal(rgb, picture)
            assert not [remark for remark in remarks if "alpha" not in remark]


def test_profiles_of_grey(picture):
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    same, remarks = read(Image.fromarray(grey), icc_profile=profile("grey of sRGB"))
    assert np.array_equal(same, np.repeat(grey[..., None], 3, -1))
    assert remarks == ("converted from grey",)
    linear = (255 * light(grey / 255, "sRGB")).round().astype(np.uint8)
    expected = 255 * encoded(linear / 255, "sRGB")
    for image in (Image.fromarray(linear), Image.fromarray(linear).convert("LA")):
        rgb, remarks = read(image, icc_profile=profile("linear grey", gamma=1.0))
        assert "converted from linear grey" in remarks
        assert np.abs(rgb - expected[..., None]).max() <= 1
        assert (rgb == rgb[..., :1]).all()
    deep = (65535 * light(grey / 255, "sRGB")).round().astype(np.uint16)
    rgb, remarks = read(Image.fromarray(deep), icc_profile=profile("linear grey", gamma=1.0))
    assert remarks == ("converted from 16-bit", "converted from linear grey")


def test_lab_and_cmyk(picture):
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(picture), srgb, lab, outputMode="LAB")
    image.info.clear()
    rgb, remarks = read(image, "tiff")
    assert remarks == ("converted from LAB",)
    assert np.abs(rgb.astype(int) - picture).mean() < 1.5
    rgb, remarks = read(Image.fromarray(picture).convert("CMYK"), "tiff")
    assert remarks == ("converted from CMYK",)
    assert np.abs(rgb.astype(int) - picture).max() <= 2


@pytest.mark.parametrize(
    ("icc", "mode", "remark"),
    [
        (b"no profile at all", "RGB", "without a damaged profile"),
        (profile("cut", DISPLAY_P3)[:300], "RGB", "without a damaged profile"),
        (bytes(128) + profile("shifted", DISPLAY_P3), "RGB", "without a damaged profile"),
        (profile("of grey"), "RGB", "without a profile of other pixels"),
        (profile("of grey"), "RGBA", "without a profile of other pixels"),
        (profile("Display P3", DISPLAY_P3), "L", "without a profile of other pixels"),
        (profile("Display P3", DISPLAY_P3), "CMYK", "without a profile of other pixels"),
    ],
)
def test_a_bad_profile_is_passed_over(picture, icc, mode, remark):
    image = Image.fromarray(picture).convert(mode)
    kind = "tiff" if mode == "CMYK" else "png"
    rgb, remarks = read(image, kind, icc_profile=icc)
    assert remark in remarks
    assert np.array_equal(rgb, read(image, kind)[0])


def test_mutated_profiles_never_make_an_image_unreadable(picture):
    random, good = np.random.default_rng(0), profile("Display P3", DISPLAY_P3)
    small = Image.fromarray(picture[:8, :8])
    for _ in range(300):
        icc = bytearray(good[: random.integers(1, len(good)) if random.random() < 0.3 else None])
        for position in random.integers(0, min(len(icc), 400), 4):
            icc[position] = random.integers(256)
        assert read(small, icc_profile=bytes(icc))[0].shape == (8, 8, 3)


def test_gama_and_chrm_of_png(picture):
    """As in browsers: gAMA counts alone, cHRM only with it; the profile and sRGB come before both."""
    linear = Image.fromarray((255 * light(picture / 255, "sRGB")).round().astype(np.uint8))
    expected = 255 * encoded(np.asarray(linear) / 255, "sRGB")
    rgb, remarks = read(linear, pnginfo=chunks(gAMA=[1.0]))
    assert remarks == ("converted from gamma 1",)
    assert np.abs(rgb - expected).max() <= 1
    grey = linear.getchannel(1)
    rgb, remarks = read(grey, pnginfo=chunks(gAMA=[1.0]))
    assert remarks == ("converted from grey", "converted from gamma 1")
    assert np.abs(rgb[..., 0] - expected[..., 1]).max() <= 1

    p3 = Image.fromarray(reencoded(picture, DISPLAY_P3, gamma=1.8))
    primaries = [*D65, *np.ravel(DISPLAY_P3)]
    rgb, remarks = read(p3, pnginfo=chunks(gAMA=[1 / 1.8], cHRM=primaries))
    assert remarks == ("converted from gamma 1.8",)
    assert np.percentile(np.abs(rgb.astype(int) - picture), 99) <= 3

    image, srgb = Image.fromarray(picture), [*D65, *np.ravel(SRGB)]
    unchanged = [
        chunks(gAMA=[0.45455]),
        chunks(gAMA=[0.45455], cHRM=srgb),
        chunks(cHRM=primaries),
        chunks(gAMA=[0.0]),
        chunks(gAMA=[1.0], cHRM=[0.0] * 8),
        chunks(gAMA=[1.0], cHRM=[0.3] * 8),
    ]
    marked = chunks(gAMA=[1.0], cHRM=primaries)
    marked.add(b"sRGB", b"\0")
    for info in [*unchanged, marked]:
        assert np.array_equal(read(image, pnginfo=info)[0], picture)
    profiled = read(image, pnginfo=chunks(gAMA=[1.0]), icc_profile=profile("mine", SRGB))
    assert np.array_equal(profiled[0], picture)


def test_alpha_is_put_on_white_after_the_conversion(picture):
    alpha = np.full(picture.shape[:2], 128, np.uint8)
    image = Image.fromarray(np.dstack([reencoded(picture, DISPLAY_P3), alpha]))
    rgb, _ = read(image, icc_profile=profile("Display P3", DISPLAY_P3))
    expected = 255 - (255.0 - picture) * 128 / 255
    assert np.abs(rgb - expected).max() <= 3
    stored = io.BytesIO()
    image.save(stored, "tiff", icc_profile=profile("Display P3", DISPLAY_P3))
    assert np.array_equal(read_image(stored)[0], rgb)


def test_pixels_that_pillow_maps_from_a_file(picture, tmp_path):
    """They cannot be written to: an uncompressed TIFF of RGBA on disk."""
    image = Image.fromarray(reencoded(picture, DISPLAY_P3)).convert("RGBA")
    image.save(tmp_path / "a.tif", icc_profile=profile("Display P3", DISPLAY_P3))
    rgb, remarks = read_image(tmp_path / "a.tif")
    assert remarks == ("converted from alpha", "converted from Display P3")
    assert np.percentile(np.abs(rgb.astype(int) - picture), 99) <= 3


def pgm(levels):
    height, width = levels.shape
    return io.BytesIO(b"P5 %d %d 65535\n" % (width, height) + levels.astype(">u2").tobytes())


def test_numbers_are_scaled_by_their_type(picture):
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    dark = grey // 4  # none is near what the type can hold
    expected = np.repeat(dark[..., None], 3, -1)
    deep = dark.astype(np.uint16) * 257
    for kind in ("png", "tiff"):
        rgb, remarks = read(Image.fromarray(deep), kind)
        assert remarks == ("converted from 16-bit",)
        assert np.array_equal(rgb, expected)
    assert np.array_equal(read_image(pgm(deep))[0], expected)
    faint = read(Image.fromarray(np.full((4, 4), 200, np.uint16)))[0]
    assert (faint == 1).all()  # 200 of 65535, which was taken for 200 of 255
    rgb, remarks = read(Image.fromarray(dark.astype(np.float32) / 255), "tiff")
    assert remarks == ("converted from 32-bit floats",)
    assert np.array_equal(rgb, expected)
    rgb = read(Image.fromarray(np.array([[-0.0005, 1.0005]], np.float32)), "tiff")[0]
    assert rgb[0, :, 0].tolist() == [0, 255]


def test_negatives_and_12_bits(tmp_path):
    """Two kinds of TIFF that Pillow gives as they are stored."""
    levels = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    for name, options, expected in (
        ("negative", {"tiffinfo": {262: 0}}, 255 - levels // 257),
        ("plain", {}, levels // 257),
    ):
        Image.fromarray(levels).save(tmp_path / f"{name}.tif", **options)
        assert np.array_equal(read_image(tmp_path / f"{name}.tif")[0][..., 0], expected)
    # Two numbers of 12 bits, 0x800 and 0xFFF, in three bytes; width, height, bits, photometric, offset, rows, bytes.
    tags = [(256, 2), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1), (279, 3)]
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags)
    file = b"II*\0" + struct.pack("<I", 12) + b"\x80\x0f\xff\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    rgb, remarks = read_image(io.BytesIO(file))
    assert remarks == ("converted from 12-bit",)
    assert rgb[0, :, 0].tolist() == [128, 255]


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (np.linspace(0, 255, 16, dtype=np.float32), "32-bit floats from 0 to 1 expected; found 0 to 255"),
        (np.linspace(-1, 1, 16, dtype=np.float32), "32-bit floats from 0 to 1 expected; found -1 to 1"),
        (np.array([0.5, np.nan] * 8, np.float32), "32-bit floats from 0 to 1 expected"),
        (np.array([np.nan, 0.5] * 8, np.float32), "32-bit floats from 0 to 1 expected"),
        (np.array([0.5, np.inf] * 8, np.float32), "32-bit floats from 0 to 1 expected; found 0.5 to inf"),
        (np.arange(16, dtype=np.int32), "32-bit integers, whose white is not known"),
    ],
)
def test_numbers_that_say_nothing_of_white_are_refused(levels, message, tmp_path):
    Image.fromarray(levels.reshape(4, 4)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=message):
        read_image(tmp_path / "a.tif")
    data = open_dataset(f"folder:{tmp_path}")
    assert not list(data.images("all"))
    assert f"1 skipped as unreadable; first skipped: a.tif ({message}" in data.account()


def test_the_account_tells_what_was_converted(picture, tmp_path):
    image = Image.fromarray(picture)
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "b.jpg", icc_profile=profile("Display P3", DISPLAY_P3))
    image.save(tmp_path / "c.webp", icc_profile=b"nothing")
    data = open_dataset(f"folder:{tmp_path}")
    assert len(list(data.images("all"))) == 3
    assert data.account() == "1 converted from Display P3, 3 used, 1 without a damaged profile"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_too_many_pixels_are_refused(monkeypatch, tmp_path):
    Image.new("L", (300, 300)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 80_000)
    with pytest.raises(ValueError, match="90,000 pixels; at most 80,000 are read"):
        read_image(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20_000)
    with pytest.raises(Image.DecompressionBombError, match=r"90000 pixels\) exceeds limit"):
        read_image(tmp_path / "a.png")
    program = (
        f"from training.data.pixels import *; Image.MAX_IMAGE_PIXELS = 80_000; read_image({str(tmp_path / 'a.png')!r})"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stderr
    assert said.endswith("ValueError: 90,000 pixels; at most 80,000 are read\n")
    assert "Warning" not in said


MEASURE = """
import sys
from export.benchmark import peak_memory_mb
from training.data.pixels import read_image
read_image(sys.argv[1])
before = peak_memory_mb()
rgb, remarks = read_image(sys.argv[2])
print((peak_memory_mb() - before) * 2**20 / (rgb.size // 3))
"""


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "I;16", "F"])
def test_memory_of_a_large_photograph(kind, tmp_path):
    """Bytes a pixel at the peak: 4 of Pillow, 3 of the result, and the steps between."""
    for name, side in (("small", 64), ("large", 2450)):
        ramp = np.broadcast_to(np.linspace(0, 1, side, dtype=np.float32), (side, side))
        if kind in ("RGB", "RGBA"):
            image = Image.fromarray((255 * ramp).astype(np.uint8)).convert(kind)
        else:
            image = Image.fromarray(ramp if kind == "F" else (65535 * ramp).astype(np.uint16))
        options = {"icc_profile": profile("Display P3", DISPLAY_P3)} if kind.startswith("RGB") else {}
        image.save(tmp_path / f"{name}.tif", **options)
    argv = [sys.executable, "-c", MEASURE, str(tmp_path / "small.tif"), str(tmp_path / "large.tif")]
    taken = float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    assert 7 < taken < {"RGB": 13, "RGBA": 20.5, "I;16": 15, "F": 17}[kind]
