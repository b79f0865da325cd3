"""What a format is to the command that writes it."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np

from training.command import CommandError


@dataclass(frozen=True)
class Source:
    """What the files of one signature are made from.

    Attributes:
        model: the Keras model, of batch 1 and static size, between uint8 tensors.
        saved_model: folder of the SavedModel that holds it.
        signature: its name there.
        float32: names of its layers that stay float32 where others are int8, see `zoo.registry.float32_layers`.
        calibration: folder of a SavedModel of the same operators for images of any size, and inputs of its signature.
            Files that are calibrated on the same have the same ranges. None where no target asks for it.
    """

    model: object  # a keras.Model: this page must not import Keras
    saved_model: Path
    signature: str
    float32: tuple[str, ...] = ()
    calibration: tuple[Path, list[dict[str, np.ndarray]]] | None = None


@dataclass(frozen=True)
class Target:
    """A kind of file that models leave in. Its packages are imported where it is written or run, not before.

    Attributes:
        precision: of its weights and arithmetic, in the name of its files.
        least_fidelity: the least PSNR in dB, over all images, between what a file and Keras make of the same input.
        suffix: of its files.
        usual: whether it is written where nothing is asked for.
        calibrated: whether it is made with photographs.
        packages: that it needs and this project does not, whose versions card.json says.
    """

    precision: str
    least_fidelity: float
    suffix: ClassVar[str]
    usual: ClassVar[bool] = True
    calibrated: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ()

    def file(self, half):
        """The name of a file: `half` is "encoder" or "decoder"."""
        return f"{half}_{self.precision}{self.suffix}"

    def check(self):
        """CommandError if a package is missing."""
        missing = [name for name in self.packages if find_spec(name) is None]
        if missing:
            raise CommandError(f"*{self.suffix} needs {', '.join(missing)}: pip install {' '.join(missing)}")

    def write(self, path, source):
        """Writes the file of a `Source`."""
        raise NotImplementedError

    def open(self, path, threads, signature=None):
        """The decoder in a file, see `export.runtime.open_decoder`."""
        raise NotImplementedError

    def measured(self, path, source):
        """What else card.json says of a file, numbers by name. CommandError if it is not what it is called."""
        return {}

    def told(self, entry):
        """What the command says of a file beside its size and fidelity, by its entry in card.json."""
        return ""
