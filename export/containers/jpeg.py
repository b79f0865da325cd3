"""JPEG: records lie in APP15 segments, as ICC profiles do in APP2 ones (ICC.1, annex B.4).

A segment holds the identifier, the record's name, its own number and how many there are, 16 bits each, and up to 65,515
bytes. APP15 is not in use elsewhere: JUMBF has APP11, Photoshop APP13, Adobe's colour transform APP14.
"""

import struct

from export.containers.errors import DamagedRecords, cut

MARKER, IDENTIFIER = 0xEF, b"ColorGrid\0"
_HEAD = struct.Struct(f">{len(IDENTIFIER)}s4sHH")
LONGEST = 0xFFFF - 2 - _HEAD.size
_START, _SCAN, _END = 0xD8, 0xDA, 0xD9
_FIRST_SEGMENTS = (0xE0, 0xE1, 0xE2)  # JFIF, EXIF and XMP, ICC: readers look for them at the beginning


def is_one(data):
    """Whether some bytes begin as a JPEG file does."""
    return data[:3] == b"\xff\xd8\xff"


def find(data):
    """See `export.containers`."""
    parts = {}
    for start, end, marker in _segments(data):
        if _is_own(data, start, marker):
            if end - start < 4 + _HEAD.size:
                raise cut("JPEG")
            _, name, number, count = _HEAD.unpack_from(data, start + 4)
            parts.setdefault(name, []).append((number, count, data[start + 4 + _HEAD.size : end]))
    for name, segments in parts.items():
        segments.sort(key=lambda segment: segment[0])
        counts = [(number, count) for number, count, _ in segments]
        if counts != [(number, len(segments)) for number in range(len(segments))]:
            raise DamagedRecords("its colours are damaged: a part of them is missing or stands twice")
        yield name.decode("latin-1"), b"".join(part for *_, part in segments)


def put(data, records):
    """See `export.containers`."""
    before, after, is_first = [data[:2]], [], True
    last = 2
    for start, end, marker in _segments(data):
        if _is_own(data, start, marker):
            last = end
            continue
        is_first = is_first and marker in _FIRST_SEGMENTS
        (before if is_first else after).append(data[start:end])
        last = end
    own = [segment for name, record in records.items() for segment in _split(name, record)]
    return b"".join([*before, *own, *after, data[last:]])


def _split(name, record):
    """Segments for a record."""
    parts = [record[start : start + LONGEST] for start in range(0, len(record), LONGEST)] or [b""]
    for number, part in enumerate(parts):
        head = _HEAD.pack(IDENTIFIER, name.encode(), number, len(parts))
        yield struct.pack(">BBH", 0xFF, MARKER, 2 + len(head) + len(part)) + head + part


def _is_own(data, start, marker):
    return marker == MARKER and data[start + 4 : start + 4 + len(IDENTIFIER)] == IDENTIFIER


def _segments(data):
    """Start, end and marker of the segments before the first scan; bytes that fill belong to what follows them."""
    position = 2
    while True:
        start = position
        while data[position : position + 2] == b"\xff\xff":
            position += 1
        if data[position : position + 1] != b"\xff" or position + 4 > len(data):
            raise cut("JPEG")
        marker, length = struct.unpack_from(">BH", data, position + 1)
        if marker in (_SCAN, _END):
            return
        position += 2 + length
        if length < 2 or position > len(data):
            raise cut("JPEG")
        yield position - 2 - length if marker == MARKER else start, position, marker
