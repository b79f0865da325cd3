"""Scores models beside classical colour propagation: `python -m training.evaluate runs/crayon`."""

import sys

from training.command import ArgumentParser, CommandError, check_flags, positive, run
from training.evaluation.scored import AUTOENCODERS, COLORIZERS, GRIDS
from training.outputs import figures_folder, result_file

TABLES, PLACEMENT = "--tables", "--report placement"
# What each flag is for; the others are for everything.
ONLY_FOR = {
    **dict.fromkeys(("kind", "luma", "metrics"), (GRIDS,)),
    **dict.fromkeys(("n", "levin"), (GRIDS, PLACEMENT)),
    "classifier": (COLORIZERS,),
    "peers": (AUTOENCODERS,),
    "report": (AUTOENCODERS, PLACEMENT),
    "add": (AUTOENCODERS, TABLES),
    "figures": (GRIDS, AUTOENCODERS, TABLES, PLACEMENT),
    **dict.fromkeys(("size", "split", "allow_overlap"), (GRIDS, COLORIZERS, AUTOENCODERS, PLACEMENT)),
}
REPORTS = {"autoencoder": AUTOENCODERS, "placement": GRIDS}  # of what each is


def main(argv):
    """Scores models on photographs, on parts of them by content and on synthetic images, beside the baselines.

    Prints a table, and writes a result file and figures as PNG. Baselines get the same luma and the same grid in the
    same colour space as the models. Several data sets are scored one by one, and so are whole images: without parts.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.tables:
        check_flags(parser, argv, TABLES, ONLY_FOR)
        from training.papers.champati import tables

        return tables(arguments, argv)

    from training.evaluation.autoencoders import evaluate_autoencoders
    from training.evaluation.colorizers import evaluate_colorizers
    from training.evaluation.decoders import evaluate_decoders
    from training.loop.run_folder import load_run
    from training.papers import crayon, nwala

    families = {
        "grid": (evaluate_decoders, crayon.draw),
        "colorizer": (evaluate_colorizers, None),
        "classifier": (evaluate_colorizers, None),
        "autoencoder": (evaluate_autoencoders, nwala),
    }
    runs = [load_run(path) for path in arguments.runs]
    kinds = sorted({run.codec.what for run in runs})
    if len(kinds) > 1:
        raise CommandError(f"{' and '.join(kinds)} cannot stand in one table: score them one by one")
    if arguments.report and REPORTS[arguments.report] != kinds[0]:
        raise CommandError(
            f"--report {arguments.report} is for {REPORTS[arguments.report]}, not for {kinds[0]}: leave it out"
        )
    check_flags(parser, argv, PLACEMENT if arguments.report == "placement" else kinds[0], ONLY_FOR)
    if arguments.report == "placement":
        from training.papers.hint_placement import report_placements

        return report_placements(runs, arguments, argv)
    evaluate, figures = families[runs[0].codec.family]
    return evaluate(runs, arguments, argv, figures)


def _parser():
    from training.data.luma import CODECS
    from training.metrics.images import METRICS

    parser = ArgumentParser(prog="python -m training.evaluate", description=main.__doc__)
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", help="run folder, .keras file or name of weights of the zoo")
    add("--dataset", nargs="+", help="TFDS names, folder:PATH or samples; the first run's own if not given")
    add(
        "--split",
        choices=("train", "validation", "test", "all"),
        help="test if not given, or all of a flat folder that is not the run's own",
    )
    add("--size", type=_size, help="side of the central crops, 0 for whole images")
    add("--n", type=positive, nargs="+", help="grid steps; the runs' own if not given, or those of the paper that fit")
    add("--kind", choices=("points", "means"), help="what a cell holds; the model's usual if not given")
    add("--luma", nargs=2, metavar=("CODEC", "QUALITY"), help=f"compress the luma: {', '.join(CODECS)}")
    add("--metrics", nargs="+", choices=METRICS, default=list(METRICS), help="what to measure")
    add("--limit", type=positive, help="images at most, of each data set")
    add("--levin", type=_size, default=3, help="images for Levin's optimisation, which is slow")
    add("--allow-overlap", action="store_true", help="score images that the model has seen")
    add("--data-dir", help="where TFDS finds its data")
    add("--classifier", help="colorizers: run folder of the classifier of feature preservation")
    add("--peers", action="store_true", help="auto-encoders: also palettes and image codecs")
    add(
        "--report", choices=REPORTS, help="an HTML page of auto-encoders with all charts; where to keep hints of crayon"
    )
    add("--tables", choices=("champati",), help="all tables of a paper, from runs of its recipes")
    add("--add", action="store_true", help="tables, auto-encoders: keep other rows of the result file")
    add("--results", type=result_file, help="result file; results/MODEL-DATASET.json if not given")
    add("--figures", type=figures_folder, help="folder, whose figures are replaced; none if not given")
    return parser


def _size(text):
    return 0 if text == "0" else positive(text)


if __name__ == "__main__":
    sys.exit(run(main))
