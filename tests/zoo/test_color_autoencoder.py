"""Auto-encoders: what the paper counts, the parts, what bits are said to cost and what they do cost."""

import numpy as np
import pytest

import zoo
from zoo.codecs.latent import NEEDED, LatentCodec, _context
from zoo.models.adaptive_autoencoder import DEPTHS, LEVELS, bands, color_depths, contexts, depths, rounded


@pytest.fixture(scope="module")
def model():
    return zoo.adaptive_autoencoder(width=4)


@pytest.fixture(scope="module")
def codec(model):
    return LatentCodec(model)


def test_the_kernels_of_the_paper():
    model = zoo.color_autoencoder()
    layers = [layer for part in ("encoder", "decoder") for layer in model.get_layer(part).layers]
    filters = {layer.name: layer.filters for layer in layers if layer.name.startswith(("down", "up"))}
    assert list(filters.values()) == [64, 128, 256, 256, 128, 64]
    assert sum(filters.values()) == 896


@pytest.mark.parametrize(("options", "channels"), [({}, 256), ({"latent": 48}, 48)])
def test_parts_make_the_whole(options, channels, photographs):
    model = zoo.color_autoencoder(**options)
    rgb = photographs[0][None, :64, :72].astype("float32")
    latent = model.get_layer("encoder")({"rgb": rgb})
    assert latent["latent"].shape == (1, 8, 9, channels)
    decoded = np.asarray(model.get_layer("decoder")(latent)["rgb"])
    assert decoded.shape == rgb.shape
    assert 0 <= decoded.min() <= decoded.max() <= 255
    assert np.array_equal(decoded, np.asarray(model({"rgb": rgb})["rgb"]))


def test_it_starts_as_a_cosine_transform(model, photographs):
    """Untrained, with steps that are fine enough, two thirds of all frequencies give the photograph back."""
    rgb = photographs[0][None, :64, :64].astype("float32")
    inputs = {"color": rgb.mean((1, 2)).round(), "level": np.array([4])}
    latent = np.asarray(model.get_layer("encoder")({"rgb": rgb, **inputs})["latent"])
    decoded = np.asarray(model.get_layer("decoder")({"latent": latent, **inputs})["rgb"])
    assert 10 * np.log10(255**2 / np.mean((decoded - rgb) ** 2)) > 35


def test_depths_hold_their_numbers():
    latent = np.zeros((1, 1, 10, 128), np.float32)
    largest = np.array([0, 0.4, 1, 2, 3, 4, 7, 63, 127, 500])
    latent[0, 0, :, 0] = -largest
    bits = np.asarray(depths(latent))
    assert bits[0, 0, :, 0].tolist() == [0, 0, 2, 3, 3, 4, 4, 7, 8, 8]
    assert not bits[..., 1:].any()
    kept = np.asarray(rounded(latent, bits))[0, 0, :, 0]
    assert np.array_equal(-kept, [0, 0, 1, 2, 3, 4, 7, 63, 127, 127])
    assert not np.asarray(rounded(latent, 0 * bits)).any()


def test_bands_cover_all_channels():
    assert bands(128) == [(0, 3), (3, 10), (10, 28), (28, 54), (54, 60), (60, 84), (84, 128)]
    assert bands(200)[-1] == (94, 200)
    with pytest.raises(ValueError, match="too small for each of the 7 bands"):
        zoo.adaptive_autoencoder(latent=66)


def test_colors_that_vary_more_get_more_bits(photographs):
    rgb = np.full((1, 16, 8, 3), 100, np.float32)
    rgb[0, 8:] = photographs[0][:8, :8]
    few, many = (np.asarray(color_depths(rgb, rgb.mean((1, 2)), np.array([level]))) for level in (1, 6))
    flat = np.asarray(color_depths(rgb[:, :8], np.full((1, 3), 100, np.float32), np.array([7])))
    assert few.shape == (1, 2, 1, 7)
    assert (many >= few).all()
    assert (many > few).any()
    assert not flat.any()


def test_contexts_are_known_to_the_decoder():
    depth = np.random.default_rng(0).choice([0, 2, 3, 5, 8], (4, 3, 7))
    found = np.asarray(contexts(depth[None].astype("float32")))[0]
    for row, column, band in np.ndindex(*depth.shape):
        above = depth[row - 1, column, band] if row else None
        left = depth[row, column - 1, band] if column else None
        before = depth[row, column, band - 1] if band else None
        assert _context(above, left, before) == found[row, column, band]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("level", [0, 5])
def test_numbers_come_back_from_the_bytes(model, photographs, depth, level):
    """All of them, of an odd size as well; and what the model says they cost is about what they do."""
    codec, image = LatentCodec(model, {"depth": depth}), photographs[1][:77, :50]
    numbers, bits, colors = codec.latents(image[None], level)
    data = codec.pack(numbers[0], bits[0], colors[0], level, image.shape[:2])
    found, color, of_level, size = codec.unpack(data)
    assert np.array_equal(found, numbers[0])
    assert (color.tolist(), of_level, size) == (colors[0].tolist(), level, (77, 50))
    assert codec.decode(data).shape == image.shape
    if depth == "latent":
        inputs = {"rgb": np.pad(image, [(0, 3), (0, 6), (0, 0)], mode="edge")[None].astype("float32")}
        said = model({**inputs, "color": colors.astype("float32"), "level": np.array([level])})["bits"]
        assert 8 * len(data) == pytest.approx(float(said[0]), rel=0.01, abs=150)


def test_depths_with_bits_to_spare(codec, photographs):
    """They cost more, and say nothing about which number is the largest."""
    numbers, bits, colors = (found[0] for found in codec.latents(photographs[1][None, :64, :64], 3))
    assert 0 < bits.max() < 8
    least, spare = (codec.pack(numbers, depth, colors, 3, (64, 64)) for depth in (bits, bits + (bits > 0)))
    assert len(least) < len(spare)
    assert least[0] == spare[0] + NEEDED
    for data in (least, spare):
        assert np.array_equal(codec.unpack(data)[0], numbers)


def test_more_quality_for_more_bytes(codec, photographs):
    image = photographs[0][:128, :128]
    files = [codec.encode(image, level) for level in range(LEVELS)]
    errors = [np.mean((codec.decode(data).astype(float) - image) ** 2) for data in files[:5]]
    assert np.all(np.diff([len(data) for data in files]) > 0)
    assert np.all(np.diff(errors) < 0)


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (77, 3, 200)])
def test_one_color_costs_next_to_nothing(codec, color):
    for shape in ((32, 32), (300, 200), (1, 1)):
        image = np.full((*shape, 3), color, np.uint8)
        data = codec.encode(image, 3)
        assert len(data) <= 10
        assert np.array_equal(codec.decode(data), image)


def test_grey_images(codec, photographs):
    grey = photographs[2][:40, :40, 1:2].repeat(3, -1)
    decoded = codec.decode(codec.encode(grey, 6)).astype(int)
    assert np.abs(decoded - decoded.mean(-1, keepdims=True)).max() <= 2


def test_damage_is_found_out(codec, photographs):
    data = codec.encode(photographs[0][:32, :32], 3)
    damaged = bytes([*data[:20], data[20] ^ 4, *data[21:]])
    other = LatentCodec(zoo.adaptive_autoencoder(width=4, latent=72))
    for bad, message in (
        (data[:-1], "damaged"),
        (data[:12], "damaged"),
        (damaged, "damaged"),
        (b"", "no image"),
        (b"\xff\xd8\xff\xe0", "no image"),
    ):
        with pytest.raises(ValueError, match=message):
            codec.decode(bad)
    with pytest.raises(ValueError, match="another model"):
        other.decode(data)
    with pytest.raises(ValueError, match="adaptive auto-encoder"):
        LatentCodec(zoo.color_autoencoder())
    with pytest.raises(ValueError, match="level"):
        codec.encode(photographs[0], LEVELS)
