"""Folders on any file system that pyarrow knows: on this machine, s3, gs, abfs, hdfs."""

import fnmatch
import posixpath
import uuid
from dataclasses import dataclass
from pathlib import Path

from pyarrow import fs

from training.command import CommandError

UNFINISHED = ".unfinished"  # folder in a target for what is being written
# Where a file appears when it is opened, and a rename is at once; elsewhere it appears when it is closed.
RENAMES = ("local", "hdfs")
WILD = "*?["
LISTS = (".txt", ".lst")


@dataclass(frozen=True)
class Place:
    """A folder.

    Attributes:
        system: a `pyarrow.fs.FileSystem`.
        path: as the system has it.
    """

    system: fs.FileSystem
    path: str

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

    def sizes(self, below=""):
        """`{name: bytes}` of all files in it, or in a folder of it; hidden ones are passed over."""
        selector = fs.FileSelector(self._at(below) if below else self.path, allow_not_found=True, recursive=True)
        found = (info for info in self.system.get_file_info(selector) if info.type == fs.FileType.File)
        names = ((info.path[len(self.path) :].lstrip("/"), info.size) for info in found)
        return {name: size for name, size in names if not any(part.startswith(".") for part in name.split("/"))}

    def holds(self, other):
        """Whether another place is this one, or below it."""
        return self.system.equals(other.system) and f"{other.path}/".startswith(f"{self.path.rstrip('/')}/")

    def _at(self, name):
        return f"{self.path.rstrip('/')}/{name}"


def place(text):
    """The `Place` of a path or URI. CommandError for a URI that no file system here reads."""
    if "://" not in text:
        return Place(fs.LocalFileSystem(), Path(text).resolve().as_posix())
    try:
        return Place(*fs.FileSystem.from_uri(text))
    except (OSError, ValueError, ImportError) as error:
        raise CommandError(f"{text} cannot be reached ({' '.join(str(error).split())})") from None


def photographs(text, suffixes):
    """The `Place` that all names are relative to, and `{name: bytes}`, of a SOURCE.

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
    elif any(mark in text for mark in WILD) and not path.exists():
        found = _matching(text)
    else:
        folder = place(text)
        if folder.system.get_file_info(folder.path).type != fs.FileType.Directory:
            raise CommandError(f"there is no folder {text}: give a folder, a glob, or a list of files in a .txt file")
        sizes = folder.sizes().items()
        found = folder, {name: size for name, size in sizes if posixpath.splitext(name)[1].lower() in suffixes}
    if not found[1]:
        raise CommandError(f"{text} holds no files of the kinds {', '.join(sorted(suffixes))}")
    return found


def _matching(pattern):
    """What a glob matches."""
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if any(mark in part for mark in WILD))
    base, wild = place("/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else ".")), parts[fixed:]
    return base, {name: size for name, size in base.sizes().items() if _matches(name.split("/"), wild)}


def _matches(parts, wild):
    if not wild or not parts:
        return not parts and all(part == "**" for part in wild)
    if wild[0] == "**":
        return _matches(parts, wild[1:]) or _matches(parts[1:], wild)
    return fnmatch.fnmatchcase(parts[0], wild[0]) and _matches(parts[1:], wild[1:])


def _listed(path):
    """What a list names; what is not there counts as 0 bytes, and fails when it is read."""
    places = [place(line.strip()) for line in path.read_text().splitlines() if line.strip()]
    if len({each.system.type_name for each in places}) > 1:
        raise CommandError(f"{path} names files of several file systems: make a list for each")
    system = places[0].system if places else fs.LocalFileSystem()
    infos = system.get_file_info([each.path for each in places])
    base = posixpath.commonpath([posixpath.dirname(info.path) for info in infos]) if infos else ""
    return Place(system, base), {info.path[len(base) :].lstrip("/"): info.size or 0 for info in infos}
