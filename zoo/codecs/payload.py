"""The bytes of a colour pyramid: a header of 19 bytes and what its levels are coded as. See export/FORMAT.md.

What statistics begin with, the priors, belongs to the version of the format: they stand in a file of the zoo whose name
holds the beginning of its SHA-256, and were trained by `python -m training.priors`.
"""

import hashlib
import math
import struct
import zlib
from dataclasses import dataclass
from functools import cache

import numpy as np

from zoo.arrays import read_arrays
from zoo.codecs.mixing import COST_OF_LEAST, DECODE, ENCODE, LONGEST, UNARY, fresh
from zoo.codecs.pyramid import CELLS, Layout, level_of
from zoo.codecs.pyramid_coder import CONTEXTS, SETS, VALUES, LevelCoder
from zoo.errors import ZooError
from zoo.weights import FOLDER, card

MAGIC, VERSION = b"CG", 1
PRIORS = "color_pyramid_priors-70c591f3.npz"  # of this version
DECODERS = ("crayon_edge-photographs", "crayon_edge_m-photographs", "crayon_edge-pyramid")  # by their numbers in files
LARGEST = UNARY + (2 << LONGEST) - 1  # residual that can be told
MOST_PIXELS_A_SIDE = (1 << 16) - 1
_HEADER = struct.Struct(">2sBB4sBBBHH")
_CRC = struct.Struct(">I")
HEADER_BYTES = _HEADER.size + _CRC.size
_REGISTER = 32  # bits that a coder may leave out at the end: those of its register


class DamagedPayload(ZooError):
    """Bytes that are no payload, or no longer what was written."""


@dataclass(frozen=True)
class Payload:
    """What a payload says of itself, and its coded levels.

    Attributes:
        layout: of the pyramid.
        decoder: name of the weights of the zoo that it was made for.
        weights: the first 4 bytes of their SHA-256.
        body: the levels' bytes.
    """

    layout: Layout
    decoder: str
    weights: bytes
    body: bytes

    def residuals(self):
        """Those of all levels by their cells, int64 `(rows, columns, 2)` each; see `zoo.codecs.pyramid`."""
        coder = LevelCoder(priors(), DECODE, self.body)
        layout = self.layout
        return {
            n: coder.code(level_of(n), np.zeros((*layout.shape(n), 2), np.int64), layout.steps(n)) for n in layout.cells
        }

    def check_weights(self):
        """ZooError unless the zoo has these weights of its decoder."""
        if self.weights != weights_of(self.decoder):
            raise ZooError(
                f"it was written for other weights of {self.decoder} ({self.weights.hex()}) than this version has "
                f"({weights_of(self.decoder).hex()}): decode it with the version that it was written with"
            )


def write(layout, residuals, decoder):
    """The bytes of a pyramid.

    Args:
        layout: its `Layout`.
        residuals: of all levels by their cells; see `zoo.codecs.pyramid`.
        decoder: one of DECODERS.
    """
    if max(layout.size) > MOST_PIXELS_A_SIDE:
        raise ZooError(f"a side must have at most {MOST_PIXELS_A_SIDE:,} pixels, not {max(layout.size):,}")
    if max(np.abs(found).max() for found in residuals.values()) > LARGEST:
        raise ZooError(f"residuals must be within {LARGEST:,}")
    coder = coded(layout, residuals, LevelCoder(priors(), ENCODE))
    height, width = layout.size
    number = DECODERS.index(decoder)
    exponent = layout.last.bit_length() - 1
    head = MAGIC, VERSION, number, weights_of(decoder), exponent, layout.step, layout.ratio, width, height
    header, body = _HEADER.pack(*head), coder.payload().ljust(_least_bytes(layout), b"\0")
    return header + _CRC.pack(zlib.crc32(header + body)) + body


def coded(layout, residuals, coder):
    """A `LevelCoder` that residuals of all levels went through, in the order of files."""
    for n in layout.cells:
        coder.code(level_of(n), residuals[n], layout.steps(n))
    return coder


def read(data):
    """The `Payload` that some bytes are.

    Raises:
        DamagedPayload: they are none, or were changed.
        ZooError: they are of another version, or made for a decoder that this one does not know.
    """
    if len(data) < HEADER_BYTES or data[:2] != MAGIC:
        raise DamagedPayload("its colours are damaged: no payload begins like that")
    header, body = data[: _HEADER.size], data[HEADER_BYTES:]
    if _CRC.unpack(data[_HEADER.size : HEADER_BYTES])[0] != zlib.crc32(header + body):
        raise DamagedPayload("its colours are damaged: the checksum is another")
    _, version, number, weights, exponent, step, ratio, width, height = _HEADER.unpack(header)
    if version != VERSION or number >= len(DECODERS):
        raise ZooError(f"its colours are of version {version} and for decoder {number}: a newer version reads them")
    try:
        layout = Layout((height, width), 1 << min(exponent, 8), step, ratio)
    except ZooError as error:
        raise DamagedPayload(f"its colours are damaged: {error}") from None
    if len(body) < _least_bytes(layout):
        raise DamagedPayload("its colours are damaged: so few bytes cannot hold as many levels")
    return Payload(layout, DECODERS[number], weights, body)


def _least_bytes(layout):
    """Bytes that the residuals of a layout take at least, whatever they are: their number costs no more memory."""
    return max(math.ceil((layout.numbers * COST_OF_LEAST - _REGISTER) / 8), 0)


def weights_of(decoder):
    """The first 4 bytes of the SHA-256 of the zoo's weights of that name."""
    return bytes.fromhex(card(decoder)["sha256"])[:4]


def priors():
    """Statistics to begin with, to be changed by whoever asked; see `zoo.codecs.mixing.fresh`."""
    return tuple(array.copy() for array in _stored_priors())


@cache
def _stored_priors():
    path = FOLDER / PRIORS
    content = path.read_bytes() if path.exists() else b""
    if not hashlib.sha256(content).hexdigest().startswith(path.stem.rsplit("-", 1)[1]):
        raise ZooError(f"{path} is damaged or missing: its SHA-256 must begin as its name says. Install it again")
    names = "probabilities", "counts", "weights"
    states = dict(zip(names, no_priors(), strict=True))
    found = read_arrays(content, {name: array.shape for name, array in states.items()}, path)
    return tuple(found[name].astype(np.int32) for name in names)


def no_priors():
    """Statistics of a coder that has seen nothing."""
    return fresh(CONTEXTS, VALUES, SETS, 2 * len(CELLS))
