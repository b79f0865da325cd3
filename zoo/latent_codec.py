"""Bytes for images through `zoo.adaptive_autoencoder`: whole numbers and their depths by range coding, and back.

The tables of the coder are whole numbers, got from the model's weights without rounding that a device could do
otherwise: what one machine wrote every other can read. What the networks compute may differ a little between machines,
but only pixels come of that.

A file is: one byte, 0xC0 + level, and 8 more where every depth is as small as its numbers let it be; width and height
in base 128, as in protocol buffers; the mean colour, three bytes; the payload of the range coder (`constriction`,
Bamler 2022); and two bytes of CRC-32 over the rest and the tables, so that a damaged file and one of another model are
found out. An image of which nothing is left beside its mean colour has no payload.

The payload is all depths; then, if they are as small as can be, which number of each band and position is the first to
need all its bits, as one of them must; then the numbers.
"""

import functools
import zlib
from decimal import Decimal, localcontext

import numpy as np
from keras import ops

from zoo.color_autoencoder import (
    BANDS,
    CONTEXTS,
    LEVELS,
    MOST_BITS,
    SCALES,
    STRIDE,
    TABLE_UNIT,
    bands,
    color_depths,
    depths,
    rounded,
    whole_blocks,
)

# How many bits each position of a latent gets, by what the encoder was given and what it made of it.
DEPTHS = {
    "latent": lambda latent, inputs: depths(latent),
    "colors": lambda latent, inputs: color_depths(**inputs),
    "uniform": lambda latent, inputs: ops.full_like(latent[..., :BANDS], float(MOST_BITS)),
}
FIRST_BYTE, NEEDED = 0xC0, 8
MOST_PIXELS = 1 << 26
_LOG2_E = 1.4426950408889634
_NOT_CODED = 1 << 20
_SCALE_STEPS = 8  # tables for a doubling of the scale
_LOWEST, _HIGHEST = (int(limit * _SCALE_STEPS) for limit in SCALES)
_CHANCE_STEPS = 8  # tables for a doubling of a probability
_SHARES = 16  # bits of a probability that is multiplied with others


class LatentCodec:
    """Codes images with a model.

    Args:
        model: `zoo.adaptive_autoencoder`, of any size or of the images'.

    Raises:
        ValueError: a model that has no `entropy`.
    """

    def __init__(self, model):
        names = [layer.name for layer in model.layers]
        if not {"encoder", "decoder", "entropy"} <= set(names):
            raise ValueError(f"`model` must be an adaptive auto-encoder. Received: a model of layers {names[:5]}")
        self.encoder, self.decoder = model.get_layer("encoder"), model.get_layer("decoder")
        entropy, every = model.get_layer("entropy"), range(BANDS)
        scales, chances = (
            np.stack([ops.convert_to_numpy(entropy.get_layer(f"{name}{band}").embeddings) for band in every])
            for name in ("scale", "chances")
        )
        # Whole numbers, by band, level, depth and channel; and by band, level, context and depth.
        scales = np.rint(scales.astype(float) * (TABLE_UNIT * _SCALE_STEPS)).astype(int)
        self.scales = scales.reshape(len(every), LEVELS, MOST_BITS + 1, -1)
        chances = (chances - chances.max(-1, keepdims=True)).astype(float) * (TABLE_UNIT * _LOG2_E * _CHANCE_STEPS)
        self.chances = np.rint(chances).clip(-20 * _CHANCE_STEPS, 0).astype(int)
        self.chances = self.chances.reshape(len(every), LEVELS, CONTEXTS, -1)
        self.bands = bands(self.scales.shape[-1])
        self.band = np.repeat(every, [last - first for first, last in self.bands])
        self.seed = zlib.crc32(self.scales.astype("<i2").tobytes() + self.chances.astype("<i2").tobytes())

    def encode(self, image, level, depth="latent"):
        """The bytes of an image, uint8 `(H, W, 3)`; see `latents` and `pack`."""
        numbers, found, colors = self.latents(image[None], level, depth)
        return self.pack(numbers[0], found[0], colors[0], level, image.shape[:2])

    def decode(self, data):
        """The image, uint8 `(H, W, 3)`, of bytes; see `unpack`."""
        numbers, color, level, size = self.unpack(data)
        return self.images(numbers[None], color[None], level, size)[0]

    def latents(self, images, level, depth="latent"):
        """What is coded of uint8 sRGB images `(N, H, W, 3)`.

        Args:
            images: see above; sizes that are no multiple of 8 are extended by repeating their edge.
            level: of quality, 0 to 7.
            depth: how many bits each position gets: one of `DEPTHS`, that with which the model was trained.

        Returns:
            The numbers `(N, h, w, C)`, int32; their depths `(N, h, w, 7)`, int32; the mean colours `(N, 3)`, uint8.
        """
        if not 0 <= level < LEVELS:
            raise ValueError(f"`level` must be 0 to {LEVELS - 1}. Received: level={level}")
        colors = images.mean((1, 2)).round().astype(np.uint8)
        inputs = {"rgb": whole_blocks(images).astype(np.float32), **_given(colors, level)}
        latent = self.encoder(inputs, training=False)["latent"]
        bits = DEPTHS[depth](latent, inputs)
        return *(ops.convert_to_numpy(x).astype(np.int32) for x in (rounded(latent, bits), bits)), colors

    def images(self, numbers, colors, level, size):
        """uint8 sRGB `(N, *size, 3)` of what `latents` gave."""
        inputs = {"latent": numbers.astype(np.float32), **_given(colors, level)}
        decoded = ops.convert_to_numpy(self.decoder(inputs, training=False)["rgb"])
        return decoded[:, : size[0], : size[1]].round().clip(0, 255).astype(np.uint8)

    def pack(self, numbers, depth, color, level, size):
        """The bytes of one image: numbers `(h, w, C)`, depths `(h, w, 7)`, and the rest of what `unpack` gives."""
        import constriction

        if not 0 < size[0] * size[1] <= MOST_PIXELS:
            raise ValueError(f"An image must have 1 to {MOST_PIXELS:,} pixels. Received: size={size}")
        first = self._first(numbers, depth)
        needed = bool((first >= 0).all())
        head = bytes([FIRST_BYTE + level + needed * NEEDED]) + b"".join(_base128(side) for side in size[::-1])
        head += bytes(color.tolist())
        payload = b""
        if depth.any():
            coder = constriction.stream.queue.RangeEncoder()
            for place in np.ndindex(*depth.shape):
                coder.encode(int(depth[place]), self._depth_model(depth, place, level))
            scales = self._scale_steps(depth, level)
            if needed:
                for place, model in self._first_models(depth, scales):
                    coder.encode(int(first[place]), model)
            for places, limit, model in self._groups(depth, scales, first):
                coder.encode((numbers[places] + limit).astype(np.int32), model)
            payload = coder.get_compressed().astype(">u4").tobytes()
        return head + payload + self._check(head + payload)

    def unpack(self, data):
        """The numbers `(h, w, C)`, int32, the mean colour, the level and the size `(H, W)` of bytes.

        Raises:
            ValueError: bytes that are damaged, of another kind, or of another model.
        """
        import constriction

        body, place = data[:-2], 1
        if not body or not 0 <= body[0] - FIRST_BYTE < NEEDED + LEVELS:
            raise ValueError("it is no image of an auto-encoder")
        if self._check(body) != data[-2:]:
            raise ValueError("it is damaged, cut short, or from another model")
        width, place = _from_base128(body, place)
        height, place = _from_base128(body, place)
        if not 0 < height * width <= MOST_PIXELS:
            raise ValueError(f"it says that it is {height}x{width} pixels large; {MOST_PIXELS:,} are the most")
        needed, level = divmod(body[0] - FIRST_BYTE, NEEDED)
        size, color = (height, width), np.frombuffer(body, np.uint8, 3, place)
        payload = body[place + 3 :]
        shape = [-(-side // STRIDE) for side in size]
        depth, numbers = (np.zeros((*shape, count), np.int32) for count in (BANDS, len(self.band)))
        if payload:
            coder = constriction.stream.queue.RangeDecoder(np.frombuffer(payload, ">u4").astype(np.uint32))
            for place in np.ndindex(*depth.shape):
                depth[place] = coder.decode(self._depth_model(depth, place, level))
            scales, first = self._scale_steps(depth, level), np.full(depth.shape, -1)
            if needed:
                for place, model in self._first_models(depth, scales):
                    first[place] = coder.decode(model)
            for places, limit, model in self._groups(depth, scales, first):
                numbers[places] = coder.decode(model, len(places[0])) - limit
        return numbers, color, level, size

    def _scale_steps(self, depth, level):
        """The scale of each number, `(h, w, C)`: whole eighths of its logarithm."""
        scales = (depth[..., self.band] - 3) * _SCALE_STEPS
        for band, tables in enumerate(self.scales[:, level]):
            scales += tables[depth[..., band]]
        return scales.clip(_LOWEST, _HIGHEST)

    def _first(self, numbers, depth):
        """Which number of each band and position is the first to need all its bits; -1 if not every band has one."""
        needing = np.abs(numbers) > _limit(depth[..., self.band] - 1)
        parts = [needing[..., slice(*channels)] for channels in self.bands]
        spare = ~np.stack([part.any(-1) for part in parts], -1) & (depth > 0)
        return np.full(depth.shape, -1) if spare.any() else np.stack([part.argmax(-1) for part in parts], -1)

    def _first_models(self, depth, scales):
        """Places of depths that are not 0, and what codes which number of the band is the first to need all bits."""
        less = _shares_of_less()[scales - _LOWEST, depth[..., self.band]]
        for band, channels in enumerate(self.bands):
            left, weights = np.full(depth.shape[:2], 1 << 40), []  # how likely there was none so far
            for share in np.moveaxis(less[..., slice(*channels)], -1, 0):
                weights.append((left >> _SHARES) * ((1 << _SHARES) - share))
                left = (left >> _SHARES) * share
            weights = np.stack(weights, -1).clip(1)
            for row, column in np.argwhere(depth[..., band] > 0).tolist():
                yield (row, column, band), _model(weights[row, column])

    def _groups(self, depth, scales, first):
        """Places of the numbers that are coded alike, in a fixed order: their largest size, and what codes them."""
        within = np.concatenate([np.arange(end - start) for start, end in self.bands])
        first, bits = first[..., self.band], depth[..., self.band]
        bits = bits - (within < first)  # what comes before the first needs a bit less
        alike = np.where(bits > 1, scales * 32 + (within == first) * 16 + bits, _NOT_CODED)
        order = np.argsort(alike, axis=None, kind="stable")
        values, starts = np.unique(alike.ravel()[order], return_index=True)
        for value, part in zip(values.tolist(), np.split(order, starts[1:]), strict=True):
            if value != _NOT_CODED:
                bits, limit = value % 16, _limit(value % 16)
                least = _limit(bits - 1) + 1 if value & 16 else 0
                yield np.unravel_index(part, alike.shape), limit, _laplacian(value // 32, limit, least)

    def _depth_model(self, depth, place, level):
        """What codes one depth, of which all before it are known."""
        return _categorical(tuple(self.chances[place[-1], level, _context(depth, *place)].tolist()))

    def _check(self, body):
        return (zlib.crc32(body, self.seed) & 0xFFFF).to_bytes(2, "big")


def _limit(bits):
    """The largest number of so many bits; one bit, like none, holds zero alone."""
    return (1 << np.maximum(bits, 1) - 1) - 1


@functools.cache
def _shares_of_less():
    """How likely a number is one that a bit less would hold, in 1/65536, by its scale and depth."""
    shares = np.zeros((_HIGHEST - _LOWEST + 1, MOST_BITS + 1), np.int64)
    largest, bits = _limit(MOST_BITS), np.arange(2, MOST_BITS + 1)
    for row, scale in enumerate(range(_LOWEST, _HIGHEST + 1)):
        weights = np.array(_laplacian_weights(scale, largest)[largest:])  # of 0, 1, 2 ...
        within = 2 * np.cumsum(weights) - weights[0]
        shares[row, bits] = (within[_limit(bits - 1)] << _SHARES) // within[_limit(bits)]
    return shares


@functools.lru_cache(4096)
def _laplacian(scale, limit, least):
    """A Laplacian over the whole numbers from -limit to limit, of which those of a size below `least` do not occur."""
    sized = zip(range(-limit, limit + 1), _laplacian_weights(scale, limit), strict=True)
    return _model([1 if abs(number) < least else weight for number, weight in sized])


def _laplacian_weights(scale, limit):
    """Weights that are whole numbers themselves."""
    with localcontext() as context:
        context.prec = 40
        half = (Decimal(-1) / (2 * Decimal(2) ** (Decimal(scale) / _SCALE_STEPS))).exp()
        ratio = half * half
        sides = [(1 / half - half) / 2 * ratio**k for k in range(1, limit + 1)]
        return [max(1, int(x * 10**12)) for x in (*sides[::-1], 1 - half, *sides)]


@functools.lru_cache(4096)
def _categorical(logarithms):
    """Depths with chances of 2^(k/8), as whole numbers."""
    with localcontext() as context:
        context.prec = 40
        return _model([max(1, int(Decimal(2) ** (30 + Decimal(k) / _CHANCE_STEPS))) for k in logarithms])


def _model(weights):
    import constriction

    return constriction.stream.model.Categorical(np.array(weights, np.float64), perfect=False)


def _given(colors, level):
    return {"color": colors.astype(np.float32), "level": np.full(len(colors), level, np.int32)}


def _context(depth, row, column, band):
    """`zoo.color_autoencoder.contexts` of one depth, of those before it."""
    known = [depth[row - 1, column, band]] * (row > 0) + [depth[row, column - 1, band]] * (column > 0)
    mean = -(-int(sum(known)) // len(known)) if known else MOST_BITS + 1
    return mean * (MOST_BITS + 2) + (int(depth[row, column, band - 1]) if band else MOST_BITS + 1)


def _base128(number):
    low, high = number & 127, number >> 7
    return bytes([low]) if not high else bytes([low | 128]) + _base128(high)


def _from_base128(data, place):
    """A number of a file that is whole, and the place behind it."""
    low = data[place]
    if low < 128:
        return low, place + 1
    high, behind = _from_base128(data, place + 1)
    return low & 127 | high << 7, behind
