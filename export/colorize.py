"""Colours photographs, grey ones or not, of any size: `python -m export.colorize PHOTO... --model RUN`."""

import sys
from pathlib import Path

from export.files import add_force, read_photograph, targets, write_each
from training.command import ArgumentParser, CommandError, run
from training.outputs import is_own_png, save_png


def main(argv):
    """Writes each photograph as PNG, in colours guessed from its luma by a colorizer of the zoo.

    The colorizer sees a small photograph; an edge decoder makes its colours larger, so that they stop at edges.
    What cannot be read or written is named at the end; the others are written all the same. What this command did not
    write is not replaced without --force, what it reads never.
    """
    parser = ArgumentParser(prog="python -m export.colorize", description=main.__doc__)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="image file that Pillow reads")
    add_models(parser)
    parser.add_argument("--out", type=Path, default=Path("colored"), help="folder for NAME.png of each")
    add_force(parser)
    arguments = parser.parse_args(argv)
    photos = arguments.photos
    written = targets(photos, arguments.out, lambda _: ".png", lambda path: arguments.force or is_own_png(path))

    colored = colorizer(arguments)

    def write(path, rgb):
        save_png(path, colored(rgb))
        return f"{rgb.shape[1]}x{rgb.shape[0]}"

    write_each(photos, written, read_photograph, write)
    return 0


def add_models(parser):
    """Adds the flags that say by what a photograph is coloured."""
    parser.add_argument("--model", required=True, help="run folder, .keras file or name of weights of the zoo")
    parser.add_argument("--decoder", default="crayon_edge", help="edge decoder of its colours; none: they are resized")


def colorizer(arguments):
    """A function from uint8 sRGB `(H, W, 3)` to the same in guessed colours, by the arguments of `add_models`.

    CommandError for models of other kinds.
    """
    import zoo
    from zoo.codecs.grid import EdgeCodec

    codec = zoo.load(arguments.model)
    if codec.family != "colorizer":
        raise CommandError(f"{arguments.model} is no colorizer: train one with `python -m training.fit champati`")
    decoder = None if arguments.decoder == "none" else zoo.load(arguments.decoder)
    if decoder is not None and not isinstance(decoder, EdgeCodec):
        raise CommandError(f"{arguments.decoder} is no edge decoder: take crayon_edge, or none")
    return lambda rgb: codec.colorize(rgb, decoder)


if __name__ == "__main__":
    sys.exit(run(main))
