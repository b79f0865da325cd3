"""Writes a page that reads, writes and paints colour-grid files in the browser: `python -m export.web --out site`."""

import sys
from pathlib import Path

from export.web import packages
from training.command import ArgumentParser, run
from training.outputs import check_folder, writing_folder

MARK = "site.json"  # of a folder that this command wrote
PORT = 8000


def main(argv):
    """Writes a static site: one page that reads, writes and paints colour-grid files, by LiteRT in the browser.

    It asks no other server for anything. Any server of static files will do, but not a file:// address.
    """
    parser = ArgumentParser(prog="python -m export.web", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("site"), help="folder to write; replaces an older one")
    parser.add_argument("--model", default="crayon_edge-pyramid", help="weights of the zoo that decode the colours")
    parser.add_argument("--serve", nargs="?", type=int, const=PORT, help="port at 127.0.0.1 to serve it at, then")
    arguments = parser.parse_args(argv)
    check_folder(arguments.out, MARK)
    packages.check()

    from export.web.site import write

    with writing_folder(arguments.out, MARK) as folder:
        write(folder, arguments.model, MARK)
    print(f"written: {arguments.out}")
    if arguments.serve is not None:
        from export.web.server import serve

        serve(arguments.out, arguments.serve)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
