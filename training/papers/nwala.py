"""One self-contained HTML page on auto-encoders, with all charts of Nwala's paper and what it left out."""

import base64
import html
import time

import numpy as np

from training.baselines.palettes import PALETTES, paletted
from training.command import CommandError
from training.evaluation.autoencoders import CURVES, is_adaptive, named, nearest_kmeans
from training.loop.run_folder import history_of
from training.metrics.images import psnr, ssim
from training.outputs import writing
from training.papers import nwala_figures as figures
from zoo.models.nwala import STRIDE

RECONSTRUCTIONS = 20
TIMED = 100  # images through the paper's network one by one
MAPPED = 6  # images whose bits are shown
STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:1100px;margin:2em auto;padding:0 1em}img{max-width:100%}"
    "table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.3em .7em;text-align:left}figure{margin:2em 0}"
)


def write_report(folder, loaded, images, labels, names, rows):
    """Writes report.html and a PNG of each chart.

    Args:
        folder: where to.
        loaded: `training.loop.run_folder.Run`s, one of the paper's network and at least one adaptive one.
        images: test images, uint8 of one size.
        labels: their class numbers.
        names: names of the classes.
        rows: result rows of `training.evaluation.autoencoders`, with peers.
    """
    paper, adaptive = _chosen(loaded)
    history = history_of(paper.path)
    decoded = paper.codec.samples(images)
    pairs = list(zip(images, decoded, strict=True))
    psnrs, ssims = ([metric(*pair) for pair in pairs] for metric in (psnr, ssim))
    errors = [np.mean((a.astype(float) - b) ** 2) / 255**2 for a, b in pairs]
    codec = adaptive.codec
    charts = {
        "training-loss": figures.training_loss(history),
        "reconstructions": figures.reconstructions(images[:RECONSTRUCTIONS], decoded[:RECONSTRUCTIONS]),
        "latent": figures.latent_map(np.stack(paper.codec.encoded(images)), labels, names),
        "error-histogram": figures.error_histogram(errors),
        "loss-and-accuracy": figures.loss_and_accuracy(history),
        "both-losses": figures.both_losses(history),
        "quality": figures.quality_pie(psnrs),
        "psnr-by-class": figures.psnr_by_class(psnrs, labels, names),
        "ssim-histogram": figures.ssim_histogram(ssims),
        "ssim-against-psnr": figures.ssim_against_psnr(psnrs, ssims),
        **_curves(rows),
        "bits": figures.bit_maps(images[:MAPPED], [_mean_bits(codec, rgb) for rgb in images[:MAPPED]]),
    }
    contenders = _contenders(images, decoded, paper, codec, rows)
    parts = []
    for name, png in _write_charts(folder, charts).items():
        figure = charts[name]
        title = (figure.get_suptitle() or figure.axes[0].get_title()).split("\n")[0]
        source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        parts.append(f'<figure><img alt="{html.escape(title)}" src="{source}"></figure>')
    with writing(folder / "report.html") as temporary:
        temporary.write_text(_page(len(images), parts, contenders, rows))


def write_curves(folder, rows):
    """Writes PSNR and SSIM over rate as PNG, of the result rows of `training.evaluation.autoencoders`."""
    _write_charts(folder, _curves(rows))


def check_report(loaded, labels):
    """CommandError for runs and images of which no report can be made."""
    if None in _chosen(loaded):
        raise CommandError("the report needs a run of color_autoencoder and one of adaptive_autoencoder")
    if labels is None:
        raise CommandError("the report shows classes, and these images have none: choose another --dataset")


def _curves(rows):
    return {
        "rate-psnr": figures.rate_curves(rows, "psnr", "PSNR, dB"),
        "rate-ssim": figures.rate_curves(rows, "ssim", "SSIM"),
    }


def _write_charts(folder, charts):
    """Writes each chart as a PNG of its name; gives their bytes."""
    written = {}
    for name, figure in charts.items():
        with writing(folder / f"{name}.png") as temporary:
            figure.savefig(temporary)
            written[name] = temporary.read_bytes()
    return written


def _chosen(loaded):
    """The first run of the paper's network, and the first of the adaptive one."""
    return [next((run for run in loaded if is_adaptive(run) == adaptive), None) for adaptive in (False, True)]


def _contenders(images, decoded, paper, codec, rows):
    """What the paper's network, the adaptive one and k-means make of the same images, at about the same PSNR.

    k-means has the number of colours whose PSNR is nearest the paper's, the adaptive network the level nearest that.
    """
    kmeans = nearest_kmeans(rows)
    adaptive_rows, points = named(rows, CURVES[codec.depth]), len(named(rows, "k-means"))
    own = min(adaptive_rows, key=lambda row: abs(row["metrics"]["psnr"] - kmeans["metrics"]["psnr"]))
    files, encoding = _timed(lambda rgb: codec.encode(rgb, own["point"]), images)
    ours, decoding = _timed(codec.decode, files)
    choose, colors = PALETTES["k-means"], kmeans["point"]
    palettes, clustering = _timed(lambda rgb: paletted(rgb, choose(rgb, colors), "k-means"), images)
    clustered, sizes = zip(*palettes, strict=True)
    _, whole = _timed(lambda rgb: paper.codec.samples([rgb]), images[:TIMED])
    floats = 4 * paper.codec.encoded(images[:1])[0].size
    return {
        "paper's network": _measured(images, decoded, [floats] * len(images), whole, "1"),
        f"adaptive, level {own['point']}": _measured(
            images, ours, [len(data) for data in files], encoding + decoding, f"{len(adaptive_rows)} levels"
        ),
        f"k-means, {colors} colours": _measured(
            images, clustered, [size["webp"] for size in sizes], clustering, f"{points} numbers of colours measured"
        ),
    }


def _measured(images, decoded, sizes, milliseconds, points):
    """The paper's criteria, each backed by a measurement; "extensibility" is left out, since none was found for it."""
    pairs = list(zip(images, decoded, strict=True))
    absolute = np.mean([np.abs(rgb.astype(int) - found).mean() for rgb, found in pairs])
    quality, extremes = np.array([psnr(*pair) for pair in pairs]), np.percentile(sizes, (10, 90))
    return {
        "PSNR: mean, dB": f"{quality.mean():.2f}",
        "SSIM: mean": f"{np.mean([ssim(*pair) for pair in pairs]):.4f}",
        "adaptivity: bytes at the 90th percentile of images to those at the 10th": f"{extremes[1] / extremes[0]:.2f}",
        "complex regions: PSNR over the third of blocks that vary most, dB": f"{_psnr_where_busy(pairs):.2f}",
        "flexibility: points of rate from one model": points,
        "latent: bytes an image": f"{np.mean(sizes):,.0f} of {images[0].size:,}",
        "compute: encoding and decoding, ms an image": f"{milliseconds:.1f}",
        "error: mean absolute error, levels of 255": f"{absolute:.2f}",
        "generalisation: standard deviation of PSNR over unseen images, dB": f"{quality.std():.2f}",
    }


def _psnr_where_busy(pairs):
    """PSNR over the third of all blocks whose colours deviate most."""
    half = STRIDE // 2
    deviations = np.stack([figures.complexity(rgb)[half::STRIDE, half::STRIDE] for rgb, _ in pairs])
    errors = np.stack([np.square(rgb.astype(float) - decoded).mean(-1) for rgb, decoded in pairs])
    blocks = errors.reshape(len(pairs), deviations.shape[1], STRIDE, deviations.shape[2], STRIDE).mean((2, 4))
    return 10 * np.log10(255**2 / blocks[deviations >= np.quantile(deviations, 2 / 3)].mean())


def _timed(function, items):
    """What a function gives for each item, and the mean milliseconds it took."""
    begun = time.perf_counter()
    found = [function(item) for item in items]
    return found, 1000 * (time.perf_counter() - begun) / len(items)


def _mean_bits(codec, rgb):
    """Bits of a number at each position of the latent at level 4, mean over its channels."""
    _, bits, _ = codec.latents(rgb[None], 4)
    return bits[0][..., codec.band].mean(-1)


def _page(images, charts, contenders, rows):
    criteria = list(next(iter(contenders.values())))
    table = [
        ["criterion", *contenders],
        *([each, *(found[each] for found in contenders.values())] for each in criteria),
    ]
    deltas = [["curve", "rate for the same PSNR, per cent", "rate for the same SSIM, per cent"]]
    for row in (row for row in rows if row["point"] == "delta"):
        found = [row["metrics"].get(key) for key in ("bd_rate", "bd_rate_ssim")]
        deltas.append([row["name"], *("" if value is None else f"{value:+.1f}" for value in found)])
    return "\n".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8><title>Colour auto-encoders</title>",
            f"<style>{STYLE}</style><h1>Colour auto-encoders</h1>",
            f"<p>{images} test images. The network of Nwala's paper, whose latent is larger than the image, an",
            "adaptive one that counts its bits, palettes and image codecs. Rates are bytes of decoded files.</p>",
            *charts,
            "<h2>Against k-means</h2><p>The paper's ten criteria but for extensibility, which nothing measures.</p>",
            _table(table),
            "<h2>Bjontegaard's delta rates</h2><p>Negative: fewer bytes for the same quality.</p>",
            _table(deltas),
            "</html>",
        ]
    )


def _table(rows):
    lines = ["".join(f"<th>{html.escape(str(cell))}</th>" for cell in rows[0])]
    lines += ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows[1:]]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
