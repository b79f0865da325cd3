"""Whatever damage is done to a file, the command that reads it says so in a line: bits, bytes, lengths, heads and ends.

    pytest -m slow -s tests/export/test_damaged_files.py

does 200,000 kinds of damage, and prints how many of them were found out.
"""

import contextlib
import io
import json
import os
import resource
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from PIL import Image

import zoo
from export import codec as command
from export.cards import read_card
from export.color_files import Encoder, opened
from export.containers import PAYLOAD, attach, records
from export.files import targets, write_each
from export.photographs import Photograph
from training.command import CommandError
from training.data.pixels import read_image
from training.outputs import save_png
from zoo.codecs.latent import LatentCodec
from zoo.codecs.payload import DECODERS

DAMAGES = {False: 60, True: 16_667}  # of each of six kinds of files, by whether it is the long run
MOST_MS, MOST_MB = 2000, 512
KINDS = tuple(command.KINDS)
EXTREMES = [bytes([byte] * size) for byte in (0, 1, 0x7F, 0x80, 0xFF) for size in (1, 2, 4, 8)]
CARD = {
    "model": "crayon_edge",
    "size": [96, 96],
    "n": 16,
    "kind": "means",
    "space": "Y'CbCr",
    "settings": {},
    "files": {},
}


@pytest.fixture(scope="module")
def codec():
    return LatentCodec(zoo.pretrained("adaptive_autoencoder-cifar100"))


@pytest.fixture(scope="module")
def whole(codec, photographs):
    """A file of each kind, as bytes by suffix."""
    small = photographs[0][:96, :80]
    files = {}
    for name, options in {"JPEG": {"quality": 80}, "PNG": {}, "WEBP": {"quality": 80}}.items():
        file = io.BytesIO()
        Image.fromarray(small).save(file, name, **options)
        files[f".{name.lower()}"] = file.getvalue()
    file = io.BytesIO()
    np.savez_compressed(file, **dict(_arrays(zoo.crayon(width=2))))
    entry = {"signature": "decode", "bytes": 1, "sha256": "0", "operators": []}
    card = json.dumps({**CARD, "files": {"decoder_int8.tflite": entry}}).encode()
    return {**files, ".latent": codec.encode(small, 4), ".npz": file.getvalue(), ".json": card}


def _arrays(model):
    return ((f"{layer.name}/{one.name}", np.asarray(one)) for layer in model.layers for one in layer.weights)


@some.composite
def damaged(draw, content, others):
    """Content with one to three things done to it."""
    data = bytearray(content)
    for _ in range(draw(some.integers(1, 3))):
        place = draw(some.integers(0, max(0, len(data) - 1)))
        what = draw(some.sampled_from(("bit", "bytes", "length", "cut", "head", "repeat", "removed")))
        if what == "bit" and data:
            data[place] ^= 1 << draw(some.integers(0, 7))
        elif what == "bytes":
            data[place : place + 4] = draw(some.binary(min_size=1, max_size=8))
        elif what == "length":
            extreme = draw(some.sampled_from(EXTREMES))
            data[place : place + len(extreme)] = extreme
        elif what == "cut":
            del data[place:]
        elif what == "head":
            data[:place] = draw(some.sampled_from(others))[:place]
        elif what == "repeat":
            data[place:place] = data[place : place + 64]
        else:
            del data[place : place + draw(some.integers(1, 64))]
    return bytes(data)


def repaired(codec, data):
    """A damaged .latent with the check of an undamaged one, so that what lies behind the check is reached as well."""
    return data[:-2] + codec._check(data[:-2])


@pytest.mark.parametrize("is_long", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", [".jpeg", ".png", ".webp", ".latent", ".npz", ".json"])
def test_damage_is_said_in_a_line(suffix, is_long, whole, codec, tmp_path):
    """Nothing but what the reader says; little time, little memory; nothing written beside the output."""
    seen, model, before = Counter(), zoo.crayon(width=2), _most_memory()
    others = [content for other, content in whole.items() if other != suffix]
    source, out = tmp_path / f"photo{suffix}", tmp_path / "out"

    def read(path):
        return codec.decode(path.read_bytes()) if suffix == ".latent" else read_image(path)[0]

    def write(path, rgb):
        save_png(path, rgb)
        return "as it is"

    @settings(
        max_examples=DAMAGES[is_long],
        deadline=MOST_MS,
        database=None,
        derandomize=not is_long,
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(whole[suffix], others), some.booleans())
    def check(data, repair):
        if suffix == ".latent" and repair:
            data = repaired(codec, data)
        source.write_bytes(data)
        seen["damages"] += 1
        try:
            if suffix == ".npz":
                zoo.weights.load_weights(model, source)
            elif suffix == ".json":
                source.rename(tmp_path / "card.json")
                read_card(tmp_path)
            else:
                with contextlib.redirect_stdout(None):
                    write_each([source], targets([source], out, lambda _: ".png", lambda _: True), read, write)
        except CommandError:
            seen["found out"] += 1
        except ValueError:
            assert suffix == ".npz"  # of the zoo, which knows no commands
            seen["found out"] += 1

    check()
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert written <= {source.name, "card.json", "out", "out/photo.png"}
    assert seen["damages"] >= DAMAGES[is_long]
    assert seen["found out"] > 0
    assert _most_memory() - before < MOST_MB
    print(f"{suffix}: {seen['damages']} damages, {seen['found out']} found out, {os.listdir(tmp_path)}")


@pytest.fixture(scope="module")
def colored(photographs):
    """A colour-grid file of each kind."""
    photograph = Photograph(photographs[0][:96, :80])
    decoder = zoo.load(DECODERS[0])
    return {kind: Encoder(photograph, kind, decoder, DECODERS[0]).at(50).data for kind in KINDS}


@pytest.mark.parametrize("is_long", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_colours_are_said_in_a_line(kind, is_long, colored, tmp_path):
    """In a whole file, or in its payload alone, whose checksum is then made right. Every tenth is decoded as well."""
    seen, before, source = Counter(), _most_memory(), tmp_path / "photo"
    held = records(colored[kind])
    source.write_bytes(colored[kind])
    assert command.main(["info", str(source)]) == 0  # which also imports what it takes, before time is measured

    @settings(
        max_examples=(25_000 if is_long else 40),
        deadline=MOST_MS,
        database=None,
        derandomize=not is_long,
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(colored[kind], [*colored.values()]), damaged(held[PAYLOAD], [bytes(64)]), some.booleans())
    def check(data, changed, in_payload):
        if in_payload:
            data = attach(colored[kind], held | {PAYLOAD: _with_checksum(changed)})
        source.write_bytes(data)
        seen["damages"] += 1
        try:
            with contextlib.redirect_stdout(io.StringIO()) as said:
                assert command.main(["info", str(source)]) == 0
        except CommandError:
            seen["found out"] += 1
            return
        if "no colours" in said.getvalue():
            seen["found out"] += 1
        else:
            found = opened(data).payload
            for n, residuals in found.residuals().items():
                assert residuals.shape == (*found.layout.shape(n), 2)
            if seen["damages"] - seen["found out"] - 10 * seen["decoded"] > 0:
                with contextlib.redirect_stdout(io.StringIO()):
                    assert command.main(["decode", str(source), "--out", str(tmp_path / "out"), "--force"]) == 0
                seen["decoded"] += 1

    check()
    assert seen["damages"] >= (25_000 if is_long else 40)
    assert seen["found out"] > 0
    assert seen["decoded"] >= (500 if is_long else 1)
    assert _most_memory() - before < MOST_MB
    print(f"{kind}: {seen['damages']} damages, {seen['found out']} found out, {seen['decoded']} decoded")


def _with_checksum(payload):
    """A payload whose checksum is that of what it now holds."""
    head, body = payload[:15], payload[19:]
    return head + zlib.crc32(head + body).to_bytes(4, "big") + body


def _most_memory():
    """The most memory that this process has taken so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
