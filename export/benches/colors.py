"""Colours alone: bytes of payloads beside what colour takes in files of image codecs, at equal PSNR.

The luma is the original's for all: it is joined with what each has of the colours. So only colours are compared, and no
way of sharing bytes between luma and colours; `export.benches.files` compares whole files.
"""

from itertools import pairwise

import numpy as np
from PIL import Image
from scipy.interpolate import PchipInterpolator

from export.benches import of_each
from export.benches.peers import PEERS, color_bytes, read
from export.color_files import DESCENT_STEPS, WORTH
from export.descent import descended
from training.metrics.images import psnr
from zoo.codecs import payload
from zoo.codecs.pyramid import LADDER, Layout, Pyramid, luma_and_grids, to_rgb
from zoo.color_spaces import YCBCR

OURS = "colour-grid effort"
DESCENDED = LADDER[::2]  # settings that are measured at effort 9: descent takes its time
EFFORTS = {"5": (5, LADDER), "5-at-every-other": (5, DESCENDED), "9": (9, DESCENDED)}
RANGES = ((33, 40), (33, 36), (36, 38), (38, 40))  # dB


def measured(photographs, arguments):
    """See `export.benches`: ratios, and all payloads and files."""
    rows = of_each(photographs, rows_of, arguments.decoder)
    return ratios(rows), rows, ("pillow-jxl-plugin",)


def rows_of(name, rgb, codec, decoder):
    """Rows of one photograph: payloads of each setting of LADDER, and each peer's files at each quality.

    Args:
        name: of the photograph.
        rgb: uint8 sRGB `(H, W, 3)`.
        codec, decoder: see `export.color_files.Encoder`.
    """
    luma, grids = luma_and_grids(rgb)
    for rung in LADDER:
        layout = Layout(luma.shape, *rung)
        pyramid = Pyramid(layout, luma, codec)
        found = {5: pyramid.encode(grids, payload.priors())}
        if rung in DESCENDED:
            found[9] = descended(pyramid, found[5], grids, rgb, WORTH * layout.price, DESCENT_STEPS[9])
        for effort, (residuals, grid) in found.items():
            size = len(payload.write(layout, residuals, decoder))
            yield colors_row(f"{OURS} {effort}", name, rung, size, rgb, pyramid.joined(grid))
    for peer in PEERS:
        files = [peer.encode(Image.fromarray(rgb), quality) for quality in peer.qualities]
        decoded = [np.asarray(YCBCR.from_rgb(read(data)[None]))[0] for data in files]
        costs = color_bytes(peer, luma, peer.qualities, files, [pixels[..., 0] for pixels in decoded])
        for quality, cost, pixels in zip(peer.qualities, costs, decoded, strict=True):
            yield colors_row(peer.name, name, quality, cost, rgb, to_rgb(luma, pixels[..., 1:]))


def colors_row(name, image, setting, size, rgb, found):
    """A row of one photograph at one setting: bytes of its colours, and PSNR of what comes of them."""
    metrics = {"color_bytes": size, "color_psnr": psnr(rgb, found)}
    return {"name": name, "image": image, "quality": setting, "metrics": metrics}


def ratios(rows):
    """Rows of how many times as many bytes ours takes as each codec, by ranges of dB.

    Bytes and dB are means over all photographs at each setting. Of a codec, the subsampling that takes least counts at
    each dB. The ratio is Bjontegaard's: the mean of its logarithm over the dB that both reach.
    """
    found = []
    codecs = {}
    for peer in PEERS:
        codecs.setdefault(peer.codec, []).append(peer.name)
    for title, (effort, settings) in EFFORTS.items():
        ours = curve(rows, f"{OURS} {effort}", settings)
        for codec, names in codecs.items():
            curves = [curve(rows, name) for name in names]
            for low, high in RANGES:
                grid = np.linspace(low, high, 101)
                least = np.fmin.reduce([each(grid) for each in curves])
                both = ours(grid) - least
                known = both[np.isfinite(both)]
                if not known.size:
                    continue
                ratio = float(np.exp(known.mean()))
                metrics = {"ratio": ratio, "share": known.size / grid.size}
                found.append({"name": codec, "effort": title, "range": f"{low} to {high} dB", "metrics": metrics})
    return found


def curve(rows, name, settings=None):
    """Logarithm of bytes by dB, NaN where there is none, of means over photographs; at some settings or all of them."""
    found = {}
    for row in rows:
        if row["name"] == name and (settings is None or row["quality"] in settings):
            found.setdefault(str(row["quality"]), []).append([*row["metrics"].values()])
    points = sorted((decibels, np.log(size)) for size, decibels in (np.mean(each, 0) for each in found.values()))
    rising = [points[0], *(now for before, now in pairwise(points) if now[0] > before[0])]
    return PchipInterpolator(*zip(*rising, strict=True), extrapolate=False)
