"""Records in image files: they come back, the pictures stay what they are, and damage is found out."""

import io
import re
import shutil
import struct
import subprocess
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from export.containers import PAYLOAD, PROFILE, attach, jpeg, records
from export.containers.errors import ContainerError, DamagedRecords

EXIF = Image.Exif()
EXIF[315] = "somebody"
XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>"
    b"</x:xmpmeta>"
)
FILES = {
    "jpeg": ("jpeg", "L", {}),
    "progressive jpeg": ("jpeg", "L", {"progressive": True, "exif": EXIF, "xmp": XMP}),
    "png": ("png", "L", {"exif": EXIF}),
    "png with alpha": ("png", "LA", {}),
    "webp": ("webp", "L", {}),
    "lossless webp": ("webp", "L", {"lossless": True}),
    "webp with alpha": ("webp", "RGBA", {"exif": EXIF, "xmp": XMP}),
    "avif": ("avif", "L", {"exif": EXIF, "xmp": XMP}),
    "avif with alpha": ("avif", "LA", {}),
}
HELD = {PAYLOAD: bytes(range(256)) * 3, PROFILE: b"profile"}


@pytest.fixture(scope="module")
def files(photographs):
    found = {}
    for name, (kind, mode, options) in FILES.items():
        file = io.BytesIO()
        Image.fromarray(photographs[0][:61, :70]).convert(mode).save(file, kind, **options)
        found[name] = file.getvalue()
    return found


def shown(data):
    """Pixels, EXIF and XMP as Pillow reads them."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return np.asarray(image), image.getexif().tobytes(), image.info.get("xmp")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [0, 1, jpeg.LONGEST, jpeg.LONGEST + 1, 200_001])
def test_records_come_back_and_pictures_stay(name, size, files):
    data = files[name]
    held = {PAYLOAD: np.random.default_rng(size).bytes(size), PROFILE: b"profile"}
    assert records(data) == {}
    written = attach(data, held)
    assert records(written) == held
    for one, other in zip(shown(written), shown(data), strict=True):
        assert np.array_equal(one, other)
    assert attach(attach(written, {PAYLOAD: b"else"}), held) == written
    bare = attach(written, {})
    assert records(bare) == {}
    if "webp" not in name:  # which may have become an extended file
        assert bare == data
    assert np.array_equal(shown(bare)[0], shown(data)[0])


def test_the_page_says_what_the_bytes_are(files):
    page = Path("export/FORMAT.md").read_text().split("## Containers")[1]
    rows = re.findall(r"^\| (JPEG|PNG|WebP|AVIF) \|.*`([0-9a-f ]+)` \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for kind, example in rows:
        assert bytes.fromhex(example) in attach(files[kind.lower()], {PAYLOAD: b"x"})


def test_what_lies_behind_a_picture_stays(files):
    for name in ("jpeg", "png"):
        data = files[name] + b"behind"
        assert attach(data, HELD).endswith(b"behind")
        assert attach(attach(data, HELD), {}) == data


def test_parts_of_a_record_are_all_there_once(files):
    data = attach(files["jpeg"], {PAYLOAD: bytes(3 * jpeg.LONGEST)})
    start = data.index(jpeg.IDENTIFIER) - 4
    segment = data[start : start + 2 + 0xFFFF]
    for changed in (data.replace(segment, b"", 1), data.replace(segment, segment + segment, 1)):
        with pytest.raises(ContainerError, match="missing or stands twice"):
            records(changed)
        assert records(attach(changed, {})) == {}


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_records_of_one_name_are_damaged(kind, files):
    data = attach(files[kind], HELD).replace(PROFILE.encode(), PAYLOAD.encode())
    if kind == "png":  # its checksum is of the name as well
        chunk = [name.encode() + HELD[PROFILE] for name in (PROFILE, PAYLOAD)]
        data = data.replace(*(crc32(each).to_bytes(4, "big") for each in chunk))
    with pytest.raises(DamagedRecords, match="twice"):
        records(data)
    assert records(attach(data, HELD)) == HELD


def test_a_last_box_without_length_gets_one(files):
    data = bytearray(files["avif"])
    position = last = 0
    while position < len(data):
        last, position = position, position + struct.unpack_from(">I", data, position)[0]
    data[last : last + 4] = bytes(4)
    written = attach(bytes(data), HELD)
    assert records(written) == HELD
    assert attach(written, {}) == files["avif"]


def test_what_can_hold_none(files):
    frames = [Image.new("L", (16, 16), level) for level in (0, 255)]
    file = io.BytesIO()
    frames[0].save(file, "webp", save_all=True, append_images=frames[1:])
    with pytest.raises(ContainerError, match="animation"):
        attach(file.getvalue(), HELD)
    for data in (b"", b"GIF89a", files["jpeg"][:2]):
        with pytest.raises(ContainerError, match="no JPEG, PNG, WebP or AVIF"):
            records(data)


@pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")
@pytest.mark.parametrize("name", [name for name in FILES if "webp" not in name])  # which exiftool does not write
def test_exiftool_keeps_records(name, files, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(attach(files[name], HELD))
    subprocess.run(["exiftool", "-q", "-q", "-overwrite_original", "-Artist=x", path], check=True)
    assert records(path.read_bytes()) == HELD
    assert path.read_bytes() != attach(files[name], HELD)


@pytest.mark.skipif(not shutil.which("jpegtran"), reason="needs jpegtran")
def test_jpegtran_keeps_records(files, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(attach(files["jpeg"], HELD))
    turned = subprocess.run(["jpegtran", "-copy", "all", "-progressive", path], check=True, capture_output=True).stdout
    assert records(turned) == HELD


@pytest.mark.parametrize("name", FILES)
def test_damage_is_an_error_or_other_records(name, files, request):
    """Cut short anywhere, and with bytes changed; nothing else is raised, and nothing takes long."""
    data = attach(files[name], HELD)
    random = np.random.default_rng(0)
    variants = [data[:length] for length in range(0, len(data), 1 + len(data) // 200)]
    for _ in range(300):
        changed = bytearray(data)
        for place in random.integers(0, len(data), random.integers(1, 4)):
            changed[place] = random.integers(256)
        variants.append(bytes(changed))
    found = 0
    for variant in variants:
        try:
            records(variant)
            attach(variant, HELD)
        except ContainerError as error:
            found += 1
            assert "\n" not in str(error)  # noqa: PT017
    assert found > 20
