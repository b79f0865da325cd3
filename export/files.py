"""Many files, one after the other: what goes wrong with one is told at the end, and the others are written."""

from training.command import CommandError
from training.data.pixels import check_single, open_image, read_image
from training.outputs import check_file, writing


def add_force(parser):
    """Adds the flag `--force`."""
    parser.add_argument("--force", action="store_true", help="replace files that this command did not write")


def targets(sources, folder, suffix, is_own):
    """Where each file goes: `folder/NAME` with `suffix(source)`.

    CommandError if two go to the same place, or one where `check_targets` refuses it.
    """
    found = [folder / f"{source.stem}{suffix(source)}" for source in sources]
    if len(set(found)) < len(found):
        raise CommandError("two files have the same name: write them into different --out folders")
    check_targets(found, sources, is_own)
    return found


def check_targets(targets, sources, is_own):
    """CommandError if a file to write is a source, or something stands there of which `is_own(path)` is not true."""
    known = {_identity(source) for source in sources if source.exists()}  # through links of whatever kind
    for target in targets:
        if target.exists() and _identity(target) in known:
            raise CommandError(f"{target} is one of the files to read, and is never replaced: choose another --out")
        check_file(target, is_own)


def _identity(path):
    found = path.stat()
    return found.st_dev, found.st_ino


def write_each(sources, targets, read, write):
    """Writes each target, `write(temporary path, read(source))`, which gives a line about it.

    CommandError at the end, if anything was raised, with the names of these files and why.
    """
    failed = []
    for source, target in zip(sources, targets, strict=True):
        try:
            content = read(source)
            with writing(target) as temporary:
                line = write(temporary, content)
        except Exception as error:  # whatever a damaged file makes its reader raise, or a full disk its writer
            failed.append(f"{source} ({str(error) or type(error).__name__})")
            continue
        print(f"written: {target}, {line}", flush=True)
    if failed:
        raise CommandError(f"{len(failed)} of {len(sources)} files were not written: {', '.join(failed)}")


def read_photograph(file):
    """uint8 sRGB `(H, W, 3)` of the path of an image file, or of a binary file that can be sought in.

    ValueError for one of several pictures; what else is raised is that of `training.data.pixels.read_image`.
    """
    with open_image(file) as image:
        check_single(image)
    return read_image(file)[0]
