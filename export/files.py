"""Many files, one after the other: what cannot be read is named at the end, and the others are written all the same."""

from PIL import Image

from training.command import CommandError, atomic


def targets(sources, folder, suffix):
    """Where each file goes: `folder/NAME` with `suffix(source)`. CommandError if two go to the same place."""
    found = [folder / f"{source.stem}{suffix(source)}" for source in sources]
    if len(set(found)) < len(found):
        raise CommandError("two files have the same name: write them into different --out folders")
    return found


def write_each(sources, targets, read, write):
    """Writes each target, `write(temporary path, read(source))`, which gives a line about it.

    Raises:
        CommandError: at the end, if `read` raised anything, with the names of these files and why.
    """
    failed = []
    for source, target in zip(sources, targets, strict=True):
        try:
            content = read(source)
        except Exception as error:  # whatever a damaged file makes its reader raise
            failed.append(f"{source} ({error})")
            continue
        with atomic(target) as temporary:
            line = write(temporary, content)
        print(f"written: {target}, {line}", flush=True)
    if failed:
        raise CommandError(f"what cannot be read: {', '.join(failed)}")


def read_photograph(path):
    """uint8 sRGB `(H, W, 3)` of an image file; raises what Pillow raises."""
    from training.datasets import to_rgb

    with Image.open(path) as image:
        return to_rgb(image)[0]
