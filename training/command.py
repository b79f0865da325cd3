"""What every command of the project shares: its arguments, one-line errors, exit codes."""

import argparse
import contextlib
import logging
import multiprocessing
import os
import statistics
import sys
import timeit
from concurrent.futures import ProcessPoolExecutor

# TensorFlow's notices are not for the person who typed the command.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Environment of a process that computes with one thread.
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
logging.getLogger("absl").setLevel(logging.ERROR)
logging.getLogger("tensorflow").setLevel(logging.ERROR)


class CommandError(argparse.ArgumentTypeError):
    """A mistake that the caller can mend. The message names the input and the remedy, in one line.

    Raised by the type of an argument, argparse puts the name of the argument before it.
    """


class ArgumentParser(argparse.ArgumentParser):
    """argparse with defaults in its help, and errors of one line; what it parsed, TensorFlow is there to work on.

    It is imported as late as that, for --help and a mistake in the arguments to be answered at once. A command that
    works without it says `needs_tensorflow=False`.
    """

    def __init__(self, needs_tensorflow=True, **kwargs):
        super().__init__(formatter_class=argparse.ArgumentDefaultsHelpFormatter, allow_abbrev=False, **kwargs)
        self.needs_tensorflow = needs_tensorflow

    def parse_args(self, args=None, namespace=None):
        arguments = super().parse_args(args, namespace)
        if self.needs_tensorflow:
            import_tensorflow()
        return arguments

    def error(self, message):
        raise CommandError(f"{message} (see --help)")


def positive(text):
    """argparse type of a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise CommandError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def natural(text):
    """argparse type of a whole number from 0 on that fits 32 bits: what random generators are seeded with."""
    if not text.isdecimal() or int(text) >= 1 << 32:
        raise CommandError(f"must be a whole number from 0 to {(1 << 32) - 1}, not {text!r}")
    return int(text)


def run(main, argv=None):
    """Calls `main(argv)` and returns its exit code; what the caller can mend becomes one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a file's name may be no text that can be printed
    try:
        return main(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        message = _to_mend(error)
        if message is None:
            raise
    print("error: " + " ".join(message.split()), file=sys.stderr)
    return 2


def _to_mend(error):
    """What to tell of an error that the caller can mend; None for a mistake of the code."""
    if isinstance(error, CommandError) or _is_of(error, "zoo.errors", "ZooError"):
        return str(error)
    if isinstance(error, OSError):
        # Disk full, read-only folder, no permission: h5py and zipfile raise OSError too.
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return f"{reason}: see to the folder, its permissions and the room on its disk"
    if _is_of(error, "tensorflow.python.framework.errors_impl", "OpError"):
        return f"TensorFlow gave up: {error.message.splitlines()[0]}: see to the files and the room on their disk"
    return None


def _is_of(error, module, name):
    """Whether an error is of a class, whose module is not imported to find out: who raised it has done so."""
    return module in sys.modules and isinstance(error, getattr(sys.modules[module], name, ()))


def import_tensorflow():
    """Imports TensorFlow without the notices that it writes to stderr before any log level can be set."""
    with without_notices():
        # In this order: PyTorch's compiler, which Keras may bring, and TensorFlow each have an LLVM of their own.
        import keras  # noqa: F401 I001
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def without_notices():
    """Within it nothing is written to stderr, by libraries that cannot be asked not to."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def in_fresh_process(function, *arguments):
    """`function(*arguments)`, run in a process of its own: for measurements that must not touch each other."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def duration(seconds):
    """A duration as a person says it: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 60 * 24:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def check_flags(parser, argv, what, only_for):
    """CommandError for a flag in `argv` that says nothing about what the command is given. Defaults do not count.

    Args:
        parser, argv: as parsed before.
        what: the command is given, such as "colorizers".
        only_for: by name of an argument, for what alone it is; a name that is not in it is for everything.
    """
    absent = object()
    arguments = vars(parser.parse_args(argv, argparse.Namespace(**{action.dest: absent for action in parser._actions})))
    for name, kinds in only_for.items():
        if arguments[name] is not absent and what not in kinds:
            raise CommandError(f"--{name.replace('_', '-')} is for {' and '.join(kinds)}, not for {what}: leave it out")


def median_time(call, repeats, warm_up):
    """Median seconds of `call()` over `repeats`, after `warm_up` calls that trace, compile or allocate."""
    times = timeit.repeat(call, repeat=warm_up + repeats, number=1)
    return statistics.median(times[warm_up:])
