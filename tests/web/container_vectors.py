"""Image files with and without records, whole and damaged, and what Python finds in each and makes of it."""

import base64
import hashlib
import io
import json
import struct

import numpy as np
from PIL import Image

from export.containers import PAYLOAD, PROFILE, attach, avif, jpeg, png, records, webp
from export.containers.errors import ContainerError

MODULES = {"jpeg": jpeg, "png": png, "webp": webp, "avif": avif}
MUTATED = 250  # of each kind
EXIF = Image.Exif()
EXIF[315] = "somebody"
FILES = {
    "jpeg": ("jpeg", "L", {}),
    "progressive jpeg": ("jpeg", "L", {"progressive": True, "exif": EXIF, "xmp": b"<x/>"}),
    "png": ("png", "L", {"exif": EXIF}),
    "png with alpha": ("png", "LA", {}),
    "webp": ("webp", "L", {}),
    "lossless webp": ("webp", "L", {"lossless": True}),
    "lossless webp with alpha": ("webp", "RGBA", {"lossless": True}),
    "webp with alpha": ("webp", "RGBA", {"exif": EXIF, "xmp": b"<x/>"}),
    "avif": ("avif", "L", {"exif": EXIF, "xmp": b"<x/>"}),
    "avif with alpha": ("avif", "LA", {}),
}
HELD = {
    "none": {},
    "empty": {PAYLOAD: b""},
    "small": {PAYLOAD: bytes(range(256)), PROFILE: b"profile"},
    "a segment": {PROFILE: bytes(jpeg.LONGEST)},
    "long": {PAYLOAD: bytes(2 * jpeg.LONGEST + 1), PROFILE: b"profile"},
}


def write(folder):
    """Writes vectors.json: the records that are attached, and the cases."""
    cases = [_case(name, data, HELD) for name, data in _whole().items()]
    cases += [_case(name, data, ("none", "small")) for name, data in _damaged().items()]
    held = {name: [[key, _text(record)] for key, record in each.items()] for name, each in HELD.items()}
    (folder / "vectors.json").write_text(json.dumps({"held": held, "cases": cases}))


def _case(name, data, held):
    return {
        "name": name,
        "bytes": _text(data),
        "kind": next((kind for kind, module in MODULES.items() if module.is_one(data)), None),
        "records": _answer(lambda: [[key, _hash(record)] for key, record in records(data).items()]),
        "attached": {each: _answer(lambda each=each: _hash(attach(data, HELD[each]))) for each in held},
    }


def _answer(function):
    try:
        return {"found": function()}
    except ContainerError as error:
        return {"error": str(error)}


def _whole():
    """Files by their names, as they are and with records."""
    whole = {}
    for name, (kind, mode, options) in FILES.items():
        ramp = np.add.outer(np.arange(9), np.arange(14)).astype(np.uint8) * 11
        image = Image.fromarray(np.dstack([ramp, ramp, ramp, 255 - ramp])).convert(mode)
        file = io.BytesIO()
        image.save(file, kind, **options)
        whole |= {f"{name}, {held}": attach(file.getvalue(), HELD[held]) for held in HELD}
        whole[name] = file.getvalue()
        whole[f"{name}, more behind it"] = file.getvalue() + b"behind"
    return whole


def _damaged():
    """Files by their names: damaged, odd, or of no kind that has records."""
    whole = _whole()
    found = {"no bytes": b"", "a GIF": b"GIF89a", "three bytes": b"\xff\xd8\xff", "no WebP": b"RIFF\4\0\0\0WAVE"}
    for kind in MODULES:
        data = whole[f"{kind}, small"]
        found |= {f"{kind}, {length} bytes of it": data[:length] for length in range(len(data))}
        found |= {f"{kind}, mutated {n}": each for n, each in enumerate(_mutations(data))}
        found[f"{kind}, one name twice"] = data.replace(PROFILE.encode(), PAYLOAD.encode())
        found[f"{kind}, of an unknown name"] = data.replace(PROFILE.encode(), b"cgRX")
    long = whole["jpeg, long"]
    segment = long[long.index(jpeg.IDENTIFIER) - 4 :][: 2 + 0xFFFF]
    found["jpeg, a part missing"] = long.replace(segment, b"", 1)
    found["jpeg, a part twice"] = long.replace(segment, segment + segment, 1)
    found["jpeg, parts in another order"] = long.replace(segment, b"", 1).replace(b"\xff\xdb", segment + b"\xff\xdb", 1)
    found["jpeg, fill bytes"] = whole["jpeg, small"].replace(b"\xff\xef", b"\xff\xff\xff\xef")
    found["png, a twin of a record"] = _twin(whole["png, small"])
    frames, file = [Image.new("L", (16, 16), level) for level in (0, 255)], io.BytesIO()
    frames[0].save(file, "webp", save_all=True, append_images=frames[1:])
    found["webp, an animation"] = file.getvalue()
    box = b"free" + bytes(30)
    for length, more in {0: b"", 1: struct.pack(">Q", 50), 7: b"", 99: b""}.items():
        found[f"avif, a last box of length {length}"] = whole["avif"] + struct.pack(">I", length) + box[:4] + more + box
    return found


def _twin(data):
    """A PNG file with its first record twice, whole each time."""
    start = data.index(PAYLOAD.encode()) - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    return data[:end] + data[start:]


def _mutations(data):
    """The file with one to three bytes changed, many times."""
    random = np.random.default_rng(0)
    for _ in range(MUTATED):
        changed = bytearray(data)
        for place in random.integers(0, len(data), random.integers(1, 4)):
            changed[place] = random.choice([0, 1, 255, random.integers(256)])
        yield bytes(changed)


def _text(data):
    return base64.b64encode(data).decode()


def _hash(data):
    return hashlib.sha256(data).hexdigest()
