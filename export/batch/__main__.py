"""Does to a million photographs what other commands do to few: `python -m export.batch encode SOURCE --out TARGET`."""

import sys
from collections import Counter
from pathlib import PurePosixPath

from export.batch.verbs import VERBS
from export.codec import DAMAGED
from training.command import ArgumentParser, CommandError, in_fresh_process, positive, run

NAMED = 5  # files that failed, in the last line


def main(argv):
    """Does to all photographs of a folder, a glob, a list or a URI what other commands do to a few, on all cores of
    this machine or, with RAY_ADDRESS, of a cluster.

    TARGET gets a file for each, in the tree of SOURCE, and manifest.parquet, a row for each. The same command again
    goes on where it was interrupted, and does again what failed or has changed. What fails three times is named there,
    and the exit code is 2.
    """
    parser = ArgumentParser(prog="python -m export.batch", description=main.__doc__, needs_tensorflow=False)
    commands = parser.add_subparsers(dest="verb", required=True)
    for name, verb in VERBS.items():
        command = commands.add_parser(name, help=verb.summary)
        command.add_argument("source", metavar="SOURCE", help="folder, glob, list of files in a .txt file, or URI")
        command.add_argument("--out", required=True, metavar="TARGET", help="folder or URI")
        own = {action.dest for action in command._actions}
        verb.add_flags(command)
        command.set_defaults(flags=[action.dest for action in command._actions if action.dest not in own])
        command.add_argument("--actors", type=positive, help="that work side by side; as many as CPUs if not given")
        memory = "MB of results that may wait, on this machine"
        command.add_argument("--memory", type=positive, default=256, help=memory)
    arguments = parser.parse_args(argv)

    from export.batch.manifest import FILE, Manifest
    from export.batch.places import photographs, place
    from export.batch.pool import check, cluster
    from export.batch.work import work

    verb, flags = VERBS[arguments.verb], {name: getattr(arguments, name) for name in arguments.flags}
    source, sizes = photographs(arguments.source, verb.suffixes)
    target = place(arguments.out)
    if source.holds(target) or target.holds(source):
        raise CommandError(f"{arguments.out} and {arguments.source} lie within each other: choose another --out")
    files = _files(sizes, verb.suffix(arguments))
    manifest = Manifest(target, {"verb": arguments.verb, **flags})
    print(f"{len(files):,} photographs in {arguments.source}", flush=True)
    in_fresh_process(check, arguments.verb, arguments)
    with cluster(arguments.memory << 20):
        try:
            work(arguments, manifest, source, sizes, files)
        except KeyboardInterrupt:
            manifest.save()
            print(f"interrupted: the same command goes on; {len(manifest.status):,} are in the manifest")
            return 130
    manifest.close()
    return _told(manifest, files, f"{arguments.out}/{FILE}")


def _told(manifest, files, where):
    """Prints how it ended, and returns the exit code; CommandError if anything failed."""
    from export.batch.manifest import FAILED, GREY

    count = Counter(manifest.status[name] for name in files)
    done = f"{len(files) - count[FAILED]:,} of {len(files):,}"
    print(f"done: {done}, {count[GREY]:,} of them without colours: {where}")
    if count[FAILED]:
        failed = manifest.rows([name for name in files if manifest.status[name] == FAILED][:NAMED]).to_pylist()
        named = ", ".join(f"{row['name']} ({row['line']})" for row in failed)
        more = f", and {count[FAILED] - NAMED:,} more" if count[FAILED] > NAMED else ""
        raise CommandError(f"{count[FAILED]:,} of {len(files):,} failed: {named}{more}; all are in {where}")
    return DAMAGED if count[GREY] else 0


def _files(sizes, suffix):
    """Which file of TARGET becomes of each name, `{name: file}`: None where nothing is written.

    CommandError if two would become the same.
    """
    files, names = {}, {}
    for name in sorted(sizes):
        files[name] = suffix and str(PurePosixPath(name).with_suffix(suffix))
        if suffix and names.setdefault(files[name], name) != name:
            raise CommandError(f"{name} and {names[files[name]]} would become the same file: give them one by one")
    return files


if __name__ == "__main__":
    sys.exit(run(main))
