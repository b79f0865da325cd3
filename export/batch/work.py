"""What is left to do, until there is nothing left: through actors, into the manifest, with a line every few seconds."""

import time

import pyarrow as pa

from export.batch.manifest import FAILED
from export.batch.pool import Checker, Worker, cpus, deaths, results
from training.command import duration

ATTEMPTS = 3
NOTICE_SECONDS = 10
CHECKED_TOGETHER = 64


def work(arguments, manifest, source, sizes, files):
    """Does what is not done, and what failed again, until there is nothing left or it has failed too often.

    Args:
        arguments: of the command.
        manifest: takes up the rows.
        source: the `Place` of the photographs.
        sizes: `{name: bytes}` of them.
        files: `{name: file}`, what becomes of each in the target; None where nothing is written.
    """
    count = arguments.actors or cpus()
    done = _done(manifest, sizes, files, count)
    progress, todo = Progress(len(files), len(done)), [name for name in files if name not in done]
    of_worker = arguments.verb, arguments, source, manifest.folder, *deaths()
    for attempt in range(1, ATTEMPTS + 1):
        written = pa.array([files[name] for name in todo], pa.string())
        table = pa.table({"name": pa.array(todo, pa.string()), "file": written, "attempt": [attempt] * len(todo)})
        for rows in results(table, Worker, of_worker, count):
            manifest.add(rows)
            progress.add(rows)
        todo = [name for name in todo if manifest.status[name] == FAILED]


def _done(manifest, sizes, files, count):
    """The names that need not be done again: of as many bytes as before, and what was written is there unchanged."""
    there = manifest.folder.sizes()
    rows = manifest.rows([name for name, status in manifest.status.items() if name in files and status != FAILED])
    columns = (rows[column].to_pylist() for column in ("name", "file", "bytes_in", "bytes_out"))
    kept, written = set(), []
    for number, (name, file, bytes_in, bytes_out) in enumerate(zip(*columns, strict=True)):
        if sizes[name] == bytes_in and file is None:
            kept.add(name)
        elif sizes[name] == bytes_in and there.get(file) == bytes_out:
            written.append(number)
    written = rows.select(["name", "file", "digest"]).take(pa.array(written, pa.int64()))
    for table in results(written, Checker, (manifest.folder,), count, CHECKED_TOGETHER):
        kept.update(table["name"].to_pylist())
    return kept


class Progress:
    """Prints a line every few seconds.

    Args:
        count: of all photographs.
        done: of them, that were there already.
    """

    def __init__(self, count, done):
        self.count, self.before, self.done = count, done, done
        self.saved, self.began, self.told = 0, time.monotonic(), time.monotonic()
        if done:
            print(f"{done:,} are done already", flush=True)

    def add(self, rows):
        """Takes up rows of the manifest."""
        for row in rows.select(["bytes_in", "bytes_out", "attempt"]).to_pylist():
            self.done += row["attempt"] == 1
            if row["bytes_out"]:
                self.saved += row["bytes_in"] - row["bytes_out"]
        now = time.monotonic()
        if now - self.told >= NOTICE_SECONDS:
            self.told = now
            speed = (self.done - self.before) / (now - self.began)
            left = duration(max(0, self.count - self.done) / speed)
            of_all = f"{self.done:,} of {self.count:,}, {speed:.1f} a second"
            print(f"{of_all}, {self.saved:,} bytes saved, {left} left", flush=True)
