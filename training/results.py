"""Result files: one JSON schema for every measured figure, and the tables that README makes of them.

    python -m training.results README.md

writes each table between `<!-- table FILE OPTIONS -->` and `<!-- end -->` again from the JSON it names. The options are
those of `pivot` or, with `metrics=a,b`, of `listing`; `where=key:value,key:value` chooses rows.
"""

import re
import sys
from pathlib import Path

from training.command import ArgumentParser, run
from training.outputs import writing
from training.result_files import listing, pivot, read_results

MARKED = re.compile(r"(<!-- table (\S+) (.*?)-->\n).*?(<!-- end -->)", re.DOTALL)


def render(text, root):
    """Markdown text with each marked table written again from the result file it names, relative to `root`."""

    def table(match):
        options = dict(pair.split("=", 1) for pair in match[3].split())
        rows = read_results(Path(root) / match[2])["rows"]
        where = [pair.split(":") for pair in options.pop("where", "").split(",") if pair]
        rows = [row for row in rows if all(_joined(row.get(key)) == value for key, value in where)]
        if "metrics" in options:
            options["metrics"] = options["metrics"].split(",")
        written = (listing if "metrics" in options else pivot)(rows, **options)
        return f"{match[1]}{written}\n{match[4]}"

    return MARKED.sub(table, text)


def _joined(value):
    """A value as `where` has it: with underscores for spaces."""
    return str(value).replace(" ", "_")


def main(argv):
    """Writes the tables of a Markdown file again from its result files."""
    parser = ArgumentParser(False, prog="python -m training.results", description=main.__doc__)
    parser.add_argument("markdown", type=Path, help="file whose marked tables are written again")
    path = parser.parse_args(argv).markdown
    text = render(path.read_text(), path.parent)
    with writing(path) as temporary:
        temporary.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
