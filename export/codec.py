"""Colour-grid files, grey photographs with colours inside: `python -m export.codec encode|decode|info|bench ...`."""

import io
import sys
from functools import cache
from pathlib import Path

from export import benches
from export.files import add_force, targets, write_each
from export.kinds import KINDS, kind_of
from export.qualities import LEAST, MOST
from training.command import ArgumentParser, CommandError, positive, run
from training.outputs import result_file

LOSSY = ("jpeg", "webp", "avif")
QUALITY = 50  # if nothing is asked for
DECODER = "crayon_edge-pyramid"
DAMAGED = 3  # exit code where colours were missing


def main(argv):
    """Writes photographs as grey JPEG, PNG, WebP or AVIF files that every viewer opens, with their colours inside;
    gives the colours back; says what such files hold; and measures what they save.

    What cannot be read or written is named at the end; the others are written all the same. What this command did not
    write is not replaced without --force, what it reads never. Where colours are damaged or missing, decode writes the
    grey photograph and says so: exit code 3.
    """
    parser = ArgumentParser(prog="python -m export.codec", description=main.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    encode = commands.add_parser("encode", help="photographs to colour-grid files")
    encode.add_argument("files", nargs="+", type=Path, metavar="PHOTO", help="image file that Pillow reads")
    add_encoding(encode)
    encode.set_defaults(run=_encode, out="colorgrid")
    decode = commands.add_parser("decode", help="colour-grid files to photographs")
    decode.add_argument("files", nargs="+", type=Path, metavar="FILE", help="colour-grid file")
    add_restoring(decode)
    decode.set_defaults(run=_decode, out="decoded")
    for each in (encode, decode):
        each.add_argument("--out", type=Path, default=Path(each.get_default("out")), help="folder for what is written")
        add_force(each)
    info = commands.add_parser("info", help="what files hold")
    info.add_argument("files", nargs="+", type=Path, metavar="FILE", help="colour-grid file, or any image file")
    info.set_defaults(run=_info)
    bench = commands.add_parser("bench", help="their bytes, quality, time and memory beside those of colour files")
    bench.add_argument(
        "what", choices=benches.BENCHES, help="; ".join(f"{name}: {told}" for name, told in benches.BENCHES.items())
    )
    whole = "photographs, whole: a TFDS name or folder:PATH; several are measured one by one"
    bench.add_argument("--dataset", nargs="+", required=True, help=whole)
    bench.add_argument("--split", default="all", help="of the data sets")
    _add_effort(bench)
    bench.add_argument("--kinds", nargs="+", choices=LOSSY, default=LOSSY, help="of files")
    bench.add_argument("--limit", type=positive, help="photographs at most, of each data set")
    bench.add_argument("--every", type=positive, default=1, help="of as many photographs, the first")
    bench.add_argument("--megapixels", type=positive, default=24, help="of the largest picture of costs")
    bench.add_argument("--decoder", default=DECODER, help="weights that decode the colours")
    bench.add_argument("--results", type=result_file, default="results/codec.json", help="result file")
    bench.set_defaults(run=lambda arguments: _bench(arguments, argv))
    arguments = parser.parse_args(argv)
    return arguments.run(arguments)


def add_encoding(parser):
    """Adds the flags that say how a photograph is encoded."""
    parser.add_argument("--kind", choices=KINDS, default="jpeg", help="of the grey file")
    wanted = parser.add_mutually_exclusive_group()
    wanted.add_argument(
        "--quality", type=_quality, help=f"of the grey file, 1 to 95; colours follow (usual: {QUALITY})"
    )
    wanted.add_argument("--target-bytes", type=positive, help="the best quality with so many bytes at most")
    wanted.add_argument("--target-psnr", type=_decibels, help="the lowest quality of so many dB at least")
    parser.add_argument("--color-bytes", type=positive, help="that the colours take at most")
    parser.add_argument(
        "--auto", action="store_true", help="write an ordinary colour file where that is smaller and not worse"
    )
    parser.add_argument("--decoder", default=DECODER, help="weights that decode the colours")
    _add_effort(parser)


def _add_effort(parser):
    effort = "0 tries nothing out, 6 to 9 take seconds to save bytes"
    parser.add_argument("--effort", type=int, choices=range(10), default=5, help=effort)


def add_restoring(parser):
    """Adds the flag that says what a photograph is decoded to."""
    parser.add_argument("--kind", choices=KINDS, default="png", help="of the photograph's file")


def _encode(arguments):
    from export.photographs import read

    def read_new(source):
        check_new(source.read_bytes())
        return read(source)

    def is_own(path):
        return arguments.force or has_colors(path.read_bytes())

    def write(path, photograph):
        data, file, line = encoded(photograph, arguments)
        path.write_bytes(data)
        return line

    suffix = KINDS[arguments.kind]
    written = targets(arguments.files, arguments.out, lambda _: suffix, is_own)
    _codec(arguments.decoder)
    write_each(arguments.files, written, read_new, write)
    return 0


def check_new(data):
    """CommandError if the bytes are those of a colour-grid file."""
    if has_colors(data):
        raise CommandError("it is a colour-grid file already, and is grey to an encoder: decode it first")


def encoded(photograph, arguments):
    """The bytes to write of a `Photograph`, its colour-grid file, a `ColorFile`, and a line about both.

    `arguments` are those of `add_encoding`.
    """
    from export.color_files import Encoder
    from export.plain import smaller

    codec = _codec(arguments.decoder)
    encoder = Encoder(photograph, arguments.kind, codec, arguments.decoder, arguments.color_bytes, arguments.effort)
    if arguments.target_bytes:
        file = encoder.within(arguments.target_bytes)
    elif arguments.target_psnr:
        file = encoder.reaching(arguments.target_psnr)
    else:
        file = encoder.at(arguments.quality or QUALITY)
    plain = smaller(photograph, arguments.kind, file) if arguments.auto or arguments.kind == "jpeg" else None
    line = f"{_size(photograph.rgb)}, "
    if plain and arguments.auto:
        line += f"an ordinary colour file: {len(plain):,} bytes instead of {len(file.data):,}"
    else:
        sizes = f"{len(file.data):,} bytes, {file.color_bytes:,} of them colours"
        line += f"quality {file.quality}, {sizes}, {file.psnr:.2f} dB"
        if plain:
            line += f"; an ordinary colour JPEG as good has {len(plain):,} bytes: --auto writes that"
    line += "".join(f", {note}" for note in photograph.notes)
    return plain if plain and arguments.auto else file.data, file, line


def _decode(arguments):
    from export.photographs import write_photograph

    suffix, troubles = KINDS[arguments.kind], []
    written = targets(arguments.files, arguments.out, lambda _: suffix, lambda path: arguments.force)

    def read(source):
        photograph, line, trouble = restored(source.read_bytes())
        if trouble:
            troubles.append(source)
            print(f"warning: written without colours: {source}: {trouble}", file=sys.stderr)
        return photograph, line

    def write(path, found):
        photograph, line = found
        write_photograph(path, photograph)
        return line

    write_each(arguments.files, written, read, write)
    return DAMAGED if troubles else 0


def restored(data):
    """The `Photograph` in the bytes of a file, a line about it, and why it has no colours; None where it has.

    An ordinary image file in colour comes back as it is. Errors are those of `export.color_files.opened`.
    """
    from export import photographs
    from export.color_files import decoded, opened

    file = opened(data)
    if file.payload is not None:
        return decoded(file, _codec(file.payload.decoder)), _size(file.luma), None
    if file.is_ordinary and (photograph := photographs.read(io.BytesIO(data))).has_colors:
        return photograph, f"{_size(photograph.rgb)}, an ordinary image file, its own colours", None
    return file.photograph, f"{_size(file.luma)}, grey: {file.trouble}", file.trouble


def _info(arguments):
    from export.color_files import opened

    failed = []
    for path in arguments.files:
        try:
            data = path.read_bytes()
            file = opened(data)
        except Exception as error:  # whatever a damaged file makes Pillow raise
            failed.append(f"{path} ({str(error) or type(error).__name__})")
            continue
        line = f"{path}: {_size(file.luma)}, {len(data):,} bytes"
        if file.payload is None:
            print(f"{line}, no colours: {file.trouble}")
            continue
        layout = file.payload.layout
        levels = f"cells of {layout.cells[0]} to {layout.last} pixels, step {layout.step / 16:g}"
        print(f"{line}, {file.color_bytes:,} of them colours for {file.payload.decoder}, {levels}")
    if failed:
        raise CommandError(f"{len(failed)} of {len(arguments.files)} files cannot be read: {', '.join(failed)}")
    return 0


def _bench(arguments, argv):
    _codec(arguments.decoder)
    return benches.run(arguments, argv)


def save(photo, path, quality=QUALITY, decoder=DECODER):
    """Writes a colour-grid file of uint8 sRGB `(H, W, 3)`, and gives back what is known of it, a `ColorFile`.

    Args:
        photo: see above.
        path: .jpg, .png, .webp or .avif. What stands there is replaced.
        quality: of the grey file, 1 to 95.
        decoder: weights that decode the colours, one of `zoo.codecs.payload.DECODERS`.

    Raises:
        CommandError, ZooError: another suffix, another image, one of less than 16x16 pixels.

    Example:

        from export import codec

        codec.save(photo, "photo.jpg", quality=50)  # any viewer opens it, in grey
        photo = codec.load("photo.jpg")
    """
    from export.color_files import Encoder
    from export.photographs import Photograph
    from training.outputs import writing
    from zoo.images import checked_image

    kind = kind_of(Path(path))
    file = Encoder(Photograph(checked_image(photo, "photo")), kind, _codec(decoder), decoder).at(quality)
    with writing(path) as temporary:
        temporary.write_bytes(file.data)
    return file


def load(path):
    """The photograph in a colour-grid file, uint8 sRGB `(H, W, 3)`. ZooError if its colours are missing or damaged."""
    import numpy as np
    from PIL import Image

    from export.color_files import decoded, opened
    from training.data.pixels import to_srgb
    from zoo.errors import ZooError

    file = opened(Path(path).read_bytes())
    if file.trouble:
        raise ZooError(f"{path}: {file.trouble}")
    found = decoded(file, _codec(file.payload.decoder))
    image = Image.fromarray(found.rgb)
    if found.profile:
        image.info["icc_profile"] = found.profile
    return np.asarray(to_srgb(image)[0])


@cache
def _codec(decoder):
    """The codec of weights of the zoo that payloads can name."""
    import zoo
    from zoo.codecs.payload import DECODERS

    if decoder not in DECODERS:
        raise CommandError(f"{decoder} is no decoder of colour-grid files: choose one of {', '.join(DECODERS)}")
    return zoo.load(decoder)


def has_colors(data):
    """Whether the bytes of a file are such as this command writes."""
    from export.containers import records
    from export.containers.errors import ContainerError, DamagedRecords

    try:
        return bool(records(data))
    except DamagedRecords:
        return True
    except ContainerError:
        return False


def _quality(text):
    """argparse type of a quality, 1 to 95."""
    if not text.isdecimal() or not LEAST <= int(text) <= MOST:
        raise CommandError(f"must be a whole number from {LEAST} to {MOST}, not {text!r}")
    return int(text)


def _decibels(text):
    """argparse type of a PSNR in dB, above 0."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 100:
        raise CommandError(f"must be a number of dB from 0 to 100, not {text!r}")
    return found


def _size(pixels):
    return f"{pixels.shape[1]}x{pixels.shape[0]}"


if __name__ == "__main__":
    sys.exit(run(main))
