"""Writes a page that reads, writes and paints colour-grid files in the browser: `python -m export.web --out site`."""

import contextlib
import sys
from pathlib import Path

from export.web import LISTING, packages
from export.web.server import address, server
from training.command import ArgumentParser, run
from training.outputs import check_folder, writing_folder

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
    check_folder(arguments.out, LISTING)
    packages.check()
    with contextlib.nullcontext() if arguments.serve is None else server(arguments.out, arguments.serve) as serving:
        from export.web.site import write

        with writing_folder(arguments.out, LISTING) as folder:
            write(folder, arguments.model)
        print(f"written: {arguments.out}")
        if serving:
            print(f"serving it at {address(serving)} until Ctrl-C", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                serving.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
