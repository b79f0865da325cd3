"""What is left to do, until there is nothing left: through actors, into the manifest, with a line every few seconds."""

import time

import pyarrow as pa

from export.batch.manifest import FAILED, SCHEMA, TO_DO
from export.batch.places import Stamp
from export.batch.pool import Checker, Worker, cpus, deaths, results
from training.command import CommandError, duration

ATTEMPTS = 3
NOTICE_SECONDS = 10
CHECKED_TOGETHER = 64


def work(arguments, manifest, source, stamps, files):
    """Does what is not done, and what failed again, until there is nothing left or it has failed too often.

    Args:
        arguments: of the command.
        manifest: takes up the rows.
        source: the `Place` of the photographs.
        stamps: `{name: Stamp}` of them.
        files: `{name: file}`, what becomes of each in the target; None where nothing is written.

    Raises:
        CommandError: in the place of one stands a file that the manifest does not know.
    """
    count, there = arguments.actors or cpus(), manifest.folder.files()
    done = _done(manifest, stamps, files, there, count)
    progress, todo = Progress(len(files), len(done)), [name for name in files if name not in done]
    _plan(manifest, todo, files, there)
    of_worker = arguments.verb, arguments, source, manifest.folder, *deaths()
    for attempt in range(1, ATTEMPTS + 1):
        written = pa.array([files[name] for name in todo], pa.string())
        modified = pa.array([stamps[name].modified for name in todo], pa.int64())
        table = {"name": pa.array(todo, pa.string()), "file": written, "modified": modified}
        table = pa.table(table | {"attempt": [attempt] * len(todo)})
        for rows in results(table, Worker, of_worker, count):
            manifest.add(rows)
            progress.add(rows)
        todo = [name for name in todo if manifest.status[name] == FAILED]


def _plan(manifest, todo, files, there):
    """Says in the manifest what is to be done, so that after a kill it is known whose files these are."""
    written = manifest.rows([name for name, status in manifest.status.items() if status != FAILED])
    known = set(written["file"].to_pylist())
    foreign = next((name for name in todo if files[name] in there and files[name] not in known), None)
    if foreign is not None:
        of_it = f"{manifest.folder}/{files[foreign]} is there, and not by this command"
        raise CommandError(f"{of_it}, and {foreign} would become it: move it away, or choose another --out")
    names, written = pa.array(todo, pa.string()), pa.array([files[name] for name in todo], pa.string())
    rows = pa.table({"name": names, "status": pa.repeat(TO_DO, len(todo)), "file": written})
    manifest.add(pa.concat_tables([SCHEMA.empty_table(), rows], promote_options="default"))
    manifest.save()


def _done(manifest, stamps, files, there, count):
    """The names that need not be done again: unchanged since, and what was written is there unchanged as well."""
    of_work = [name for name, status in manifest.status.items() if name in files and status not in (FAILED, TO_DO)]
    rows = manifest.rows(of_work)
    columns = (rows[column].to_pylist() for column in ("name", "file", "bytes_in", "modified", "bytes_out"))
    kept, written = set(), []
    for number, (name, file, *stamp, bytes_out) in enumerate(zip(*columns, strict=True)):
        if stamps[name] != Stamp(*stamp):
            continue
        if file is None:
            kept.add(name)
        elif file in there and there[file].size == bytes_out:
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
