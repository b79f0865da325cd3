"""Decodes a large photograph in tiles, and measures it: `python -m export.tiles exports/edge-tile PHOTOGRAPH`."""

import math
import sys
import time
from pathlib import Path

import numpy as np

from export import benchmark
from export.calibration import image_size, view
from export.cards import OF_GRIDS, read_grid_file
from export.files import add_force, check_targets, read_photograph
from export.runtime import open_decoder
from export.tiling import decode_tiled
from training.command import ArgumentParser, CommandError, in_fresh_process, run
from training.outputs import is_own_png, result_file, save_png, writing


def main(argv):
    """Decodes the luma and colour grid of a photograph of any size in tiles, in a process of its own.

    Prints time and peak memory, the time beside that of a small image, and how far the result is from that of a decoder
    of the whole size.
    """
    parser = ArgumentParser(prog="python -m export.tiles", description=main.__doc__)
    parser.add_argument("export", type=Path, help="export of `crayon_edge`: its size is that of the tiles")
    parser.add_argument("photograph", type=Path, help="image file")
    parser.add_argument("--size", type=image_size, help="HEIGHTxWIDTH to crop or mirror it to; its own if not given")
    parser.add_argument("--small", type=Path, help="export of a small size with the same n, to compare the time with")
    parser.add_argument("--whole", type=Path, help="export of its size in whole cells, to compare the result with")
    parser.add_argument("--precision", default="int8", help="which of the decoders")
    parser.add_argument("--out", type=Path, help="PNG to write the decoded photograph to")
    parser.add_argument("--results", type=result_file, help="result file; none if not given")
    add_force(parser)
    arguments = parser.parse_args(argv)
    if arguments.out:
        check_targets([arguments.out], [arguments.photograph], lambda path: arguments.force or is_own_png(path))

    from training.metrics.images import psnr
    from training.result_files import listing, write_results
    from zoo.codecs.grid import Grid
    from zoo.color_spaces import YCBCR

    folders = [folder for folder in (arguments.export, arguments.small, arguments.whole) if folder]
    exports = {folder: read_grid_file(folder, arguments.precision) for folder in folders}
    card, path = exports[arguments.export]
    for folder, (other, _) in exports.items():
        if any(other[name] != card[name] for name in OF_GRIDS):
            raise CommandError(f"{folder} is of another n, kind or color space than {arguments.export}")
    try:
        rgb = read_photograph(arguments.photograph)
    except Exception as error:  # whatever a damaged file makes Pillow raise
        raise CommandError(f"cannot read {arguments.photograph} as an image ({error})") from None
    rgb = view(rgb, arguments.size or rgb.shape[:2])
    n, size = card["n"], rgb.shape[:2]
    if min(size) < n or card["space"] != YCBCR.name:
        raise CommandError(f"{arguments.export} decodes no image of {size[0]}x{size[1]}: choose another export")
    seen = Grid(n, card["kind"], YCBCR).keep(rgb)
    inputs = {"luma": seen.luma[..., None], "grid": seen.grid}

    try:
        decoded, metrics = in_fresh_process(measure, path, inputs, n)
    except ValueError as error:  # tiles that are too small
        raise CommandError(f"{arguments.export} cannot decode in tiles ({error}): choose another export") from None
    metrics["psnr"] = psnr(rgb, decoded)
    if arguments.small:
        of_small, small = exports[arguments.small]
        metrics["pixels_of_small"] = math.prod(size) / math.prod(of_small["size"])
        metrics["time_of_small"] = metrics["ms"] / in_fresh_process(benchmark.measure, small, 2, 20)["latency_ms"]
    if arguments.whole:
        of_whole, whole = exports[arguments.whole]
        if of_whole["size"] != [-(-side // n) * n for side in size]:
            raise CommandError(f"{arguments.whole} is not of the photograph's size, {size} in whole cells")
        whole = decode_tiled(open_decoder(whole), **inputs, n=n)
        difference = np.abs(whole.astype(int) - decoded)
        metrics |= {"largest_difference": int(difference.max()), "differing_share": float((difference > 0).mean())}
    size, tile = ("x".join(map(str, sides)) for sides in (size, card["size"]))
    rows = [{"name": f"{size} in tiles of {tile}", "n": n, "metrics": metrics}]
    print(listing(rows, list(metrics)))
    if arguments.out:
        with writing(arguments.out) as temporary:
            save_png(temporary, decoded)
    if arguments.results:
        write_results(arguments.results, "python -m export.tiles " + " ".join(argv), rows, decoder=path.name)
        print(f"written: {arguments.results}")
    return 0


def measure(path, inputs, n):
    """The decoded image, and time in ms and peak memory in MB of a process that did only this."""
    decoder = open_decoder(path)
    began = time.perf_counter()
    decoded = decode_tiled(decoder, **inputs, n=n)
    return decoded, {"ms": 1000 * (time.perf_counter() - began), "peak_memory_mb": benchmark.peak_memory_mb()}


if __name__ == "__main__":
    sys.exit(run(main))
