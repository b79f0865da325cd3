"""PNG: each record is a chunk, before the pixels: ancillary, private, unsafe to copy (PNG, 5.4)."""

import struct
import zlib

from export.containers.errors import DamagedRecords, cut

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PRIVATE = b"cgR"  # how the names of our chunks begin


def is_one(data):
    """Whether some bytes begin as a PNG file does."""
    return data[:8] == SIGNATURE


def find(data):
    """See `export.containers`."""
    for start, end, name in _chunks(data):
        if name.startswith(_PRIVATE):
            if zlib.crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                raise DamagedRecords("its colours are damaged: the checksum of their chunk is another")
            yield name.decode("latin-1"), data[start + 8 : end - 4]


def put(data, records):
    """See `export.containers`."""
    parts, own = [SIGNATURE], b"".join(_chunk(name.encode(), record) for name, record in records.items())
    last = len(SIGNATURE)
    for start, end, name in _chunks(data):
        if name == b"IDAT" and own:
            parts.append(own)
            own = b""
        if not name.startswith(_PRIVATE):
            parts.append(data[start:end])
        last = end
    if own:
        raise cut("PNG")
    return b"".join([*parts, data[last:]])


def _chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _chunks(data):
    """Start, end and name of all chunks."""
    position, name = len(SIGNATURE), b""
    while name != b"IEND":
        if position + 12 > len(data):
            raise cut("PNG")
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise cut("PNG")
        yield position, end, name
        position = end
