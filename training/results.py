"""Pages of results: each marked table of a Markdown file is written again from the result file that it names.

    python -m training.results README.md results/*.md
    python -m training.results --models results/models.json README.md results/*.md

A table stands between `<!-- table FILE OPTIONS -->` and `<!-- end -->`; FILE is relative to the page's folder. The
options are those of `pivot` or, with `metrics=a,b`, of `listing`, of the rows that have any of these;
`where=key:value,key:value` chooses rows. A row that is named "A against B" has A as `own` and B as `other`:
`metric=bd_rate down=other across=own` is a matrix of them.

`--models` first writes results/models.json, from the cards of all weights, the results of the edge decoders and the
models themselves. Needed when any of these changes.
"""

import re
import sys
from pathlib import Path

from training.command import ArgumentParser, CommandError, run
from training.outputs import result_file, writing
from training.result_files import listing, pivot, read_results, write_results

MARK = "<!-- table "
END = "<!-- end -->"
MARKED = re.compile(rf"({MARK}(\S+) (.*?)-->\n).*?({END})", re.DOTALL)
RESULTS = Path(__file__).parents[1] / "results"

# For each model with weights, the page of its figures, and the one that says most, out of the card of its weights.
HEADLINES = {
    "crayon_edge": ("edge", lambda metrics: f"{metrics['psnr']['16']:.2f} dB at n = 16, Kodak"),
    "crayon_edge_m": ("edge", lambda metrics: f"{metrics['psnr']['16']:.2f} dB at n = 16, Kodak"),
    "crayon": ("crayon", lambda metrics: f"{metrics['psnr']['20']:.2f} dB at n = 20, Kodak"),
    "champati_regression": ("champati", lambda metrics: f"saves {metrics['gain_255']:.0%} of grey's error"),
    "champati_classification": ("champati", lambda metrics: f"saves {metrics['gain_255']:.0%} of grey's error"),
    "champati_features": ("champati", lambda metrics: f"{metrics['feature_preservation']['truth']:.1f} % right"),
    "color_autoencoder": (
        "autoencoders",
        lambda metrics: f"{metrics['8 bits']['psnr']:.2f} dB in {metrics['8 bits']['bytes']:.0f} bytes",
    ),
    "adaptive_autoencoder": (
        "autoencoders",
        lambda metrics: f"{metrics['4']['psnr']:.2f} dB in {metrics['4']['bytes']:.0f} bytes",
    ),
}

EXPORTED = {  # recipe and result file of the export, by weights
    "crayon_edge-photographs": ("crayon_edge", "export-edge.json"),
    "crayon_edge_m-photographs": ("crayon_edge_m", "export-edge-m.json"),
}


def render(text, root):
    """Markdown text with each marked table written again from the result file it names, relative to `root`."""

    def table(match):
        options = dict(pair.split("=", 1) for pair in match[3].split())
        rows = [_compared(row) for row in read_results(Path(root) / match[2])["rows"]]
        where = [pair.split(":") for pair in options.pop("where", "").split(",") if pair]
        # A value of `where` has underscores for spaces.
        rows = [row for row in rows if all(str(row.get(key)).replace(" ", "_") == value for key, value in where)]
        if "metrics" in options:
            options["metrics"] = options["metrics"].split(",")
            rows = [row for row in rows if {*row, *row["metrics"]} & set(options["metrics"])]
        written = (listing if "metrics" in options else pivot)(rows, **options)
        return f"{match[1]}{written}\n{match[4]}"

    for marked in text.split(MARK)[1:]:
        if END not in marked:
            raise CommandError(f"the table of {marked.split()[0]} has no end: put {END} below it")
    return MARKED.sub(table, text)


def _compared(row):
    """A row; where its name is "A against B", with A as `own` and B as `other`."""
    own, against, other = row["name"].partition(" against ")
    return {**row, "own": own, "other": other} if against else row


def model_rows():
    """A row for each weights in the zoo: size and cost of the model, its headline, and what is measured of decoders."""
    from zoo import pretrained, weights
    from zoo.registry import MODELS, macs

    rows = []
    cards = {name: weights.card(name) for name in weights.names()}
    places = {model: place for place, model in enumerate(HEADLINES)}  # other models stand behind
    for name, card in sorted(cards.items(), key=lambda item: places.get(item[1]["model"], len(places))):
        page, headline = HEADLINES.get(card["model"], ("", lambda metrics: ""))
        model = pretrained(name, input_size=MODELS[card["model"]].input_size)
        rows.append(
            {
                "name": name,
                "image": "x".join(map(str, MODELS[card["model"]].input_size)),
                "figure": headline(card["metrics"]),
                "about": page,
                "page": f"[{page}](results/{page}.md)" if page else "",
                "metrics": {
                    "parameters": card["parameters"],
                    "GMAC": macs(model) / 1e9,
                    "kilobytes": round(card["bytes"] / 1000),
                    **decoder_metrics(name),
                },
            }
        )
    return rows


def decoder_metrics(weights):
    """Of an edge decoder at n = 16 on Kodak: PSNR, dB above the baselines, and the int8 file's PSNR, time and size.

    Nothing of weights of which not all of these were measured.
    """
    if weights not in EXPORTED:
        return {}
    name, exported = EXPORTED[weights]
    kodak = _row("edge-kodak.json", lambda row: (row["name"], row["n"], row["subset"]) == (name, 16, "all"))
    int8 = _row(exported, lambda row: row["name"] == "decoder_int8.tflite")
    speed = _row(
        "benchmark-decoders.json",
        lambda row: row["name"].startswith(f"{name} width") and row["name"].endswith("n = 16, decoder_int8"),
    )
    return {
        "psnr": kodak["psnr"],
        "above_fast": kodak["gain"],
        "above_levin": kodak["levin_gain"],
        "int8_psnr": int8["psnr"],
        "int8_ms": speed["latency_ms"],
        "int8_kb": round(1000 * speed["file_mb"]),
    }


def _row(file, found):
    """The metrics of the first row of a file in results/ for which `found` holds. CommandError if there is none."""
    rows = read_results(RESULTS / file)["rows"]
    row = next(filter(found, rows), None)
    if row is None:
        raise CommandError(f"results/{file} lacks a row that results/models.json needs: write it again")
    return row["metrics"]


def main(argv):
    """Writes the tables of Markdown files again from their result files."""
    parser = ArgumentParser(False, prog="python -m training.results", description=main.__doc__)
    add = parser.add_argument
    add("pages", type=Path, nargs="+", metavar="PAGE", help="file whose marked tables are written again")
    add("--models", type=result_file, metavar="FILE", help="result file of all weights to write first")
    arguments = parser.parse_args(argv)
    if arguments.models:
        command = f"python -m training.results --models {arguments.models} README.md"
        write_results(arguments.models, command, model_rows())
    for page in arguments.pages:
        text = render(page.read_text(), page.parent)
        with writing(page) as temporary:
            temporary.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
