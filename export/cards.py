"""What a folder that `python -m export` wrote holds, checked before it is used."""

import hashlib

from training.command import CommandError
from training.outputs import read_json

CARD = "card.json"
# What every card says, and of what type; and those of decoders of grids.
ALWAYS = {"model": str, "settings": dict, "size": list, "files": dict}
OF_GRIDS = {"n": int, "kind": str, "space": str}


def read_card(folder):
    """The card.json of an export. CommandError if there is none, or a damaged one."""
    remedy = f"write one with `python -m export RUN --out {folder}`"
    if not (folder / CARD).exists():
        raise CommandError(f"no export in {folder}: {remedy}")
    card = read_json(folder / CARD, remedy)
    _check(card, ALWAYS, folder, remedy)
    size, entries = card["size"], card["files"].values()
    if len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise CommandError(f"{folder / CARD} is damaged (size {size}): {remedy}")
    if not all(isinstance(entry, dict) and isinstance(entry.get("signature"), str) for entry in entries):
        raise CommandError(f"{folder / CARD} is damaged (a file has no signature): {remedy}")
    return card


def read_file(folder, precision):
    """The card.json of an export, and the path of its decoder of a precision.

    CommandError as by `read_card`, for no such decoder, or for another file than the card describes.
    """
    card = read_card(folder)
    path = folder / f"decoder_{precision}.tflite"
    if path.name not in card["files"]:
        raise CommandError(f"no {path}: the export holds {', '.join(card['files'])}, see --precision")
    if not path.is_file():
        raise CommandError(f"there is no {path}, which {CARD} names: write the export again")
    if hashlib.sha256(path.read_bytes()).hexdigest() != card["files"][path.name].get("sha256"):
        raise CommandError(f"{path} is not the file that {CARD} describes: write the export again")
    return card, path


def read_grid_file(folder, precision):
    """See `read_file`, of a decoder of grids; CommandError for another."""
    card, path = read_file(folder, precision)
    if not {"n", "kind"} & card.keys():
        raise CommandError(f"{folder} is the export of {card['model']}, no decoder of grids: choose another export")
    _check(card, OF_GRIDS, folder, "write the export again")
    return card, path


def _check(card, types, folder, remedy):
    wrong = [name for name, kind in types.items() if not isinstance(card.get(name), kind)]
    if wrong:
        raise CommandError(f"{folder / CARD} is damaged ({wrong[0]} {card.get(wrong[0])!r}): {remedy}")
