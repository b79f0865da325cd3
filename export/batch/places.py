"""Folders on any file system that pyarrow knows: on this machine, s3, gs, abfs, hdfs."""

import contextlib
import fnmatch
import os
import posixpath
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pyarrow import fs

from training.command import CommandError
from training.outputs import alone

UNFINISHED = ".unfinished"  # folder in a target for what is being written
# Where a file appears when it is opened, and a rename is at once; elsewhere it appears when it is closed.
RENAMES = ("local", "hdfs")
WILD = "*?["
LISTS = (".txt", ".lst")


class Stamp(NamedTuple):
    """By which it is told that a file has changed: its bytes, and when they were written, in ns since 1970."""

    size: int
    modified: int | None


@dataclass(frozen=True)
class Place:
    """A folder.

    Attributes:
        system: a `pyarrow.fs.FileSystem`.
        path: as the system has it.
    """

    system: fs.FileSystem
    path: str

    def __str__(self):
        return self.path if self._is_here() else f"{self.system.type_name}://{self.path}"

    def alone(self):
        """See `training.outputs.alone`; it keeps others off on this machine's file systems only."""
        return alone(self.path) if self._is_here() else contextlib.nullcontext()

    def read(self, name):
        """The bytes of a file; OSError if they cannot be had."""
        with self.system.open_input_stream(self._at(name)) as file:
            return file.read()

    def write(self, name, data):
        """Writes a file, whole or not at all, whatever stands there."""
        path = target = self._at(name)
        if self.system.type_name in RENAMES:
            self._make_folder(posixpath.dirname(path))
            self._make_folder(self._at(UNFINISHED))
            path = self._at(f"{UNFINISHED}/{uuid.uuid4().hex}")
        with self.system.open_output_stream(path) as file:
            file.write(data)
        if path != target:
            self.system.move(path, target)

    def _make_folder(self, path):
        self.system.create_dir(path, recursive=True)

    def clear(self, name):
        """Removes a folder in it, if there is one."""
        if self.system.get_file_info(self._at(name)).type == fs.FileType.Directory:
            self.system.delete_dir(self._at(name))

    def files(self):
        """`{name: Stamp}` of all files in it; hidden ones are passed over, and links to a folder that they lie in.

        CommandError for a name that is not UTF-8.
        """
        every = fs.FileSelector(self.path, allow_not_found=True, recursive=True)
        infos = self.system.get_file_info(_walked(self.path) if self._is_here() else every)
        found = (info for info in infos if info.type == fs.FileType.File)
        names = ((info.path[len(self.path) :].lstrip("/"), _stamp(info)) for info in found)
        return {name: stamp for name, stamp in names if not any(part.startswith(".") for part in name.split("/"))}

    def holds(self, other):
        """Whether another place is this one, or below it."""
        return self.system.equals(other.system) and f"{other.path}/".startswith(f"{self.path.rstrip('/')}/")

    def _is_here(self):
        return self.system.type_name == "local"

    def _at(self, name):
        return f"{self.path.rstrip('/')}/{name}"


def _stamp(info):
    return Stamp(info.size or 0, info.mtime_ns)


def _walked(root):
    """The paths of all files below a folder of this machine, through links as well: a circle of them ends."""
    found, above = [], {root: ()}
    for folder, below, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in above[folder]:
            below.clear()
            continue
        above |= {os.path.join(folder, name): (*above[folder], real) for name in below}
        found += (_utf8(os.path.join(folder, name)) for name in names)
    return found


def _utf8(path):
    """A path, as pyarrow can have it: CommandError for one that is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise CommandError(f"{path} has a name that is not UTF-8: rename it") from None
    return path


def place(text):
    """The `Place` of a path or URI. CommandError for a URI that no file system here reads."""
    if "://" not in text:
        return Place(fs.LocalFileSystem(), _utf8(Path(text).resolve().as_posix()))
    try:
        return Place(*fs.FileSystem.from_uri(text))
    except (OSError, ValueError, ImportError) as error:
        raise CommandError(f"{text} cannot be reached ({' '.join(str(error).split())})") from None


def photographs(text, suffixes):
    """The `Place` that all names are relative to, and `{name: Stamp}`, of a SOURCE.

    Args:
        text: a folder, of which files with one of the `suffixes` count; a glob, in which `**` stands for any folders;
            a list, a .txt or .lst file with a path or URI in each line; or a URI of one of the first two.
        suffixes: lower case.

    Raises:
        CommandError: nothing there.
    """
    path = Path(text)
    if path.suffix.lower() in LISTS and path.is_file():
        found = _listed(path)
    elif any(mark in _and_query(text)[0] for mark in WILD) and not path.exists():
        found = _matching(text)
    else:
        folder = place(text)
        if folder.system.get_file_info(folder.path).type != fs.FileType.Directory:
            raise CommandError(f"there is no folder {text}: give a folder, a glob, or a list of files in a .txt file")
        stamps = folder.files().items()
        found = folder, {name: stamp for name, stamp in stamps if posixpath.splitext(name)[1].lower() in suffixes}
    if not found[1]:
        raise CommandError(f"{text} holds no files of the kinds {', '.join(sorted(suffixes))}")
    return found


def _matching(pattern):
    """What a glob matches."""
    pattern, query = _and_query(pattern)
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if any(mark in part for mark in WILD))
    base = place(("/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else ".")) + query)
    return base, {name: stamp for name, stamp in base.files().items() if _matches(name.split("/"), parts[fixed:])}


def _and_query(text):
    """A path; or a URI without its query, such as `?region=us-east-1`, and that."""
    path, mark, query = text.partition("?") if "://" in text else (text, "", "")
    return path, mark + query


def _matches(parts, wild):
    if not wild or not parts:
        return not parts and all(part == "**" for part in wild)
    if wild[0] == "**":
        return _matches(parts, wild[1:]) or _matches(parts[1:], wild)
    return fnmatch.fnmatchcase(parts[0], wild[0]) and _matches(parts[1:], wild[1:])


def _listed(path):
    """What a list names; what is not there counts as 0 bytes, and fails when it is read."""
    try:
        lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except ValueError as error:
        raise CommandError(f"{path} is no list in UTF-8 ({error}): save it as UTF-8") from None
    places = [_named(line) for line in lines]
    if len({each.system.type_name for each in places}) > 1:
        raise CommandError(f"{path} names files of several file systems: make a list for each")
    system = places[0].system if places else fs.LocalFileSystem()
    infos = system.get_file_info([each.path for each in places])
    base = posixpath.commonpath([posixpath.dirname(info.path) for info in infos]) if infos else ""
    return Place(system, base), {info.path[len(base) :].lstrip("/"): _stamp(info) for info in infos}


def _named(line):
    """The `Place` of a file that a list names: of a link the link itself, whose name it keeps."""
    if "://" in line:
        return place(line)
    path = Path(line)
    if not path.name:
        raise CommandError(f"{line} is a folder: a list names files")
    return Place(fs.LocalFileSystem(), (path.parent.resolve() / path.name).as_posix())
