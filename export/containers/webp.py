"""WebP: each record is a chunk at the end of an extended file, which readers pass over (RFC 9649)."""

import struct

from export.containers.errors import ContainerError, cut

_HEADER = struct.Struct("<4sI4s")
_PRIVATE = b"cgR"  # how the names of our chunks begin
_HAS_ALPHA = 0x10


def is_one(data):
    """Whether some bytes begin as a WebP file does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def find(data):
    """See `export.containers`."""
    return ((name.decode("latin-1"), content) for name, content in _chunks(data) if name.startswith(_PRIVATE))


def put(data, records):
    """See `export.containers`."""
    chunks = [(name, content) for name, content in _chunks(data) if not name.startswith(_PRIVATE)]
    if not chunks:
        raise cut("WebP")
    if any(name in (b"ANIM", b"ANMF") for name, _ in chunks):
        raise ContainerError("it is an animation, which can hold no colours")
    if records and chunks[0][0] != b"VP8X":
        chunks.insert(0, (b"VP8X", _extended(*chunks[0])))
    chunks += [(name.encode(), record) for name, record in records.items()]
    body = b"".join(
        struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2) for name, content in chunks
    )
    return _HEADER.pack(b"RIFF", 4 + len(body), b"WEBP") + body


def _extended(name, content):
    """What the header of an extended file says of a simple one, from its only chunk."""
    if name == b"VP8 " and content[3:6] == b"\x9d\x01\x2a" and len(content) >= 10:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 6))
        flags = 0
    elif name == b"VP8L" and content[:1] == b"\x2f" and len(content) >= 5:
        bits = int.from_bytes(content[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _HAS_ALPHA * (bits >> 28 & 1)
    else:
        raise cut("WebP")
    if not (width and height):
        raise cut("WebP")
    return struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def _chunks(data):
    """Name and content of all chunks."""
    position, size = _HEADER.size, struct.unpack_from("<I", data, 4)[0]
    if size + 8 > len(data):
        raise cut("WebP")
    while position < size + 8:
        if position + 8 > size + 8:
            raise cut("WebP")
        name, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length
        if end > size + 8:
            raise cut("WebP")
        yield name, data[position + 8 : end]
        position = end + length % 2
