"""Colour-grid files: ordinary grey files in which the colours of the photograph lie as well. See export/FORMAT.md."""

import dataclasses
import zlib
from dataclasses import dataclass

import numpy as np

from export.bases import decode_base, encode_base
from export.containers import PAYLOAD, PROFILE, attach, records
from export.containers.errors import ContainerError, DamagedRecords
from export.photographs import Photograph
from export.qualities import LEAST, MOST, turn
from training.command import CommandError
from training.data.pixels import MOST_PROFILE
from training.metrics.images import psnr, squared_error
from zoo.codecs import payload
from zoo.codecs.pyramid import LADDER, Layout, Pyramid, luma_and_grids
from zoo.errors import ZooError

NEIGHBOUR = 4  # of qualities between which it is measured what a byte of luma is worth
SLOPE_KIND = "jpeg"  # where the base is lossless, what a byte is worth is that of this kind
WORTH = 3  # how much more a residual does to the photograph than to its own cell, about
USUAL_EFFORT, DESCENT_STEPS = 5, {6: 2, 7: 3, 8: 5, 9: 8}


@dataclass(frozen=True)
class ColorFile:
    """A file that was made.

    Attributes:
        data: its bytes.
        quality: of its base.
        color_bytes: of its payload.
        psnr: in dB, of what is decoded from it, over R, G and B.
    """

    data: bytes
    quality: int
    color_bytes: int
    psnr: float


class Encoder:
    """Makes files of one photograph.

    Args:
        photograph: see `export.photographs`.
        kind: of the base: jpeg, png, webp or avif.
        codec: an `EdgeCodec`, that of the weights `decoder`.
        decoder: one of `zoo.codecs.payload.DECODERS`.
        most_color_bytes: of a payload, or None.
        effort: 0 to 9. From 1 on, several finenesses of colours are tried; from 6 on, descent moves what they aim at,
            through the decoder.
    """

    def __init__(self, photograph, kind, codec, decoder, most_color_bytes=None, effort=USUAL_EFFORT):
        self.photograph, self.kind, self.codec, self.decoder = photograph, kind, codec, decoder
        self.most_color_bytes, self.effort = most_color_bytes, effort
        self.luma, self.grids = luma_and_grids(photograph.rgb)
        if photograph.profile and len(photograph.profile) > MOST_PROFILE:
            raise CommandError(f"its ICC profile has more than {MOST_PROFILE:,} bytes: convert it to sRGB")

    def at(self, quality):
        """The `ColorFile` whose base has this quality, and colours to match it.

        A byte of colour must be worth as much as one of luma is at this quality: of the settings of LADDER it is the
        one with the least sum of squared errors and of bytes, at what these cost there.
        """
        if not LEAST <= quality <= MOST:
            raise CommandError(f"quality must be {LEAST} to {MOST}, not {quality!r}")
        photograph = self.photograph
        base = encode_base(self.luma, self.kind, quality, photograph.alpha, photograph.exif, photograph.xmp)
        luma = decode_base(base)[0]
        data, rgb = self._colors(luma, self._price(quality))
        if not self._fits(data):
            raise CommandError(f"its colours take {len(data):,} bytes at least, more than {self.most_color_bytes:,}")
        kept = {PAYLOAD: data}
        if photograph.profile:
            kept[PROFILE] = zlib.compress(photograph.profile, 9)
        return ColorFile(attach(base, kept), quality, len(data), psnr(photograph.rgb, rgb))

    def within(self, most_bytes):
        """The `ColorFile` of the highest quality that has so many bytes at most. CommandError if none has."""
        found, _ = turn(self.at, lambda file: len(file.data) <= most_bytes)
        if found is None:
            raise CommandError(f"it takes more than {most_bytes:,} bytes at any quality: choose more")
        return found

    def reaching(self, least_psnr):
        """The `ColorFile` of the lowest quality whose PSNR is so high at least. CommandError if none is."""
        _, found = turn(self.at, lambda file: file.psnr < least_psnr)
        if found is None:
            raise CommandError(f"it does not reach {least_psnr:g} dB at any quality: choose less")
        return found

    def _price(self, quality):
        """By how much squared errors over R, G and B fall for a byte more of luma, at this quality."""
        kind = SLOPE_KIND if self.kind == "png" else self.kind
        low = min(max(quality - NEIGHBOUR // 2, LEAST), MOST - NEIGHBOUR)
        files = [encode_base(self.luma, kind, each) for each in (low, low + NEIGHBOUR)]
        errors = [3 * squared_error(decode_base(file)[0], self.luma) for file in files]
        return max(errors[0] - errors[1], 0) / max(len(files[1]) - len(files[0]), 1)

    def _colors(self, luma, price):
        """The payload that costs least where a byte costs `price`, and the photograph that comes of it."""
        pyramid, encoded, *usual = self._best(luma, price)
        if self.effort not in DESCENT_STEPS:
            return usual
        from export.descent import descended

        steps = DESCENT_STEPS[self.effort]
        found = descended(pyramid, encoded, self.grids, self.photograph.rgb, price / 8, steps)
        bettered = self._written(pyramid, *found)
        return bettered if self._fits(bettered[0]) else usual

    def _best(self, luma, price):
        """Pyramid, what it encodes, payload and photograph of the fineness in LADDER that costs least.

        It is looked for from that at which residuals are rounded by about this price, down, then up, for as long as it
        gets better; over one that is worse as well, for the smallest cells change on the way.
        """
        costs, best = {}, []

        def cost(rung):
            if rung not in costs:
                costs[rung], *made = self._tried(LADDER[rung], luma, price)
                if costs[rung] == min(costs.values()):
                    best[:] = made  # of the others nothing stays: they are large
            return costs[rung]

        prices = [8 * WORTH * Layout(luma.shape, *rung).price for rung in LADDER]
        now = int(np.argmin(np.abs(np.log(np.divide(prices, max(price, 1))))))
        least = cost(now)
        if self.effort > 0 or self.most_color_bytes is not None:
            for direction in (-1, 1):
                near = (direction, 2 * direction)
                while better := [now + by for by in near if 0 <= now + by < len(LADDER) and cost(now + by) < least]:
                    now = better[0]
                    least = cost(now)
        return best

    def _tried(self, rung, luma, price):
        """Cost, pyramid, what it encodes, payload and photograph. What does not fit costs more than all that does."""
        pyramid = Pyramid(Layout(luma.shape, *rung), luma, self.codec)
        encoded = pyramid.encode(self.grids, payload.priors())
        data, rgb = self._written(pyramid, *encoded)
        cost = (False, squared_error(rgb, self.photograph.rgb) + price * len(data))
        return cost if self._fits(data) else (True, len(data)), pyramid, encoded, data, rgb

    def _fits(self, data):
        return self.most_color_bytes is None or len(data) <= self.most_color_bytes

    def _written(self, pyramid, residuals, grid):
        """A payload, and the photograph that comes of it."""
        return payload.write(pyramid.layout, residuals, self.decoder), pyramid.joined(grid)


@dataclass(frozen=True)
class Opened:
    """A file that was opened.

    Attributes:
        luma: uint8 `(H, W)`.
        photograph: grey; with its metadata.
        payload: a `zoo.codecs.payload.Payload`; None if it holds none that can be read.
        color_bytes: of the payload.
        trouble: why there are no colours, or None.
        is_ordinary: whether it is an image file in which no records of this codec are found.
    """

    luma: np.ndarray
    photograph: Photograph
    payload: payload.Payload | None
    color_bytes: int
    trouble: str | None
    is_ordinary: bool = False


def opened(data):
    """The `Opened` file of some bytes. Errors are those of `export.bases.decode_base`."""
    luma, alpha, exif, xmp = decode_base(data)
    grey = Photograph(np.repeat(luma[..., None], 3, axis=-1), alpha, None, exif, xmp)
    try:
        held = records(data)
        if PAYLOAD not in held:
            return Opened(luma, grey, None, 0, "it holds no colours: it is an ordinary image file", is_ordinary=True)
        found = payload.read(held[PAYLOAD])
        if found.layout.size != luma.shape:
            raise ZooError("its colours are of a picture of another size: it was resized or cut")
        found.check_weights()
        profile = _unpacked(held[PROFILE]) if PROFILE in held else None
    except ZooError as error:
        cannot_hold = isinstance(error, ContainerError) and not isinstance(error, DamagedRecords)
        return Opened(luma, grey, None, 0, str(error), is_ordinary=cannot_hold)
    return Opened(luma, dataclasses.replace(grey, profile=profile), found, len(held[PAYLOAD]), None)


def decoded(file, codec):
    """The `Photograph` of an `Opened` file that has colours, by an `EdgeCodec` of the weights that it names."""
    pyramid = Pyramid(file.payload.layout, file.luma, codec)
    return dataclasses.replace(file.photograph, rgb=pyramid.joined(pyramid.decode(file.payload.residuals())))


def _unpacked(data):
    """The bytes of a profile that were compressed. ZooError if they cannot be."""
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, MOST_PROFILE)
    except zlib.error:
        found = b""
    if not unpacker.eof:
        raise ZooError("its profile is damaged")
    return found
