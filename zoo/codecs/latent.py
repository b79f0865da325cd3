"""Bytes for images through `zoo.adaptive_autoencoder`: whole numbers and their depths by range coding, and back.

The tables of the coder are whole numbers, got from the model's weights without rounding that a device could do
otherwise: what one machine wrote every other can read. What the networks compute may differ a little between machines,
but only pixels come of that.

A file is: one byte, 0xC0 + level, and 8 more where every depth is as small as its numbers let it be; width and height
in base 128, as in protocol buffers; the mean colour, three bytes; the payload of the range coder (`constriction`,
Bamler 2022); and two bytes of CRC-32 over the rest and the tables, so that a damaged file and one of another model are
found out. An image of which nothing is left beside its mean colour has no payload.

The payload is all depths; then, if they are as small as can be, which number of each band and position is the first to
need all its bits, as one of them must; then the numbers, those that are coded alike together.

Large images go through the networks in parts (`zoo.codecs.parts`), and what has a value for each number of the
latent is made for a part of them at a time: the numbers themselves, a byte each, are all that is held.
"""

import math
import zlib

import numpy as np
from keras import ops

from zoo.codecs.autoencoder import AutoencoderCodec, by_size
from zoo.codecs.latent_tables import (
    CHANCE_STEPS,
    HIGHEST,
    KEYS,
    LIMITS,
    LOWEST,
    NO_KEY,
    SCALE_STEPS,
    categorical,
    first_weights,
    key,
    key_table,
)
from zoo.codecs.parts import TO_DECODE, TO_ENCODE, tiles, times
from zoo.codecs.range_coding import Reader, Writer, least_costs
from zoo.images import checked_image, checked_images
from zoo.models.adaptive_autoencoder import (
    BANDS,
    CONTEXTS,
    DEPTHS,
    LEVELS,
    MOST_BITS,
    TABLE_UNIT,
    bands,
    rounded,
)
from zoo.models.nwala import STRIDE, whole_blocks

USUAL_LEVEL = 4  # of quality
FIRST_BYTE, NEEDED = 0xC0, 8
MOST_PIXELS = 1 << 26  # of an image in whole blocks
_MOST_BYTES = 4  # of a side in base 128
_PART = 1 << 18  # numbers for which something is worked out at a time
_OFTEN = 1 << 10  # depths after which it is seen whether the payload can hold the rest
_NONE = MOST_BITS + 1  # in a context: there is no depth


def is_latent(data):
    """Whether bytes begin like those of an image."""
    return bool(data) and 0 <= data[0] - FIRST_BYTE < NEEDED + LEVELS


class LatentCodec(AutoencoderCodec):
    """Codes images with a `zoo.adaptive_autoencoder`, of any size or of the images'.

    Of its settings `depth`, one of `DEPTHS`, is how many bits each position gets; decoding does not need it, what was
    coded says it itself. ValueError for an unknown one, and for a model that has no `entropy`.
    """

    levels = range(LEVELS)

    def __init__(self, model, settings=None):
        super().__init__(model, settings)
        self.depth = self.settings.get("depth", "latent")
        if self.depth not in DEPTHS:
            raise ValueError(f"`depth` must be one of {tuple(DEPTHS)}. Received: depth={self.depth!r}")
        if not self.takes(model):
            names = [layer.name for layer in model.layers[:5]]
            raise ValueError(f"`model` must be an adaptive auto-encoder. Received: a model of layers {names}")
        self.encoder, self.decoder = model.get_layer("encoder"), model.get_layer("decoder")
        entropy = model.get_layer("entropy")
        scales, chances = (
            np.stack([ops.convert_to_numpy(entropy.get_layer(f"{name}{band}").embeddings) for band in range(BANDS)])
            for name in ("scale", "chances")
        )
        # Whole numbers, by band, level, depth and channel; and by band, level, context and depth.
        scales = np.rint(scales.astype(float) * (TABLE_UNIT * SCALE_STEPS)).astype(np.int32)
        self.scales = scales.reshape(BANDS, LEVELS, MOST_BITS + 1, -1)
        chances = (chances - chances.max(-1, keepdims=True)).astype(float)
        chances = np.rint(chances * (TABLE_UNIT * math.log2(math.e) * CHANCE_STEPS)).clip(-20 * CHANCE_STEPS, 0)
        self.chances = chances.astype(int).reshape(BANDS, LEVELS, CONTEXTS, -1)
        self.bands = bands(self.scales.shape[-1])
        counts = [last - first for first, last in self.bands]
        self.band = np.repeat(range(BANDS), counts)
        self.within = np.concatenate([*map(np.arange, counts)]).astype(np.int16)
        self.seed = zlib.crc32(self.scales.astype("<i2").tobytes() + self.chances.astype("<i2").tobytes())

    @staticmethod
    def takes(model):
        """Whether an auto-encoder has levels of quality and bits of its own."""
        return {"encoder", "decoder", "entropy"} <= {layer.name for layer in model.layers}

    def round_trip(self, images, level=USUAL_LEVEL):
        """Each of some images of any size decoded from bytes, and their number, `{"bytes": ...}`."""

        def through(part):
            size = part.shape[1:3]
            files = [self.pack(*one, level, size) for one in zip(*self.latents(part, level), strict=True)]
            numbers, colors, *_ = zip(*map(self.unpack, files), strict=True)
            decoded = self.images(np.stack(numbers), np.stack(colors), level, size)
            return [(rgb, {"bytes": len(data)}) for rgb, data in zip(decoded, files, strict=True)]

        return by_size(images, through)

    def encode(self, image, level=USUAL_LEVEL):
        """The bytes of an image, uint8 `(H, W, 3)`; see `latents` and `pack`, also for errors."""
        image = checked_image(image)
        _check_size(image.shape[:2])
        numbers, found, colors = self.latents(image[None], level)
        return self.pack(numbers[0], found[0], colors[0], level, image.shape[:2])

    def decode(self, data):
        """The image, uint8 `(H, W, 3)`, of bytes; see `unpack`, also for errors."""
        numbers, color, level, size = self.unpack(data)
        return self.images(numbers[None], color[None], level, size)[0]

    def latents(self, images, level):
        """What is coded of uint8 sRGB images `(N, H, W, 3)`, extended to whole blocks of 8 by repeating their edge.

        It is the numbers `(N, h, w, C)`, int8; their depths `(N, h, w, 7)`, int8; the mean colours `(N, 3)`, uint8.
        ValueError for other images, or another level than 0 to 7.
        """
        images = checked_images(images)
        _check_level(level)
        colors = images.mean((1, 2)).round().astype(np.uint8)
        shape = _blocks(images.shape[1:3])
        numbers, bits = (np.empty((len(images), *shape, count), np.int8) for count in (len(self.band), BANDS))
        for part, seen, inner in self._tiles(shape, *TO_ENCODE):
            rgb = whole_blocks(images[:, *times(seen, STRIDE)]).astype(np.float32)
            inputs = {"rgb": rgb, **_given(colors, level)}
            latent = self.encoder(inputs, training=False)["latent"]
            needed = DEPTHS[self.depth](latent, inputs)
            numbers[:, *part] = ops.convert_to_numpy(rounded(latent, needed))[:, *inner]
            bits[:, *part] = ops.convert_to_numpy(needed)[:, *inner]
        return numbers, bits, colors

    def images(self, numbers, colors, level, size):
        """uint8 sRGB `(N, *size, 3)` of what `latents` gave."""
        shape, made, flat = numbers.shape[1:3], np.empty((len(numbers), *size, 3), np.uint8), {}
        for part, seen, inner in self._tiles(shape, *TO_DECODE):
            latent = numbers[:, *seen]
            # Parts of which nothing is left beside the colour are alike.
            alike = None if latent.any() else (latent.shape, str(inner))
            rgb = flat.get(alike)
            if rgb is None:
                inputs = {"latent": latent.astype(np.float32), **_given(colors, level)}
                rgb = ops.convert_to_numpy(self.decoder(inputs, training=False)["rgb"])[:, *times(inner, STRIDE)]
                rgb = rgb.round().clip(0, 255).astype(np.uint8)
            if alike:
                flat[alike] = rgb
            place = made[:, *times(part, STRIDE)]
            place[:] = rgb[:, : place.shape[1], : place.shape[2]]
        return made

    def pack(self, numbers, depth, color, level, size):
        """The bytes of one image: numbers `(h, w, C)`, depths `(h, w, 7)`, and the rest of what `unpack` gives.

        ValueError for no pixels or more than `MOST_PIXELS`, or another level than 0 to 7.
        """
        _check_size(size)
        _check_level(level)
        depth, columns = depth.reshape(-1, BANDS).astype(np.int8), depth.shape[1]
        numbers = numbers.reshape(-1, len(self.band))
        first = self._first(numbers, depth)
        needed = bool((first >= 0).all())
        head = bytes([FIRST_BYTE + level + needed * NEEDED]) + b"".join(map(_base128, size[::-1])) + color.tobytes()
        payload = b""
        if depth.any():
            coder = Writer()
            queue, counts = self._code_keys(coder, depth, first, needed, columns, level)
            for part, places, slots in self._slots(depth, first, level, counts):
                queue[slots] = numbers[part].reshape(-1)[places]
            self._code_queue(coder, queue, counts)
            payload = coder.payload()
        return head + payload + self._check(head + payload)

    def unpack(self, data):
        """The numbers `(h, w, C)`, int8, the mean colour, the level and the size `(H, W)` of bytes.

        ValueError for bytes that are damaged, of another kind, or of another model.
        """
        body, place = data[:-2], 1
        if not is_latent(body):
            raise ValueError("it is no image of an auto-encoder")
        if self._check(body) != data[-2:]:
            raise ValueError("it is damaged, cut short, or from another model")
        width, place = _from_base128(body, place)
        height, place = _from_base128(body, place)
        if not _is_size((height, width)):
            raise ValueError(f"it says that it is {height}x{width} pixels large; {MOST_PIXELS:,} are the most")
        needed, level = divmod(body[0] - FIRST_BYTE, NEEDED)
        color, payload = body[place : place + 3], body[place + 3 :]
        if len(color) < 3:
            raise ValueError("it is cut short: it has no mean colour")
        numbers = np.zeros((*_blocks((height, width)), len(self.band)), np.int8)
        if payload:
            self._fill(numbers, payload, level, needed)
        return numbers, np.frombuffer(color, np.uint8), level, (height, width)

    def _tiles(self, shape, before, behind, most):
        """`tiles`, but for a model that takes nothing else the whole."""
        is_static = None not in self.encoder.input["rgb"].shape[1:3]
        return tiles(shape, before, behind, math.prod(shape) if is_static else most)

    def _fill(self, numbers, payload, level, needed):
        """Puts those of a payload in the place of the numbers `(h, w, C)`."""
        coder, columns, numbers = Reader(payload), numbers.shape[1], numbers.reshape(-1, len(self.band))
        count = len(numbers)
        coder.need(count * self._least(level))
        depth, first = np.zeros((count, BANDS), np.int8), np.full((count, BANDS), -1, np.int16)
        queue, counts = self._code_keys(coder, depth, first, needed, columns, level)
        self._code_queue(coder, queue, counts)
        for part, places, slots in self._slots(depth, first, level, counts):
            numbers[part].reshape(-1)[places] = queue[slots]

    def _least(self, level):
        """Bits that the depths of one position cost at least."""
        return least_costs(2.0 ** (self.chances[:, level] / CHANCE_STEPS)).min(-1).sum()

    def _code_keys(self, coder, depth, first, needed, columns, level):
        """What keys follow from. Room for the numbers that are coded, int8, and how many there are of each key."""
        self._code_depths(coder, depth, columns, level)
        if needed:
            self._code_first(coder, first, depth, level)
        counts = np.zeros(KEYS, int)
        for part in self._parts(depth):
            counts += np.bincount(self._keys(depth[part], first[part], level), minlength=KEYS)
        counts[NO_KEY] = 0
        return np.zeros(counts.sum(), np.int8), counts

    def _code_depths(self, coder, depth, columns, level):
        """Depths `(positions, 7)`, row by row: what each is likely to be is said by those before it."""
        tables, above, least = [[None] * CONTEXTS for _ in range(BANDS)], None, self._least(level)
        for start in range(0, len(depth), columns):
            given = depth[start : start + columns].tobytes()
            row = bytearray(len(given))
            for place, value in enumerate(given):
                band = place % BANDS
                if not place % _OFTEN:
                    coder.need((len(depth) - start - place // BANDS - 1) * least)
                context = _context(
                    above[place] if above else None,
                    row[place - BANDS] if place >= BANDS else None,
                    row[place - 1] if band else None,
                )
                table = tables[band][context]
                if table is None:
                    table = tables[band][context] = categorical(tuple(self.chances[band, level, context].tolist()))
                row[place] = coder.one(value, table)
            above = row
            depth[start : start + columns] = np.frombuffer(row, np.int8).reshape(-1, BANDS)

    def _code_first(self, coder, first, depth, level):
        """Which number of each band and position is the first to need all its bits, where the depth is not 0."""
        for band, (start, end) in enumerate(self.bands):
            if end - start == 1:
                first[:, band] = 0  # there is no other, and the coder has no table of one symbol
                continue
            for part in self._parts(depth):
                has_any = np.flatnonzero(depth[part, band])
                if len(has_any):
                    of_them = depth[part][has_any]
                    weights = first_weights(self._scale_steps(of_them, level, slice(start, end)), of_them[:, band])
                    first[part, band][has_any] = coder.each(first[part, band][has_any].astype(np.int32), weights)
                    coder.need(0)

    def _code_queue(self, coder, queue, counts):
        """The numbers that are coded, those of the same key behind each other."""
        found = [(key_table(number), counts[number]) for number in np.flatnonzero(counts).tolist()]
        to_come, place = sum(table.least * count for (table, _), count in found), 0
        for (table, limit), count in found:
            for start in range(place, place + count, _PART):
                coder.need(to_come)
                part = slice(start, min(start + _PART, place + count))
                queue[part] = coder.many(queue[part].astype(np.int32) + limit, table) - limit
                to_come -= table.least * (part.stop - part.start)
            place += count
        coder.need(0)

    def _slots(self, depth, first, level, counts):
        """Yields positions, the places of the coded ones among all numbers there, and their places in the queue."""
        behind = np.cumsum(counts) - counts
        for part in self._parts(depth):
            keys = self._keys(depth[part], first[part], level)
            places = np.flatnonzero(keys != NO_KEY)
            places = places[np.argsort(keys[places], kind="stable")]
            here = np.bincount(keys[places], minlength=KEYS)
            yield part, places, np.repeat(behind - np.cumsum(here) + here, here) + np.arange(len(places))
            behind += here

    def _keys(self, depth, first, level):
        """The numbers of the keys of all numbers of some positions, `(positions * C,)`."""
        first, bits = first[:, self.band], depth[:, self.band].astype(np.int16)
        bits -= self.within < first  # what comes before the first needs a bit less
        scales = self._scale_steps(depth, level).astype(np.int16)
        return np.where(bits > 1, key(scales, self.within == first, bits), NO_KEY).ravel()

    def _scale_steps(self, depth, level, channels=slice(None)):
        """The scale of each number of some positions, `(positions, C)`: eighths of its logarithm above the lowest."""
        scales = (depth[:, self.band[channels]].astype(np.int32) - 3) * SCALE_STEPS
        for band, tables in enumerate(self.scales[:, level, :, channels]):
            scales += tables[depth[:, band]]
        return scales.clip(LOWEST, HIGHEST) - LOWEST

    def _first(self, numbers, depth):
        """Which number of each band and position is the first to need all its bits; -1 if not every band has one."""
        first = np.full(depth.shape, -1, np.int16)
        for part in self._parts(depth):
            needing = np.abs(numbers[part].astype(np.int16)) > LIMITS[depth[part][:, self.band]]
            parts = [needing[:, slice(*channels)] for channels in self.bands]
            if (~np.stack([each.any(-1) for each in parts], -1) & (depth[part] > 0)).any():
                return np.full(depth.shape, -1, np.int16)
            first[part] = np.stack([each.argmax(-1) for each in parts], -1)
        return first

    def _parts(self, depth):
        """Slices of positions, in order, for so many numbers at a time as memory is to be had for."""
        step = max(1, _PART // len(self.band))
        return (slice(start, start + step) for start in range(0, len(depth), step))

    def _check(self, body):
        return (zlib.crc32(body, self.seed) & 0xFFFF).to_bytes(2, "big")


def _given(colors, level):
    return {"color": colors.astype(np.float32), "level": np.full(len(colors), level, np.int32)}


def _context(above, left, before):
    """`contexts` of the model for one depth, of those of its band above and left, and of the band before."""
    above = left if above is None else above
    left = above if left is None else left
    mean = _NONE if above is None else (above + left + 1) // 2
    return mean * (MOST_BITS + 2) + (_NONE if before is None else before)


def _check_level(level):
    if not isinstance(level, int | np.integer) or not 0 <= level < LEVELS:
        raise ValueError(f"`level` must be a whole number from 0 to {LEVELS - 1}. Received: level={level!r}")


def _blocks(size):
    return tuple(-(-side // STRIDE) for side in size)


def _is_size(size):
    return 0 < math.prod(_blocks(size)) * STRIDE**2 <= MOST_PIXELS


def _check_size(size):
    if not _is_size(size):
        raise ValueError(f"An image must have 1 to {MOST_PIXELS:,} pixels in whole blocks. Received: size={size}")


def _base128(number):
    low, high = number & 127, number >> 7
    return bytes([low]) if not high else bytes([low | 128]) + _base128(high)


def _from_base128(data, place):
    """A number of a file, and the place behind it. ValueError if it does not end, or is no side of an image."""
    number = 0
    for count, low in enumerate(data[place : place + _MOST_BYTES]):
        number |= (low & 127) << 7 * count
        if low < 128:
            return number, place + count + 1
    raise ValueError("it is damaged: it has no width and height")
