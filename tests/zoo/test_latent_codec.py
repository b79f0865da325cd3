"""Files of an auto-encoder: the bytes that they were from the first, large images in parts, and what is no file."""

import hashlib
import math
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.codecs import latent as latent_codec
from zoo.codecs.latent import MOST_PIXELS, LatentCodec, _base128
from zoo.codecs.parts import TO_DECODE, TO_ENCODE, tiles
from zoo.models.adaptive_autoencoder import depths

# Of files of these numbers, at levels 0, 3 and 7, with depths as small as can be, and all of 8 bits.
DIGESTS = {
    (0, "least"): "9c62fa9f1dd0d27d", (3, "least"): "295f63894e80b45f", (7, "least"): "cbfd8df88048b4e4",
    (0, "all"): "5c426f4591ece17e", (3, "all"): "87eea487d332ea8c", (7, "all"): "968981742b1c9fea",
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return zoo.pretrained("adaptive_autoencoder")


@pytest.fixture(scope="module")
def codec(model):
    return LatentCodec(model)


@pytest.fixture(scope="module")
def small(codec, photographs):
    """A file."""
    return codec.encode(photographs[0][:64, :64], 3)


def sealed(codec, body):
    """A body with the check that belongs to it."""
    return body + codec._check(body)


def headed(codec, height, width, payload=b"", first=0xC8 + 3):
    return sealed(codec, bytes([first]) + _base128(width) + _base128(height) + b"\x50\x60\x70" + payload)


@pytest.mark.parametrize(("level", "kind"), DIGESTS)
def test_bytes_are_what_they_were(codec, photographs, level, kind):
    """Numbers without any network, so that they are the same on every machine."""
    channels = len(codec.band)
    values = np.resize(photographs[1][:40].astype(int), (9, 13, channels)) - 128
    numbers = (values / (2 + np.arange(channels) / 2)).astype(int).astype(np.int32)
    depth = np.asarray(depths(numbers.astype("float32"))).astype(np.int32)
    depth = depth if kind == "least" else np.full_like(depth, 8)
    data = codec.pack(numbers, depth, np.array([1, 2, 250], np.uint8), level, (70, 99))
    assert np.array_equal(codec.unpack(data)[0], numbers)
    assert hashlib.sha256(data).hexdigest()[:16] == DIGESTS[level, kind]


@pytest.mark.parametrize("around", [TO_ENCODE, TO_DECODE])
@pytest.mark.parametrize("shape", [(1, 1), (32, 32), (33, 32), (500, 750), (1, 5000), (5000, 2)])
def test_parts_are_the_whole(shape, around):
    """Each block is in one part; nothing outside of the image is asked for."""
    times, found = np.zeros(shape, int), list(tiles(shape, *around))
    for part, seen, inner in found:
        times[part] += 1
        numbers = np.arange(times.size).reshape(shape)
        assert np.array_equal(numbers[seen][inner], numbers[part])
    assert (times == 1).all()
    assert (len(found) == 1) == (math.prod(shape) <= around[-1])


@pytest.mark.parametrize(("size", "tile"), [((400, 300), 1024), ((77, 50), 16), ((20, 200), 9)])
@pytest.mark.parametrize("depth", ["latent", "colors"])
def test_large_images_are_as_in_one_piece(model, photographs, monkeypatch, size, tile, depth):
    image = np.tile(photographs[2], (2, 2, 1))[: size[0], : size[1]]
    codec = LatentCodec(model, {"depth": depth})

    def coded(tile):
        monkeypatch.setattr(latent_codec, "tiles", lambda *given: tiles(*given[:-1], tile))
        data = codec.encode(image, 5)
        return data, codec.decode(data)

    (whole, decoded), (parts, decoded_in_parts) = coded(1 << 20), coded(tile)
    assert whole == parts
    assert np.array_equal(decoded, decoded_in_parts)


def test_a_model_of_one_size_takes_it_whole(photographs):
    image = np.tile(photographs[0], (1, 2, 1))
    codec = LatentCodec(zoo.adaptive_autoencoder(image.shape[:2], width=4))
    assert codec.decode(codec.encode(image, 2)).shape == image.shape


def test_a_band_of_one_number(photographs):
    codec = LatentCodec(zoo.adaptive_autoencoder(width=2, latent=67))
    assert codec.bands[-1] == (66, 67)
    numbers, depth, color = (found[0] for found in codec.latents(photographs[0][None, :40, :40], 7))
    numbers[0, 0, 66], depth[0, 0, 6] = -3, 3
    assert np.array_equal(codec.unpack(codec.pack(numbers, depth, color, 7, (40, 40)))[0], numbers)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what a process took at most")
def test_large_photographs_take_little_memory(photographs, tmp_path):
    """There and back, 3 megapixels: what is held beside the image and its numbers does not grow with it."""
    np.save(tmp_path / "photograph.npy", np.tile(photographs[0], (6, 8, 1)))
    code = r"""
import re, sys
from pathlib import Path
import numpy as np
import zoo
from zoo.codecs.latent import LatentCodec

def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024

codec, image = LatentCodec(zoo.pretrained("adaptive_autoencoder")), np.load(sys.argv[1])
codec.decode(codec.encode(image[:256, :256], 4))
before = peak()
assert codec.decode(codec.encode(image, 4)).shape == image.shape
print(peak() - before)
"""
    root = Path(zoo.__file__).parents[1]
    argv = [sys.executable, "-c", code, str(tmp_path / "photograph.npy")]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 200


@pytest.mark.parametrize(
    ("image", "received"),
    [
        (np.zeros((96, 96, 3)), "float64 (96, 96, 3)"),
        (np.zeros((96, 96), np.uint8), "uint8 (96, 96)"),
        (np.zeros((96, 96, 4), np.uint8), "uint8 (96, 96, 4)"),
        (np.zeros((1, 96, 96, 3), np.uint8), "uint8 (1, 96, 96, 3)"),
        (np.zeros((0, 96, 3), np.uint8), "uint8 (0, 96, 3)"),
        (np.zeros((96, 96, 3), np.int64), "int64 (96, 96, 3)"),
        ("photo.png", "str"),
    ],
)
def test_it_says_what_an_image_is(codec, image, received):
    with pytest.raises(ValueError, match=re.escape(f"`image` must be uint8 (H, W, 3). Received: {received}")):
        codec.encode(image, 4)
    with pytest.raises(ValueError, match=r"`images` must be uint8 \(N, H, W, 3\)\. Received: "):
        codec.latents(np.zeros((96, 96, 3), np.uint8) if received.startswith("uint8 (1,") else image, 4)


@pytest.mark.parametrize("level", [-1, 8, 2.5, 3.0, "3", None])
def test_levels_are_whole_numbers(codec, photographs, level):
    message = rf"`level` must be a whole number from 0 to 7\. Received: level={level!r}"
    with pytest.raises(ValueError, match=message):
        codec.encode(photographs[0], level)


def test_other_arguments(codec, model):
    with pytest.raises(ValueError, match=r"`depth` must be one of .*Received: depth='most'"):
        LatentCodec(model, {"depth": "most"})
    wide = np.broadcast_to(np.uint8([1, 2, 3]), (1, MOST_PIXELS // 8 + 8, 3))
    with pytest.raises(ValueError, match=r"1 to 67,108,864 pixels in whole blocks\. Received: size=\(1, "):
        codec.encode(wide, 3)


# What is done to the body of a file of 64 x 64 pixels: kind, width, height, three bytes of colour, payload.
HARM = {
    "a side without end": lambda body: body[:1] + b"\x80" * 100_000,
    "sides without end": lambda body: body[:1] + b"\x05" + b"\xff" * 5_000 + body[6:],
    "nothing behind its kind": lambda body: body[:1],
    "no height": lambda body: body[:2],
    "no colour": lambda body: body[:3],
    "half a colour": lambda body: body[:5],
    "no whole words": lambda body: body[:-1],
    "no pixels": lambda body: body[:1] + b"\x00" + body[2:],
    "too many": lambda body: body[:1] + b"\xff\xff\xff\x7f" * 2 + body[3:],
    "many for its payload": lambda body: body[:1] + _base128(8192) * 2 + body[3:],
    "some for its payload": lambda body: body[:1] + _base128(400) * 2 + body[3:],
    "nearly enough for a large one": lambda body: body[:1] + _base128(8192) * 2 + body[3:6] + bytes(200_000),
    "what nobody wrote": lambda body: body[:6] + b"\xff" * 4096,
}


@pytest.mark.parametrize("harm", HARM)
def test_what_cannot_be_is_refused_at_once(codec, small, harm):
    """Whoever damages a file may mend its check: what is left is found out before it costs anything."""
    data, begun = sealed(codec, HARM[harm](small[:-2])), time.perf_counter()
    assert small[1:3] == b"\x40\x40"
    with pytest.raises(ValueError, match="damaged|cut short|no image|pixels large"):
        codec.decode(data)
    assert time.perf_counter() - begun < 4


def test_large_and_flat(codec):
    """An image without payload is one part of one colour, as often as it takes."""
    begun = time.perf_counter()
    image = codec.decode(headed(codec, 4000, 6000))
    assert time.perf_counter() - begun < 4
    assert np.array_equal(image[:, 64:128], image[:, 256:320])
    assert np.array_equal(image[64:128], image[256:320])
    assert np.abs(image.astype(np.int16).mean((0, 1)) - (0x50, 0x60, 0x70)).max() < 2


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.slow)])
def test_mutations(codec, model, photographs, small, count):
    """Whatever is done to a file, and its check mended: an image or a ValueError, and soon."""
    random, image = np.random.default_rng(count), photographs[0]
    codecs = [LatentCodec(model, {"depth": depth}) for depth in ("latent", "uniform")]
    files = [each.encode(image[:24, :33], level) for level in (0, 4, 7) for each in codecs]
    files += [small, codec.encode(np.full((30, 20, 3), 9, np.uint8), 2)]
    counts = {"decoded": 0, "refused": 0}
    for number in range(count):
        body = mutated(files[number % len(files)][:-2], random)
        begun = time.perf_counter()
        try:
            assert codec.decode(sealed(codec, body)).dtype == np.uint8
            counts["decoded"] += 1
        except ValueError:
            counts["refused"] += 1
        assert time.perf_counter() - begun < 4, body
    print(counts)
    assert min(counts.values()) > count / 20


def mutated(body, random):
    """Flipped bits, a cut, another size, another payload, or a stretch of zeros or ones."""
    kind, place = random.integers(5), random.integers(len(body))
    if kind == 0:
        return body[:place] + bytes([body[place] ^ 1 << random.integers(8)]) + body[place + 1 :]
    if kind == 1:
        return body[:place]
    if kind == 2:
        sides = [int(2 ** random.uniform(0, 14)) for _ in range(2)]
        return body[:1] + b"".join(map(_base128, sides)) + body[3:]
    if kind == 3:
        return body[:6] + random.bytes(4 * random.integers(1, 100))
    return body[:place] + [b"\x00", b"\xff"][random.integers(2)] * random.integers(1, 40) + body[place + 9 :]
