"""The page in Chromium, for benches that have it do something."""

import contextlib
import os
import subprocess
import tempfile
import threading
from pathlib import Path

from export.web import packages
from export.web.server import address, server
from export.web.site import write
from training.command import CommandError


@contextlib.contextmanager
def prepared(decoder):
    """Yields folders by their names, all of them gone afterwards: `site`, the page; `modules`, the npm packages; and
    `given` and `made`, for what scripts read and write. CommandError where there is no npm or no Chromium.
    """
    packages.check()
    if not packages.browser():
        raise CommandError("there is no Chromium, in which the page is to be measured: install it")
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / name for name in ("site", "modules", "given", "made")}
        for folder in folders.values():
            folder.mkdir()
        packages.install(folders["modules"])
        write(folders["site"], decoder)
        yield folders


def have(script, folders):
    """Runs a script of this folder in node, with the page served. CommandError if it fails."""
    with server(folders["site"], 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        told = {name.upper(): str(folder) for name, folder in folders.items() if name != "site"}
        told |= {"SITE": address(running), "BROWSER": packages.browser()}
        done = subprocess.run(["node", Path(__file__).with_name(script)], env={**os.environ, **told})
        running.shutdown()
    if done.returncode:
        raise CommandError("the page could not be measured: see above")
