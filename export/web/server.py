"""Serves a site to this machine alone."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from training.command import CommandError

HOST = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - as its parent has it
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
    }

    def log_message(self, *_):
        pass


def server(folder, port):
    """A server of a folder at a port of this machine, 0 for any. CommandError if it cannot be had."""
    try:
        return ThreadingHTTPServer((HOST, port), partial(_Quiet, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise CommandError(f"cannot serve at port {port} ({error}): choose another") from None


def address(running):
    """Where a server is to be reached."""
    return f"http://{HOST}:{running.server_port}/"
