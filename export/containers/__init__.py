"""Records of private data in JPEG, PNG, WebP and AVIF files, which show the same picture with or without them.

Each format is a module with `find(data)`, which yields name and bytes of each record that a file holds, and `put(data,
records)`, which gives the file with these records and no others. Records are named by the four letters that PNG and
WebP have for them.
"""

from export.containers import avif, jpeg, png, webp
from export.containers.errors import ContainerError, DamagedRecords

PAYLOAD, PROFILE = "cgRD", "cgRP"  # the colours, and the ICC profile of what they are the colours of, deflated
_FORMATS = (jpeg, png, webp, avif)


def records(data):
    """Records of a file by their names, bytes each; none if it has none. ContainerError for a damaged file."""
    found = [(name, record) for name, record in _format(data).find(data) if name in (PAYLOAD, PROFILE)]
    if len(dict(found)) < len(found):
        raise DamagedRecords("its colours are damaged: they stand in it twice")
    return dict(found)


def attach(data, held):
    """The bytes of a file with these records, by their names, in place of those that it had.

    ContainerError for a damaged file, or one that cannot hold any.
    """
    return _format(data).put(data, held)


def _format(data):
    found = next((each for each in _FORMATS if each.is_one(data)), None)
    if found is None:
        raise ContainerError("it is no JPEG, PNG, WebP or AVIF file")
    return found
