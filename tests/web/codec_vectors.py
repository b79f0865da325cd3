"""What Python makes of photographs, payloads and numbers, for tests/web/codec.test.mjs to hold JavaScript against.

`write(folder)` writes the priors as raw little-endian int32, and all else as `vectors.json`, with arrays in base64.
"""

import base64
import json
import zlib
from unittest import mock

import numpy as np

import zoo
from export import color_files
from export.photographs import Photograph
from training.data.pixels import read_image
from training.data.sources import SAMPLES
from training.metrics.images import psnr, ssim
from zoo.codecs import mixing, payload
from zoo.codecs.mixing import COUNT, ENCODE
from zoo.codecs.payload import HEADER_BYTES, DamagedPayload
from zoo.codecs.pyramid import LADDER, Layout, Pyramid, level_of, luma_and_chroma, luma_and_grids, to_rgb
from zoo.codecs.pyramid_coder import LevelCoder
from zoo.errors import ZooError

DECODER = "crayon_edge-photographs"
NAMES = ("validation/1391487", "train/1583339", "train/60003")
LEVELS = ((17, 16), 30, 40), ((17, 300), 255, 255), ((129, 530), 14, 28)  # sizes, steps and ratios
COLORS = 200_000  # that are converted
TYPES = {"u1": "Uint8Array", "i4": "Int32Array", "f4": "Float32Array", "f8": "Float64Array"}


class StandIn:
    """A decoder that any language computes alike: nearest cells, and an eighth of the luma."""

    def parts(self, luma, colors, grid):
        """See `zoo.codecs.grid.EdgeCodec`: all at once."""
        near = colors.astype(np.float32).repeat(grid.n, axis=0).repeat(grid.n, axis=1)
        shade = (luma.astype(np.float32) - 128) / 8
        yield (
            tuple(slice(0, side) for side in colors.shape[:2]),
            near[: luma.shape[0], : luma.shape[1]] + shade[..., None],
        )


def write(folder):
    """Writes all vectors into a folder."""
    for name, array in zip(("probabilities", "counts", "weights"), payload.priors(), strict=True):
        (folder / f"{name}.bin").write_bytes(array.astype("<i4").tobytes())
    photographs = [read_image(SAMPLES / f"{name}.webp")[0] for name in NAMES]
    payloads = _payloads(photographs)
    vectors = {
        "weights": payload.weights_of(DECODER).hex(),
        "tables": [zlib.crc32(table.astype("<i4").tobytes()) for table in _tables()],
        "payloads": payloads,
        "levels": [_level(*each) for each in LEVELS],
        "pyramids": [_pyramid(*each) for each in _pictures(photographs)],
        "files": [_file(*each) for each in _wishes(photographs)],
        "damaged": _damaged(bytes.fromhex(payloads[0]["bytes"])),
        "mutated": _mutated(bytes.fromhex(payloads[1]["bytes"])),
        "colors": _colors(),
        "measures": _measures(photographs[2]),
    }
    (folder / "vectors.json").write_text(json.dumps(vectors))


def _tables():
    return mixing.SQUASH, mixing.STRETCH, mixing.RATES


def _payloads(photographs):
    """Payloads of photographs at two rungs, made by a network of the zoo."""
    codec, found = zoo.load(DECODER), []
    for rgb, rung in ((photographs[0][:101, :90], 3), (photographs[1], 7)):
        luma, grids = luma_and_grids(rgb)
        layout = Layout(luma.shape, *LADDER[rung])
        residuals, _ = Pyramid(layout, luma, codec).encode(grids, payload.priors())
        found.append(_written(layout, residuals))
    return found


def _level(size, step, ratio):
    """What a coder makes of random residuals, some of them as large as they come, and what it chooses for others."""
    random, layout = np.random.default_rng(size[1]), Layout(size, 4, step, ratio)
    residuals = {n: np.rint(random.standard_cauchy((*layout.shape(n), 2))).astype(np.int64) for n in layout.cells}
    residuals = {n: found.clip(-(10**5), 10**5) for n, found in residuals.items()}
    for n in (4, 8):
        residuals[n][-1, :2] = payload.LARGEST, -payload.LARGEST
    coders = [payload.coded(layout, residuals, LevelCoder(payload.priors(), mode)) for mode in (ENCODE, COUNT)]
    found = {"body": coders[0].payload().hex(), "bits": coders[1].bits, "aims": []}
    coder = LevelCoder(payload.priors())
    for n, price in zip(layout.cells, (0.1, 0.3, 1, 3, 0.5, 0.2, 1.5), strict=False):
        wanted = np.rint(random.standard_cauchy((*layout.shape(n), 2)).clip(-40, 40) * 4) / 2
        empty, weights = np.zeros(wanted.shape, np.int64), (1.0, 0.75)
        chosen = coder.code(level_of(n), empty, layout.steps(n), wanted, weights, price)
        aim = {"wanted": _packed(wanted, "f8"), "weights": weights, "price": price, "chosen": _packed(chosen, "i4")}
        found["aims"].append({"n": n, **aim})
    return _written(layout, residuals) | found


def _pictures(photographs):
    """Photographs and rungs: of odd sides, tall, with cells of 256 pixels, and without any colour."""
    yield photographs[0][:101, :90], 8
    yield photographs[1][:250, :17], 0
    yield photographs[2], 4
    yield np.concatenate([photographs[0], photographs[1]])[:300, :256], 6
    yield np.full((40, 50, 3), 128, np.uint8), 3


def _pyramid(rgb, rung):
    """A photograph encoded and decoded with the decoder that stands in."""
    luma, grids = luma_and_grids(rgb)
    layout = Layout(luma.shape, *LADDER[rung])
    pyramid = Pyramid(layout, luma, StandIn())
    residuals, grid = pyramid.encode(grids, payload.priors())
    return _written(layout, residuals) | {
        "rgb": _packed(rgb, "u1"),
        "luma": _packed(luma, "u1"),
        "grids": {n: _packed(each, "f8") for n, each in grids.items()},
        "grid": _packed(grid, "f8"),
        "joined": _packed(pyramid.joined(grid), "u1"),
    }


def _wishes(photographs):
    """Photographs, qualities and efforts; of the last one it matters that coarser colours are tried first."""
    for quality, effort in ((70, 0), (10, 5), (85, 5), (95, 5)):
        yield photographs[1][:129, :200], quality, effort
    yield photographs[1], 75, 5


def _file(rgb, quality, effort):
    """The colours that the encoder of files chooses, for a base that any language makes alike."""
    with (
        mock.patch.object(color_files, "encode_base", lambda luma, kind, quality, *_: _base(luma, quality)),
        mock.patch.object(color_files, "decode_base", lambda data: (_luma_of(data).reshape(rgb.shape[:2]),)),
        mock.patch.object(color_files, "attach", lambda base, kept: kept[color_files.PAYLOAD]),
    ):
        file = color_files.Encoder(Photograph(rgb), "jpeg", StandIn(), DECODER, effort=effort).at(quality)
    sides = {"height": rgb.shape[0], "width": rgb.shape[1]}
    return sides | {
        "rgb": _packed(rgb, "u1"),
        "quality": quality,
        "effort": effort,
        "bytes": file.data.hex(),
        "psnr": file.psnr,
    }


def _base(luma, quality):
    """Runs of luma in steps of 100 - quality, each with its length."""
    step, found = 100 - quality, []
    for level in (luma.reshape(-1) // step).tolist():
        if found and found[-2] == level and found[-1] < 255:
            found[-1] += 1
        else:
            found += [level, 1]
    return bytes([step, *found])


def _luma_of(data):
    levels = np.frombuffer(data[1::2], np.uint8).astype(int) * data[0] + data[0] // 2
    return levels.clip(0, 255).astype(np.uint8).repeat(np.frombuffer(data[2::2], np.uint8))


def _damaged(data):
    """Bytes that cannot be read, whether they are of a later version, and what Python says."""
    changed = [data[:5], b"", b"XX" + data[2:], data[:-1], data + b"\0", data[:30] + bytes([data[30] ^ 1]) + data[31:]]
    for place, value in ((2, 2), (3, 3), (8, 0), (8, 1), (8, 5), (8, 255), (9, 0), (10, 15), (12, 15), (14, 3)):
        changed.append(_checked(data[:place] + bytes([value]) + data[place + 1 :]))
    changed.append(_checked(data[:11] + b"\xff" * 8 + b"12"))
    return [{"bytes": each.hex(), **_refused(each)} for each in changed]


def _refused(data):
    try:
        payload.read(data)
    except ZooError as error:
        return {"isDamaged": isinstance(error, DamagedPayload), "message": str(error)}
    raise AssertionError(data.hex())


def _mutated(data):
    """Bodies of noise under a right checksum, and what residuals Python reads from them."""
    random, found = np.random.default_rng(0), []
    for _ in range(10):
        body = bytearray(data[HEADER_BYTES:])
        for place in random.integers(0, len(body), 5):
            body[place] = random.integers(256)
        changed = _checked(data[:HEADER_BYTES] + bytes(body))
        residuals = payload.read(changed).residuals()
        crcs = {n: zlib.crc32(each.astype("<i4").tobytes()) for n, each in residuals.items()}
        found.append({"bytes": changed.hex(), "residuals": crcs})
    return found


def _checked(data):
    """A payload with its checksum put right."""
    head, body = data[: HEADER_BYTES - 4], data[HEADER_BYTES:]
    return head + zlib.crc32(head + body).to_bytes(4, "big") + body


def _colors():
    """Random colours and their luma and chroma; random luma and chroma and their colours."""
    random = np.random.default_rng(1)
    rgb = random.integers(0, 256, (COLORS // 100, 100, 3)).astype(np.uint8)
    luma, chroma = luma_and_chroma(rgb)
    other = random.normal(0, 40, chroma.shape).astype(np.float32)
    return {
        "rgb": _packed(rgb, "u1"),
        "luma": _packed(luma, "u1"),
        "chroma": _packed(chroma, "f4"),
        "other": _packed(other, "f4"),
        "joined": _packed(to_rgb(luma, other), "u1"),
    }


def _measures(rgb):
    noise = np.random.default_rng(2).normal(0, 9, rgb.shape)
    changed = (rgb[:201, :155] + noise[:201, :155]).clip(0, 255).astype(np.uint8)
    original = rgb[:201, :155]
    figures = {"psnr": psnr(original, changed), "ssim": ssim(original, changed)}
    return {"size": changed.shape[:2], "rgb": _packed(original, "u1"), "changed": _packed(changed, "u1"), **figures}


def _written(layout, residuals):
    height, width = layout.size
    return {
        "layout": [[height, width], layout.last, layout.step, layout.ratio],
        "bytes": payload.write(layout, residuals, DECODER).hex(),
        "residuals": {n: _packed(each, "i4") for n, each in residuals.items()},
    }


def _packed(array, kind):
    """An array for JSON, and as which array JavaScript has it."""
    data = np.ascontiguousarray(array, f"<{kind}").tobytes()
    return {"type": TYPES[kind], "data": base64.b64encode(data).decode()}
