"""The photographs that a decoder is calibrated on and compared on, in whatever size it takes."""

import math
from argparse import ArgumentTypeError
from itertools import islice

import numpy as np

from export.targets import TARGETS
from training.command import CommandError, positive

CALIBRATION_VIEWS = 128


def calibration_side(side, n):
    """The least side of 256 or more at which the decoder has the same operators, the same for all sizes that can be."""
    return min(side, 256 + (side - 256) % math.lcm(n, 8))


def open_photographs(settings, arguments, calibrated):
    """Views of the training split to calibrate on, photographs to compare on, and their account.

    The views have the size `calibrated`; there are none where no target asks for them.
    """
    from training.data.sources import open_dataset
    from training.recipes import RECIPES
    from training.result_files import dataset_name

    def opened(spec):
        test_images = RECIPES[settings["recipe"]].TEST_IMAGES if "recipe" in settings else ()
        return open_dataset(spec, test_images, settings.get("seed", 0), arguments.data_dir)

    spec = arguments.dataset or settings.get("dataset", "samples")
    photographs = opened(spec)
    views = []
    if any(TARGETS[name].calibrated for name in arguments.quantize):
        whole = list(islice(photographs.images("train"), CALIBRATION_VIEWS))
        if not whole:
            raise CommandError(f"no image to calibrate on in {spec}: choose another --dataset")
        random = np.random.default_rng(0)
        views = [view(whole[i % len(whole)], calibrated, random) for i in range(CALIBRATION_VIEWS)]
    compared, split = (opened(arguments.compare), "all") if arguments.compare else (photographs, arguments.split)
    originals = [view(rgb, arguments.size) for rgb in islice(compared.images(split), arguments.limit)]
    if not originals:
        raise CommandError(f"no usable image in {spec} ({photographs.account()}): choose another --dataset")
    data = {
        "dataset": dataset_name(spec),
        "calibration": {"split": "train", "views": len(views), "size": calibrated},
        "verification": {"dataset": dataset_name(arguments.compare or spec), "split": split, "images": len(originals)},
    }
    return views, originals, data


def view(rgb, size, random=None):
    """The centre of a photograph, or a random part of it; one that is smaller is mirrored at its border."""
    missing = [max(0, side - length) for side, length in zip(size, rgb.shape[:2], strict=True)]
    rgb = np.pad(rgb, [(0, missing[0]), (0, missing[1]), (0, 0)], "symmetric")
    spare = [length - side for side, length in zip(size, rgb.shape[:2], strict=True)]
    top, left = (random.integers(each + 1) if random else each // 2 for each in spare)
    return rgb[top : top + size[0], left : left + size[1]]


def image_size(text):
    """argparse type of `320` or `320x480`: (height, width)."""
    sides = [positive(side) for side in text.split("x")]
    if len(sides) > 2:
        raise ArgumentTypeError(f"a side or HEIGHTxWIDTH, not {text!r}")
    return sides[0], sides[-1]
