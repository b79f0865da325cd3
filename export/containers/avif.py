"""AVIF: each record is a `uuid` box (ISO/IEC 14496-12, 11.1) of an extended type of our own, with its name."""

import struct

from export.containers.errors import cut

EXTENDED_TYPE = bytes.fromhex("8a1f3c526d0b4e579c437b1e0d5fa264")
_OWN = b"uuid" + EXTENDED_TYPE


def is_one(data):
    """Whether some bytes begin as an AVIF file does."""
    return data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"mif1", b"miaf")


def find(data):
    """See `export.containers`."""
    for start, end in _boxes(data):
        if _is_own(data, start):
            yield data[start + 24 : start + 28].decode("latin-1"), data[start + 28 : end]


def put(data, records):
    """See `export.containers`. Boxes stand at the end: places in the file that other boxes name stay what they are."""
    parts = []
    for start, end in _boxes(data):
        if _is_own(data, start):
            continue
        head = data[start : start + 4]
        if head == bytes(4):  # to the end of the file, which it no longer is
            if end - start >= 1 << 32:
                raise cut("AVIF")
            head = struct.pack(">I", end - start)
        parts += [head, data[start + 4 : end]]
    for name, record in records.items():
        parts += [struct.pack(">I", 28 + len(record)), _OWN, name.encode(), record]
    return b"".join(parts)


def _is_own(data, start):
    return data[start + 4 : start + 24] == _OWN and data[start : start + 4] != bytes(4)


def _boxes(data):
    """Start and end of all boxes of the file."""
    position = 0
    while position < len(data):
        if position + 8 > len(data):
            raise cut("AVIF")
        (length,) = struct.unpack_from(">I", data, position)
        if length == 1:
            length = int.from_bytes(data[position + 8 : position + 16], "big")
        end = len(data) if length == 0 else position + length
        if end > len(data) or end - position < (28 if _is_own(data, position) else 8):
            raise cut("AVIF")
        yield position, end
        position = end
