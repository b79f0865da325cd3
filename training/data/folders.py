"""Lists the photographs below a folder, and counts what else lies there: nothing is passed over without a word."""

import os
from collections import Counter, deque
from pathlib import Path

from training.command import CommandError

SUFFIXES = {".avif", ".bmp", ".jfif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
SPLIT_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
HIDDEN = {"@eaDir", "__MACOSX"}  # thumbnails of a NAS, what macOS adds to archives; and names with a leading dot


class Listing:
    """The photographs of a data set.

    Symbolic links are followed. A folder that is met again, by a link, is passed over: it belongs to one split and one
    class, and circles end.

    Attributes:
        splits: sorted paths by split, of `train`, `validation` and `test`; of a flat folder all are in `train`.
        flat: whether the folder has no train/.
        passed_over: how many things of each kind are no photographs.

    Raises:
        CommandError: two folders are the same split.
    """

    def __init__(self, root):
        self.passed_over = Counter()
        folders, beside = {}, Counter()
        for entry in self._visible(root):
            split = SPLIT_OF.get(entry.name.lower())
            if not split or not os.path.isdir(entry.path):
                beside[self._kind(entry)] += 1
            elif split in folders:
                raise CommandError(f"{entry.path} and {folders[split]} are both the {split} split: rename one of them")
            else:
                folders[split] = entry.path
        self.flat = "train" not in folders
        if self.flat:
            self.passed_over.clear()  # what is met again
            folders, known = {"train": root}, set()
        else:
            self.passed_over += beside
            known = {os.path.realpath(root)}
        self.splits = self._photographs(folders, known)

    def account(self):
        """What was passed over, such as `2 hidden, 3 other files`; empty if nothing was."""
        counts = {kind: count for kind, count in self.passed_over.items() if count}
        return ", ".join(
            f"{count} {kind}{'s' if count > 1 and kind != 'hidden' else ''}" for kind, count in counts.items()
        )

    def _photographs(self, folders, known):
        """The sorted paths of all photographs by split; `known` are real paths of folders not to go into."""
        found = {split: [] for split in ("train", "validation", "test")}
        waiting = deque(folders.items())
        while waiting:
            split, folder = waiting.popleft()
            real = os.path.realpath(folder)
            if real in known:
                self.passed_over["repeated folder"] += 1
                continue
            known.add(real)
            for entry in self._visible(folder):
                if os.path.isdir(entry.path):
                    # Links come last, of all splits: what is met twice bears the name that it has without one.
                    (waiting.append if entry.is_symlink() else waiting.appendleft)((split, entry.path))
                elif Path(entry.name).suffix.lower() in SUFFIXES and os.path.isfile(entry.path):
                    found[split].append(Path(entry.path))
                else:
                    self.passed_over[self._kind(entry)] += 1
        return {split: sorted(paths) for split, paths in found.items()}

    def _visible(self, folder):
        """The entries of a folder in order of their names, without the hidden ones."""
        try:
            with os.scandir(folder) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            self.passed_over["unreadable folder"] += 1
            return []
        hidden = [entry for entry in entries if entry.name.startswith(".") or entry.name in HIDDEN]
        self.passed_over["hidden"] += len(hidden)
        return [entry for entry in entries if entry not in hidden]

    @staticmethod
    def _kind(entry):
        """What an entry is that holds no photograph of the data set."""
        if entry.is_symlink() and not os.path.exists(entry.path):
            return "broken link"
        return "other folder" if os.path.isdir(entry.path) else "other file"
