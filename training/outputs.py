"""All that a command leaves behind: written whole or not at all, and never over what is not the command's own.

What is being written lies in a hidden folder beside its target, which a lock holds for as long as the process lives.
Those that a killed process left are nobody's any more, and go with the next output beside them.
"""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from training.command import CommandError

try:
    import fcntl
except ImportError:  # Windows: what a killed process left stays
    fcntl = None

UNFINISHED = ".colorizer-zoo-"  # how the names of these hidden folders begin
BEFORE = "before it"  # in such a folder, what stood where its content goes to
SOFTWARE = "colorizer-zoo"  # as which PNG files say who wrote them
ANOTHER = "choose another"


def result_file(text):
    """argparse type of a result file to write: a new one, or one that a command of the project wrote.

    Refused before any work: a folder, another file than a result file, another suffix than .json, a place that cannot
    be written to.
    """
    path = Path(text)
    if path.suffix != ".json" and not path.is_dir():
        raise CommandError(f"{path} does not end in .json: {ANOTHER} name")
    check_file(path, is_result)
    return path


def result_path(told, name):
    """Where a result file goes: results/NAME.json if it is not told. CommandError if what is there must stay."""
    path = told or Path("results") / f"{name}.json"
    check_file(path, is_result)
    return path


def figures_folder(text):
    """argparse type of a folder for figures, whose files of the same names are replaced."""
    path = Path(text)
    check_writable(path / "figure.png")
    return path


def is_result(path):
    """Whether a file is a result file: JSON with a command and rows. An empty one has nothing to lose."""
    try:
        return not path.stat().st_size or {"command", "rows"} <= json.loads(path.read_text()).keys()
    except (ValueError, AttributeError):
        return False


def is_own_png(path):
    """Whether a file is a PNG that `save_png` wrote."""
    with path.open("rb") as file:
        return b"tEXtSoftware\0" + SOFTWARE.encode() in file.read(256)


def check_file(path, is_own):
    """CommandError unless a file may be written here: where there is none, or one of which `is_own(path)` is true."""
    check_writable(path)
    if path.exists() and not is_own(path):
        raise CommandError(f"{path} is a file that this command did not write: {ANOTHER} name")


def check_folder(path, mark):
    """CommandError unless a folder is new, empty, or bears the file `mark` that tells what wrote it."""
    check_writable(path / mark)
    content = os.listdir(path) if path.exists() else ()
    if not all(name.startswith(UNFINISHED) for name in content) and not (path / mark).is_file():
        raise CommandError(f"{path} holds other things, and no {mark} that this command wrote: {ANOTHER} folder")


def check_writable(path):
    """CommandError if a folder stands where a file is to go, or a file where its folder is to be, or it is closed."""
    if path.is_dir():
        raise CommandError(f"{path} is a folder, and a file is to be written there: {ANOTHER} name")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise CommandError(f"{above} is a file, and {path} is to be written below it: {ANOTHER} folder")
    if not os.access(above, os.W_OK):
        raise CommandError(f"{above} cannot be written to: see to its permissions, or {ANOTHER} folder")


@contextlib.contextmanager
def writing(path):
    """Yields the path of a file to write, of the same name in a folder of its own, which then becomes `path`.

    Whatever stood at `path` stays until the new file is whole. A symbolic link is followed. CommandError for a folder.
    """
    path = Path(path).resolve()
    check_writable(path)
    with _unfinished(path.parent) as folder:
        temporary = folder / path.name
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # or else a crash may leave the name without the content
        os.replace(temporary, path)


@contextlib.contextmanager
def writing_folder(path, mark):
    """Yields an empty folder to fill, which then becomes `path`, in the place of one that bears the file `mark`.

    What others have put into that one stays, beside what is new; the mark may list its own, as JSON, under "files". A
    symbolic link is followed. CommandError for a folder without that mark, or for a file.
    """
    path = Path(path).resolve()
    check_folder(path, mark)
    with _unfinished(path.parent) as folder:
        temporary = folder / path.name
        temporary.mkdir()
        yield temporary
        check_folder(path, mark)  # which may have come meanwhile
        if path.exists():
            _take_over(path, mark, temporary)
            (folder / BEFORE).mkdir()
            os.replace(path, folder / BEFORE / path.name)
        os.replace(temporary, path)


def _take_over(old, mark, new):
    """Copies what others have put into a folder into the one that replaces it."""
    try:
        own = {Path(file).parts[0] for file in json.loads((old / mark).read_text())["files"]}
    except (ValueError, TypeError, KeyError, IndexError):
        own = set()
    for entry in old.iterdir():
        if entry.name in own or entry.name.startswith(UNFINISHED) or os.path.lexists(new / entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, new / entry.name, symlinks=True)
        else:
            shutil.copy2(entry, new / entry.name, follow_symlinks=False)


@contextlib.contextmanager
def alone(folder):
    """Within it no other command on this machine may work in a folder, which is made if need be.

    One that stays empty is removed at the end. CommandError where another command has it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = _locked(folder)
    if lock is None:
        raise CommandError(f"another command works in {folder}: wait for it, or {ANOTHER} --out")
    try:
        yield
    finally:
        os.close(lock)
        with contextlib.suppress(OSError):  # something is in it
            folder.rmdir()


@contextlib.contextmanager
def _unfinished(parent):
    """A new, empty, hidden folder for what is being written, and a lock on it; those without a lock are removed."""
    parent.mkdir(parents=True, exist_ok=True)
    _clear_unfinished(parent)
    folder = lock = None
    while lock is None:  # another process may have taken the folder for a left one before it was locked
        folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=parent))
        lock = _locked(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _clear_unfinished(parent):
    """Removes what killed processes left unfinished in a folder, and puts back what they were about to replace."""
    for folder in parent.glob(f"{UNFINISHED}*") if fcntl else ():
        lock = _locked(folder)
        if lock is not None:
            for replaced in (folder / BEFORE).glob("*"):
                if not (parent / replaced.name).exists():  # killed between two renames
                    os.replace(replaced, parent / replaced.name)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _locked(folder):
    """A lock on a folder, which ends with the process, as a file descriptor; None for one that is held, or is gone."""
    try:
        lock = os.open(folder if fcntl else os.devnull, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.stat(folder)
    except (BlockingIOError, FileNotFoundError):
        os.close(lock)
        return None
    return lock


def write_json(path, value, **options):
    """Writes a value as JSON."""
    with writing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, **options) + "\n")


def read_json(path, remedy):
    """The dict in a JSON file that a command wrote. CommandError, which ends in the remedy, if it cannot be had."""
    try:
        found = json.loads(Path(path).read_text())
    except FileNotFoundError:
        raise CommandError(f"there is no {path}: {remedy}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} is damaged ({error}): {remedy}") from None
    if not isinstance(found, dict):
        raise CommandError(f"{path} is damaged (it holds no names and values): {remedy}")
    return found


def save_png(path, pixels):
    """Writes uint8 pixels `(H, W, 3)` as a PNG file that says who wrote it."""
    mark = PngInfo()
    mark.add_text("Software", SOFTWARE)
    Image.fromarray(np.asarray(pixels)).save(path, "png", pnginfo=mark)
