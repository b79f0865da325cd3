"""Where to keep colour: what the Crayon paper (arXiv 2502.05402) leaves open. Is a regular grid of pixels the best?

Placements of single pixels are compared at equal numbers of hints, those of a grid of each step, and at equal bytes,
through a model that takes painted hints and through Levin's optimisation.
"""

import itertools
from functools import partial

import numpy as np
from keras import ops
from scipy import ndimage

from training.baselines.propagation import levin_from_hints
from training.command import CommandError
from training.evaluation import figures
from training.evaluation.decoders import image_sets
from training.evaluation.scored import file_name, one_dataset, run_names, write_scores
from training.evaluation.subsets import color_complexity
from training.metrics.images import psnr
from training.outputs import result_path
from training.papers.placements import HINT_BYTES, KNOWN, TOLD, affordable, centred_pixels, grid_pixels, told_bytes
from training.result_files import pivot
from zoo.codecs.grid import USUAL_STEP, HintsCodec
from zoo.color_spaces import lab_to_rgb, rgb_to_lab
from zoo.images import to_uint8

GRIDS = {"grid": grid_pixels, "centred grid": centred_pixels}
PLACEMENTS = (*GRIDS, *KNOWN, *TOLD)
SLOW = "greedy"  # on as many images as Levin's optimisation
EQUAL = ("hints", "bytes")
DOT = 7  # pixels a side, as which figures show a hint


class Photograph:
    """A photograph and the decoder, from luma, hints and where they are known to chroma, that its hints go through.

    Attributes:
        rgb: uint8 sRGB `(H, W, 3)`.
        luma, chroma: L* `(H, W)`, and a* and b* `(H, W, 2)`.
    """

    def __init__(self, rgb, decode):
        self.rgb, self._decode, self._errors = rgb, decode, {}
        lab = ops.convert_to_numpy(rgb_to_lab(rgb[None]))[0]
        self.luma, self.chroma = lab[..., 0], lab[..., 1:]

    def painted(self, pixels):
        """The kept pixels' colours `(H, W, 2)`, zero elsewhere, and where they are, bool `(H, W)`."""
        known = np.zeros(self.luma.shape, bool)
        known.flat[pixels] = True
        return np.where(known[..., None], self.chroma, np.float32(0)), known

    def decoded(self, pixels):
        """What the decoder makes of the luma and the kept pixels, uint8 sRGB: grey if there are none."""
        hints, known = self.painted(pixels)
        return _joined(self.luma, self._decode(self.luma, hints, known) if len(pixels) else hints)

    def error(self, pixels):
        """Its squared error over R, G and B at each pixel, `(H, W)`; kept, as greedy placements have the same start."""
        key = pixels.tobytes()
        if key not in self._errors:
            self._errors[key] = np.square(self.rgb.astype(float) - self.decoded(pixels)).mean(-1)
        return self._errors[key]

    def placed(self, n, name):
        """The pixels, in their order, that a placement keeps at as many hints as the grid of step n."""
        if name in GRIDS:
            return GRIDS[name](self.luma.shape, n)
        count = len(grid_pixels(self.luma.shape, n))
        return (KNOWN | TOLD)[name](self.luma, self.chroma, count, self.error)

    def scores(self, n, name):
        """PSNR, hints and bytes of a placement, at as many hints as the grid of step n, and at as many bytes.

        Where positions have to be told, as many bytes are fewer hints: the first of the order.
        """
        pixels = self.placed(n, name)
        if name not in TOLD:
            found = self._score(pixels, HINT_BYTES * len(pixels))
            return {"hints": found, "bytes": found}
        few = affordable(self.luma.size, HINT_BYTES * len(pixels))
        kept = {"hints": pixels, "bytes": pixels[:few]}
        return {equal: self._score(some, told_bytes(self.luma.size, len(some))) for equal, some in kept.items()}

    def _score(self, pixels, spent):
        return {"psnr": psnr(self.rgb, self.decoded(pixels)), "hints": len(pixels), "bytes": spent}


def compare(images, label, decode, steps, every=1):
    """Rows of all placements through one decoder.

    Args:
        images: uint8 sRGB `(H, W, 3)` each.
        label: of the decoder.
        decode: from luma, hints and where they are known to chroma.
        steps: steps of the grids that give as many hints.
        every: of how many images one is for what is slow.

    Returns:
        A row for each step, for hints or bytes that are equal, and for each placement: means of PSNR, hints and bytes;
        and beside the grid, on the same images, the mean of dB above it, its standard error, and the images above it;
        and the mean of dB above the centred grid, `above_centred`.
    """
    scores = []
    for i, rgb in enumerate(images):
        photograph = Photograph(rgb, decode)
        names = [name for name in PLACEMENTS if name != SLOW or i % every == 0]
        scores.append({(n, name): photograph.scores(n, name) for n in steps for name in names})
        print(f"{label}: {i + 1} of {len(images)} images", flush=True)
    rows = []
    for n, equal, name in itertools.product(steps, EQUAL, PLACEMENTS):
        some = [found for found in scores if (n, name) in found]
        common = {"decoder": label, "n": n, "equal": equal, "budget": f"{n}, {equal}", "images": len(some)}
        own, *grids = ([found[n, key][equal] for found in some] for key in (name, *GRIDS))
        rows.append({"name": name, **common, **_summary(own, *grids)})
    return rows


def _summary(scores, grids, centred):
    """Metrics of a row, of one placement's scores image by image, and those of both grids on the same."""
    quality, grid, middle = (np.array([score["psnr"] for score in some]) for some in (scores, grids, centred))
    above = quality - grid
    metrics = {key: float(np.mean([score[key] for score in scores])) for key in scores[0]}
    metrics |= {"above_grid": float(above.mean()), "wins": int((above > 0).sum())}
    metrics["above_centred"] = float((quality - middle).mean())
    if len(above) > 1:
        metrics["standard_error"] = float(above.std(ddof=1) / np.sqrt(len(above)))
    return {"metrics": metrics, "each": {"psnr": quality.tolist()}}


def report_placements(runs, arguments, argv):
    """Prints and writes the rows of all placements through a model and through Levin's; draws one photograph.

    Of `training.loop.run_folder.Run`s, by the arguments of `training.evaluate`.
    """
    codec = _one_codec(runs)
    one_dataset(arguments, runs[0], "samples")
    if not arguments.levin:
        raise CommandError("--levin 0 leaves no image for what --report placement compares: give 1 or more")
    (name,) = run_names(runs)
    ((dataset, names, images),) = image_sets(runs, arguments)
    path = result_path(arguments.results, file_name([name, "placement"], dataset["name"]))
    every = -(-len(images) // arguments.levin)
    few, model = images[::every], partial(_paint, codec)
    print(
        f"{dataset['name']}, {dataset['split']}: {len(images)} images, {len(few)} for levin and {SLOW}, which are slow"
    )
    rows = [*compare(images, name, model, arguments.n, every), *compare(few, "levin", levin_from_hints, arguments.n)]
    for label in (name, "levin"):
        print(f"dB above the grid, through {label}")
        print(pivot([row for row in rows if row["decoder"] == label], "above_grid", across="budget"))
    seed = runs[0].settings.get("seed")
    write_scores(path, argv, rows, {**dataset, "names": names}, seed, models={name: runs[0].described})
    if arguments.figures:
        n = USUAL_STEP if USUAL_STEP in arguments.n else arguments.n[0]
        decoders = {name: model, "levin": levin_from_hints}
        draw(arguments.figures / "placements.png", max(few, key=color_complexity), decoders, n)
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
    """One photograph, the original first: for each placement its hints on grey above what each decoder makes of them.

    Hints of what depends on the decoder, which are the greedy ones, are those for the first.
    """
    columns = [[("original", rgb)] * (1 + len(decoders))]
    for name in PLACEMENTS:
        column = []
        for label, decode in decoders.items():
            photograph = Photograph(rgb, decode)
            pixels = photograph.placed(n, name)
            decoded = photograph.decoded(pixels)
            column += [] if column else [(f"{name}, {len(pixels)} hints", _dots(photograph, pixels))]
            column.append((f"{label}, {psnr(rgb, decoded):.2f} dB", decoded))
        columns.append(column)
    figures.panels(path, list(zip(*columns, strict=True)))


def _dots(photograph, pixels):
    """Grey with the kept pixels' colours as dots, uint8 sRGB."""
    hints, known = photograph.painted(pixels)
    row, column = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    near = ndimage.maximum_filter(known, DOT)
    return _joined(photograph.luma, np.where(near[..., None], hints[row, column], 0))


def _joined(luma, chroma):
    """uint8 sRGB `(H, W, 3)` of L* `(H, W)` and a* and b* `(H, W, 2)`."""
    return to_uint8(lab_to_rgb(np.dstack([luma, chroma]).astype(np.float32)))
