"""Where to keep colour: what the Crayon paper (arXiv 2502.05402) leaves open. Is a regular grid of pixels the best?

Placements of single pixels are compared at equal numbers of hints, those of a grid of each step, and at equal bytes,
through a model that takes painted hints and through Levin's optimisation.
"""

from functools import partial

import numpy as np
from scipy import ndimage

from training.baselines.propagation import levin_from_hints
from training.command import CommandError
from training.evaluation import figures
from training.evaluation.decoders import image_sets
from training.evaluation.scored import file_name, one_dataset, run_names, write_scores
from training.evaluation.subsets import color_complexity
from training.metrics.images import psnr
from training.outputs import result_path
from training.papers.placements import HINT_BYTES, KNOWN, TOLD, affordable, grid_pixels, told_bytes
from training.result_files import pivot
from zoo.codecs.grid import Grid, HintsCodec
from zoo.color_spaces import LAB

PLACEMENTS = ("grid", *KNOWN, *TOLD)
EQUAL = ("hints", "bytes")
DOT = 3  # pixels a side, as which figures show a hint


class Photograph:
    """A photograph and the decoder, from luma, hints and where they are known to chroma, that its hints go through.

    Attributes:
        rgb: uint8 sRGB `(H, W, 3)`.
        luma, chroma: L* `(H, W)`, and a* and b* `(H, W, 2)`.
    """

    def __init__(self, rgb, decode):
        self.rgb, self._decode = rgb, decode
        lab = np.asarray(LAB.from_rgb(rgb[None]))[0]
        self.luma, self.chroma = lab[..., 0], lab[..., 1:]

    def painted(self, pixels):
        """The kept pixels' colours `(H, W, 2)`, zero elsewhere, and where they are, bool `(H, W)`."""
        known = np.zeros(self.luma.shape, bool)
        known.flat[pixels] = True
        return np.where(known[..., None], self.chroma, np.float32(0)), known

    def decoded(self, pixels):
        """What the decoder makes of the luma and the kept pixels, uint8 sRGB: grey if there are none."""
        hints, known = self.painted(pixels)
        return Grid(2).join(self.luma, self._decode(self.luma, hints, known) if len(pixels) else hints)

    def error(self, pixels):
        """Its squared error over R, G and B at each pixel, `(H, W)`."""
        return np.square(self.rgb.astype(float) - self.decoded(pixels)).mean(-1)

    def placed(self, n, name):
        """The pixels that a placement keeps at as many hints as the grid of step n, in their order, and its bytes."""
        grid = grid_pixels(self.luma.shape, n)
        if name == "grid":
            return grid, HINT_BYTES * len(grid)
        pixels = (KNOWN | TOLD)[name](self.luma, self.chroma, len(grid), self.error)
        return pixels, (told_bytes(self.luma.size, len(grid)) if name in TOLD else HINT_BYTES * len(grid))

    def scores(self, n, name):
        """PSNR, hints and bytes of a placement, at as many hints as the grid of step n, and at as many bytes.

        Where positions have to be told, as many bytes are fewer hints: the first of the order.
        """
        pixels, spent = self.placed(n, name)
        hints = {"psnr": psnr(self.rgb, self.decoded(pixels)), "hints": len(pixels), "bytes": spent}
        if name not in TOLD:
            return {"hints": hints, "bytes": hints}
        few = affordable(self.luma.size, HINT_BYTES * len(pixels))
        quality = psnr(self.rgb, self.decoded(pixels[:few]))
        return {
            "hints": hints,
            "bytes": {"psnr": quality, "hints": few, "bytes": told_bytes(self.luma.size, few)},
        }


def compare(images, label, decode, steps):
    """Rows of all placements through one decoder.

    Args:
        images: uint8 sRGB `(H, W, 3)` each.
        label: of the decoder.
        decode: from luma, hints and where they are known to chroma.
        steps: steps of the grids that give as many hints.

    Returns:
        A row for each step, for hints or bytes that are equal, and for each placement: means of PSNR, hints and bytes,
        how many dB above the grid the mean is, and its standard error, and on how many images it is above.
    """
    photographs, rows = [Photograph(rgb, decode) for rgb in images], []
    for n in steps:
        scores = {name: [photograph.scores(n, name) for photograph in photographs] for name in PLACEMENTS}
        print(f"{label}, n = {n}: done", flush=True)
        for equal in EQUAL:
            each = {name: [score[equal] for score in found] for name, found in scores.items()}
            grid = np.array([score["psnr"] for score in each["grid"]])
            common = {"decoder": label, "n": n, "equal": equal, "budget": f"{n}, {equal}", "images": len(images)}
            rows += [{"name": name, **common, **_summary(found, grid)} for name, found in each.items()]
    return rows


def _summary(scores, grid):
    """Metrics of a row, of one placement's scores image by image and the grid's PSNR on the same."""
    quality = np.array([score["psnr"] for score in scores])
    above = quality - grid
    metrics = {key: float(np.mean([score[key] for score in scores])) for key in scores[0]}
    metrics |= {"above_grid": float(above.mean()), "wins": int((above > 0).sum())}
    if len(above) > 1:
        metrics["standard_error"] = float(above.std(ddof=1) / np.sqrt(len(above)))
    return {"metrics": metrics, "each": {"psnr": quality.tolist()}}


def report_placements(runs, arguments, argv):
    """Prints and writes the rows of all placements through a model and through Levin's; draws one photograph.

    Of `training.loop.run_folder.Run`s, by the arguments of `training.evaluate`.
    """
    codec = _one_codec(runs)
    one_dataset(arguments, runs[0], "samples")
    (name,) = run_names(runs)
    ((dataset, names, images),) = image_sets(runs, arguments)
    path = result_path(arguments.results, file_name([name, "placement"], dataset["name"]))
    few = images[:: -(-len(images) // arguments.levin)] if arguments.levin else []
    decoders = {name: (images, partial(_paint, codec))} | ({"levin": (few, levin_from_hints)} if few else {})
    print(f"{dataset['name']}, {dataset['split']}: {len(images)} images, {len(few)} for levin, single pixels in CIELAB")
    rows = []
    for label, (some, decode) in decoders.items():
        rows += compare(some, label, decode, arguments.n)
        print(pivot([row for row in rows if row["decoder"] == label], "psnr", across="budget"))
    seed = runs[0].settings.get("seed")
    write_scores(path, argv, rows, {**dataset, "names": names}, seed, models={name: runs[0].described})
    if arguments.figures:
        rgb = max(few or images, key=color_complexity)
        n = 20 if 20 in arguments.n else arguments.n[0]
        draw(arguments.figures / "placements.png", rgb, {label: decode for label, (_, decode) in decoders.items()}, n)
        print(f"written: figures in {arguments.figures}")
    return 0


def _one_codec(runs):
    """The codec of the one run. CommandError for several, and for a model that takes no painted hints."""
    if len(runs) > 1:
        raise CommandError("--report placement is of one model: leave out the others")
    if not isinstance(runs[0].codec, HintsCodec):
        raise CommandError(
            f"--report placement is for models that take hints anywhere, as crayon does, and {runs[0].path} takes a "
            "grid: choose another"
        )
    return runs[0].codec


def _paint(codec, luma, hints, known):
    return codec.from_hints(luma, hints)


def draw(path, rgb, decoders, n):
    """One photograph: a column for each placement, its hints on grey above what each decoder makes of them.

    Hints of what depends on the decoder, which are the greedy ones, are those for the first.
    """
    columns = [[("original", rgb)] + [(f"through {label}", np.full_like(rgb, 255)) for label in decoders]]
    for name in PLACEMENTS:
        column = []
        for label, decode in decoders.items():
            photograph = Photograph(rgb, decode)
            pixels, _ = photograph.placed(n, name)
            decoded = photograph.decoded(pixels)
            column += [] if column else [(f"{name}, {len(pixels)} hints", _dots(photograph, pixels))]
            column.append((f"{label}, {psnr(rgb, decoded):.2f} dB", decoded))
        columns.append(column)
    figures.panels(path, zip(*columns, strict=True))


def _dots(photograph, pixels):
    """Grey with the kept pixels' colours as dots, uint8 sRGB."""
    hints, known = photograph.painted(pixels)
    row, column = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    near = ndimage.maximum_filter(known, DOT)
    return Grid(2).join(photograph.luma, np.where(near[..., None], hints[row, column], 0))
