"""Does to a million photographs what other commands do to few: `python -m export.batch encode SOURCE --out TARGET`."""

import sys
from collections import Counter
from pathlib import PurePosixPath

from export.batch.verbs import VERBS
from export.codec import DAMAGED
from training.command import ArgumentParser, CommandError, in_fresh_process, positive, run

NAMED = 5  # files that failed, in the last line
LEAST_MEGABYTES = 75


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
        command.add_argument("--memory", type=_megabytes, default=256, help=memory)
    arguments = parser.parse_args(argv)

    from export.batch.manifest import FILE, TO_DO, Manifest
    from export.batch.places import photographs, place
    from export.batch.pool import check, cluster
    from export.batch.work import work

    verb, flags = VERBS[arguments.verb], {name: getattr(arguments, name) for name in arguments.flags}
    source, stamps = photographs(arguments.source, verb.suffixes)
    target = place(arguments.out)
    if source.holds(target) or target.holds(source):
        raise CommandError(f"{arguments.out} and {arguments.source} lie within each other: choose another --out")
    files = _files(stamps, verb.suffix(arguments))
    print(f"{len(files):,} photographs in {arguments.source}", flush=True)
    settings = {"verb": arguments.verb, "source": str(source), **flags}
    settings |= in_fresh_process(check, arguments.verb, arguments)
    with cluster(arguments.memory << 20), target.alone():
        manifest = Manifest(target, settings)
        try:
            work(arguments, manifest, source, stamps, files)
        except KeyboardInterrupt:
            manifest.save()
            worked_on = sum(status != TO_DO for status in manifest.status.values())
            print(f"interrupted: the same command goes on; {worked_on:,} are in the manifest")
            return 130
        manifest.close()
    return _told(manifest, files, f"{arguments.out}/{FILE}")


def _megabytes(text):
    """argparse type of what Ray keeps results in."""
    if positive(text) < LEAST_MEGABYTES:
        raise CommandError(f"must be at least {LEAST_MEGABYTES}, as Ray has it, not {text}")
    return int(text)


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


def _files(names, suffix):
    """Which file of TARGET becomes of each name, `{name: file}`: None where nothing is written.

    CommandError if two would become the same.
    """
    files, sources = {}, {}
    for name in sorted(names):
        files[name] = suffix and str(PurePosixPath(name).with_suffix(suffix))
        if suffix and sources.setdefault(files[name], name) != name:
            raise CommandError(f"{name} and {sources[files[name]]} would become the same file: give them one by one")
    return files


if __name__ == "__main__":
    sys.exit(run(main))
