"""What became of each photograph: a Parquet file in the target folder, written part by part while the work goes on."""

import json
import posixpath
import sys
import time
import uuid

import pyarrow as pa
from pyarrow import parquet

from export.batch.places import UNFINISHED
from training.command import CommandError

FILE, PARTS = "manifest.parquet", "manifest.parts"
TO_DO, DONE, GREY, FAILED = "to do", "done", "without colours", "failed"
SCHEMA = pa.schema(
    [
        ("name", pa.string()),  # in SOURCE
        ("status", pa.string()),  # TO_DO, DONE, GREY (written, but its colours were damaged or missing) or FAILED
        ("file", pa.string()),  # in TARGET
        ("bytes_in", pa.int64()),
        ("modified", pa.int64()),  # when the photograph was, in ns since 1970
        ("bytes_out", pa.int64()),
        ("luma_bytes", pa.int64()),
        ("color_bytes", pa.int64()),
        ("psnr", pa.float64()),  # in dB
        ("ssim", pa.float64()),
        ("milliseconds", pa.float64()),
        ("digest", pa.string()),  # SHA-256 of what was written
        ("attempt", pa.int32()),
        ("line", pa.string()),  # what the command for one photograph prints, or the error
    ]
)
PART_ROWS, PART_SECONDS = 1000, 10


class Manifest:
    """That of a target folder.

    Args:
        folder: a `Place`.
        settings: of the work, as JSON has them: of other settings nothing is gone on with.

    Attributes:
        folder: see above.
        status: `{name: status}` of all that were worked on, or are to be.

    Raises:
        CommandError: the folder holds other things, or was filled with other settings.
    """

    def __init__(self, folder, settings):
        self.folder, self.settings = folder, settings
        self.status = {}
        self._tables, self._saved, self._written = [], 0, time.monotonic()
        kept = folder.files()
        parts = sorted(name for name in kept if name.startswith(f"{PARTS}/"))
        if kept and FILE not in kept and not parts:
            raise CommandError(f"{folder.path} holds other things, and no {FILE} of this command: choose another --out")
        for name in [FILE] * (FILE in kept) + parts:
            self._take(self._read(name))
        self._saved = len(self._tables)
        folder.clear(UNFINISHED)

    def _read(self, name):
        try:
            table = parquet.read_table(pa.BufferReader(self.folder.read(name)))
            table = table.cast(SCHEMA.with_metadata(table.schema.metadata))
            settings = json.loads(table.schema.metadata[b"settings"])
        except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
            path = posixpath.join(self.folder.path, name)
            reason = " ".join(str(error).split())
            raise CommandError(f"{path} is damaged ({reason}): remove it, or choose another --out") from None
        changed = [key for key in self.settings | settings if settings.get(key) != self.settings.get(key)]
        if changed:
            raise CommandError(
                f"{self.folder.path} was filled with another {changed[0]}, {settings.get(changed[0])}: go on with "
                "that, or choose another --out"
            )
        return table.replace_schema_metadata()

    def _take(self, table):
        self._tables.append(table)
        self.status |= zip(table["name"].to_pylist(), map(sys.intern, table["status"].to_pylist()), strict=True)

    def add(self, table):
        """Takes up rows, a `pa.Table` of `SCHEMA`, and writes them if it is time."""
        self._take(table)
        if sum(map(len, self._tables[self._saved :])) >= PART_ROWS or time.monotonic() - self._written >= PART_SECONDS:
            self.save()

    def rows(self, names=None):
        """The last row of each of some names, of all of them if not given, sorted by name: a `pa.Table`."""
        table = pa.concat_tables([SCHEMA.empty_table(), *self._tables])
        last = {name: number for number, name in enumerate(table["name"].to_pylist())}
        return table.take(pa.array([last[name] for name in sorted(last if names is None else names)], pa.int64()))

    def save(self):
        """Writes what is new as a part."""
        if new := self._tables[self._saved :]:
            table = pa.concat_tables(new).combine_chunks()
            self._write(f"{PARTS}/{time.time_ns():020}-{uuid.uuid4().hex[:8]}.parquet", table)
            self._tables[self._saved :] = [table]
        self._saved, self._written = len(self._tables), time.monotonic()

    def close(self):
        """Makes one file of all parts."""
        self.save()
        self._write(FILE, self.rows())
        self.folder.clear(PARTS)

    def _write(self, name, table):
        buffer = pa.BufferOutputStream()
        parquet.write_table(table.replace_schema_metadata({"settings": json.dumps(self.settings)}), buffer)
        self.folder.write(name, buffer.getvalue())
