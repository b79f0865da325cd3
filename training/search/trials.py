"""All trials of a search in a table, a picture and a result file, and the best of them."""

from training.command import CommandError
from training.metrics.rates import front, knee
from training.outputs import write_json, writing
from training.papers.champati import paper_figures, row_name
from training.result_files import listing, write_results
from training.search.space import chosen

SHOWN = ("psnr", "bpp", "relative_size", "ta_255", "paper_ta", "feature_preservation", "paper_feature_preservation")
# By recipe: figures of its paper for a model of such settings.
PAPERS = {"champati": lambda settings: paper_figures(row_name(settings))}


def report(search, trials, argv):
    """Prints and writes what a `Search` found by KerasTuner's trials, a dict by name; gives the exit code."""
    arguments, done = search.arguments, [trial for trial in trials.values() if trial.status == "COMPLETED"]
    failed = [trial for trial in trials.values() if trial.status == "FAILED"]
    failed = {trial.trial_id: (trial.message or "lost").strip().splitlines()[-1] for trial in failed}
    for name, why in failed.items():
        print(f"trial {name} failed: {why}")
    if not done:
        why = next(iter(failed.values()), "none began")
        raise CommandError(f"no trial of the search in {arguments.out} was finished: {why}")
    rows = sorted((_row(search, trial) for trial in done), key=lambda row: -row["metrics"]["objective"])
    best = rows[knee(_points(rows)) if arguments.objective == "knee" else 0]
    known = arguments.objective == "knee" or arguments.objective in SHOWN
    shown = [name for name in (SHOWN if known else ("objective", *SHOWN)) if _has(rows[0], name)]
    columns = [*search.space, *shown, "seconds"]
    print(listing(rows, columns))
    print(f"best by {arguments.objective}: {best['name']}, " + ", ".join(f"{k} {best[k]}" for k in search.space))
    write_json(arguments.out / "best.json", _best(search, best))
    path = arguments.results or arguments.out / "trials.json"
    draw(path.with_suffix(".png"), rows, best, list(search.space), arguments.objective)
    command = "python -m training.tune " + " ".join(argv)
    found = {"objective": arguments.objective, "best": best["name"]}
    write_results(path, command, rows, search.scored_on, search.recipe.seed, **found)
    print(f"written: {path}, {path.with_suffix('.png')} and {arguments.out / 'best.json'}")
    return 0


def _row(search, trial):
    values = chosen(trial.hyperparameters.values)
    metrics = {name: trial.metrics.get_last_value(name) for name in trial.metrics.metrics}
    paper = PAPERS.get(search.recipe.name)
    row = {"name": trial.trial_id, **values, "metrics": metrics}
    return row | ({"paper": paper({**search.recipe.settings(), **values})} if paper else {})


def _has(row, name):
    return name in row["metrics"] or name.removeprefix("paper_") in row.get("paper", {}) and name.startswith("paper_")


def _points(rows):
    return [(row["metrics"]["bpp"], row["metrics"]["psnr"]) for row in rows]


def _best(search, best):
    """The best trial: settings for `training.fit --from` or, where nothing was trained, the model and its values."""
    values = {name: best[name] for name in search.space}
    found = {"trial": best["name"], "objective": search.arguments.objective, "metrics": best["metrics"]}
    if search.arguments.trained:
        return {**found, "trained": search.arguments.trained, "values": values}
    return {**found, "settings": {**search.recipe.settings(), **values}}


def draw(path, rows, best, names, objective):
    """A PNG of all trials: PSNR against bits a pixel, with the front and the best; the objective by each setting."""
    from matplotlib.figure import Figure

    points, panels = _points(rows), len(names)
    rated = len({rate for rate, _ in points}) > 1
    figure = Figure(figsize=(5.5 * (panels + rated), 4.5), layout="constrained")
    axes = list(figure.subplots(1, panels + rated, squeeze=False)[0])
    if rated:
        first, chosen_ones = axes.pop(0), front(points)
        first.plot(*zip(*(points[i] for i in chosen_ones), strict=True), "-", color="C0", label="front")
        first.plot(*zip(*points, strict=True), ".", color="C0", label="trials")
        first.plot(best["metrics"]["bpp"], best["metrics"]["psnr"], "o", color="C3", label=f"best by {objective}")
        for row, point in zip(rows, points, strict=True):
            first.annotate(f"{names[0]} {row[names[0]]}", point, (3, -9), textcoords="offset points", fontsize=7)
        first.set(title="colour against bytes", xlabel="bits a pixel of colour", ylabel="PSNR, dB")
        first.legend()
    for name, axis in zip(names, axes, strict=True):
        values = [row[name] for row in rows]
        ticks = sorted(set(map(str, values)))
        are_numbers = all(isinstance(value, int | float) for value in values)
        shown = values if are_numbers else [ticks.index(str(value)) for value in values]
        axis.plot(shown, [row["metrics"]["objective"] for row in rows], ".", color="C0")
        axis.plot(shown[rows.index(best)], best["metrics"]["objective"], "o", color="C3")
        if not are_numbers:
            axis.set_xticks(range(len(ticks)), ticks)
        what = "PSNR" if objective in ("knee", "psnr") else objective
        axis.set(title=f"{what} by {name}", xlabel=name, ylabel=f"{what}, dB" if what == "PSNR" else what)
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
