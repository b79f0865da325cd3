"""Files of an auto-encoder: `python -m export.latents PHOTO... --model RUN`, and back with `FILE.latent`."""

import sys
from pathlib import Path

from export.files import add_force, read_photograph, targets, write_each
from training.command import ArgumentParser, CommandError, run
from training.outputs import is_own_png, save_png

SUFFIX = ".latent"


def main(argv):
    """Writes photographs as NAME.latent, with their bytes and what is left of them; and such files as NAME.png.

    What cannot be read or written, or is damaged, is named at the end; the others are written all the same. What this
    command did not write is not replaced without --force, what it reads never.
    """
    parser = ArgumentParser(prog="python -m export.latents", description=main.__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=f"photograph, or NAME{SUFFIX}")
    parser.add_argument("--model", required=True, help="run folder, .keras file or name of weights of the zoo")
    parser.add_argument("--level", type=int, default=4, help="of quality, 0 to 7")
    parser.add_argument("--out", type=Path, default=Path("latents"), help="folder for what is written")
    add_force(parser)
    arguments = parser.parse_args(argv)
    written = targets(arguments.files, arguments.out, _suffix, lambda path: arguments.force or _is_own(path))

    import zoo
    from training.metrics.images import psnr
    from zoo.codecs.latent import LatentCodec

    if arguments.level not in LatentCodec.levels:
        raise CommandError(f"--level must be 0 to {LatentCodec.levels[-1]}, not {arguments.level}")
    codec = zoo.load(arguments.model)
    if not isinstance(codec, LatentCodec):
        remedy = "train one with `python -m training.fit adaptive_autoencoder`"
        raise CommandError(f"{arguments.model} is no auto-encoder with bits of its own: {remedy}")

    def read(path):
        return codec.decode(path.read_bytes()) if path.suffix == SUFFIX else read_photograph(path)

    def write(path, rgb):
        if path.suffix != SUFFIX:
            save_png(path, rgb)
            return f"{rgb.shape[1]}x{rgb.shape[0]}"
        data = codec.encode(rgb, arguments.level)
        path.write_bytes(data)
        quality = psnr(rgb, codec.decode(path.read_bytes()))
        bits = 8 * len(data) / rgb[..., 0].size
        return f"{rgb.shape[1]}x{rgb.shape[0]}, {len(data):,} bytes, {bits:.3f} bits a pixel, {quality:.2f} dB"

    write_each(arguments.files, written, read, write)
    return 0


def _suffix(path):
    return ".png" if path.suffix == SUFFIX else SUFFIX


def _is_own(path):
    if path.suffix != SUFFIX:
        return is_own_png(path)
    from zoo.codecs.latent import is_latent

    with path.open("rb") as file:
        return is_latent(file.read(1))


if __name__ == "__main__":
    sys.exit(run(main))
