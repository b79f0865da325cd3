"""What is done to the bytes of one photograph: the same as by the command for a few of them, byte for byte."""

import io
from dataclasses import dataclass, field

from export import codec
from export.batch.manifest import DONE, GREY
from export.files import read_photograph
from export.kinds import KINDS
from export.kinds import SUFFIXES as WRITTEN
from training.command import CommandError
from training.data.folders import SUFFIXES


@dataclass(frozen=True)
class Made:
    """What came of a photograph.

    Attributes:
        data: the bytes to write; None where nothing is.
        line: about it.
        facts: columns of the manifest.
        status: see `export.batch.manifest`.
    """

    data: bytes | None
    line: str
    facts: dict = field(default_factory=dict)
    status: str = DONE


class Encode:
    """Photographs to colour-grid files: `export.codec encode`."""

    summary, suffixes = "photographs to colour-grid files", SUFFIXES
    add_flags = staticmethod(codec.add_encoding)

    def __init__(self, arguments):
        self.arguments = arguments

    @staticmethod
    def suffix(arguments):
        """Of what is written; None where nothing is."""
        return KINDS[arguments.kind]

    def __call__(self, data):
        """What the bytes of a file become, a `Made`. Raises whatever a damaged file makes its reader raise."""
        from export.photographs import read

        codec.check_new(data)
        written, file, line = codec.encoded(read(io.BytesIO(data)), self.arguments)
        if written is not file.data:  # an ordinary colour file
            return Made(written, line)
        facts = {"luma_bytes": len(written) - file.color_bytes, "color_bytes": file.color_bytes, "psnr": file.psnr}
        return Made(written, line, facts)


class Decode:
    """Colour-grid files to photographs: `export.codec decode`."""

    summary, suffixes = "colour-grid files to photographs", set(WRITTEN)
    add_flags = staticmethod(codec.add_restoring)
    suffix = Encode.suffix

    def __init__(self, arguments):
        self.kind = arguments.kind

    def __call__(self, data):
        """See `Encode`."""
        from export.photographs import photograph_bytes

        photograph, line, trouble = codec.restored(data)
        return Made(photograph_bytes(photograph, self.kind), line, {}, GREY if trouble else DONE)


class Colorize:
    """Photographs to photographs in guessed colours: `export.colorize`."""

    summary, suffixes = "photographs to PNG files in guessed colours", SUFFIXES

    @staticmethod
    def add_flags(parser):
        """Adds the flags of the verb."""
        from export.colorize import add_models

        add_models(parser)

    @staticmethod
    def suffix(_):
        """See `Encode`."""
        return ".png"

    def __init__(self, arguments):
        from export.colorize import colorizer

        self.colored = colorizer(arguments)

    def __call__(self, data):
        """See `Encode`."""
        from training.outputs import save_png

        rgb, file = read_photograph(io.BytesIO(data)), io.BytesIO()
        save_png(file, self.colored(rgb))
        return Made(file.getvalue(), f"{rgb.shape[1]}x{rgb.shape[0]}")


class Evaluate:
    """What a model of the zoo leaves of photographs: nothing is written but the manifest."""

    summary, suffixes = "PSNR and SSIM of what a model leaves of photographs", SUFFIXES

    @staticmethod
    def add_flags(parser):
        """Adds the flags of the verb."""
        parser.add_argument("--model", required=True, help="run folder, .keras file or name of weights of the zoo")

    @staticmethod
    def suffix(_):
        """See `Encode`."""

    def __init__(self, arguments):
        import zoo

        self.codec = zoo.load(arguments.model)
        if self.codec.family == "classifier":
            raise CommandError(f"{arguments.model} is a classifier, and leaves nothing of photographs: choose another")

    def __call__(self, data):
        """See `Encode`."""
        from training.metrics.images import psnr, ssim

        rgb = read_photograph(io.BytesIO(data))
        (decoded,) = self.codec.samples([rgb])
        facts = {"psnr": float(psnr(rgb, decoded)), "ssim": float(ssim(rgb, decoded))}
        return Made(None, f"{rgb.shape[1]}x{rgb.shape[0]}, {facts['psnr']:.2f} dB", facts)


VERBS = {"encode": Encode, "decode": Decode, "colorize": Colorize, "evaluate": Evaluate}
