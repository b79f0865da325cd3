"""Photographs through actors of Ray, each of which reads one after the other, works on it, and writes the result."""

import contextlib
import ctypes
import hashlib
import os
import signal
import sys
import time

import pyarrow as pa

from export.batch.manifest import FAILED, SCHEMA
from export.batch.verbs import VERBS
from training.command import ONE_THREAD, CommandError, import_tensorflow, without_notices

SHARE = 0.5  # of a CPU, that Ray counts for an actor: with 1, nothing would be left of a single one for its other tasks
TOGETHER = 8  # photographs that an actor is given at a time, and that are lost with it
BATCHES = 8192  # that Ray knows of at a time, at some 7 KB each; then come others, with actors of their own
BATCHES_EACH = 16  # for an actor, of which there may be many
# For Linux: ends an actor with its parent, Ray on this machine. With TensorFlow loaded it may hang when it should exit.
PR_SET_PDEATHSIG = 1
DEATHS = 3  # of actors while they worked on a photograph, after which it is given up


def check(verb, arguments):
    """Which weights the work is done with, a dict for the settings of a manifest.

    Raises what a `Worker` would: in an actor that ends it, in a command it is a line.
    """
    import_tensorflow()
    VERBS[verb](arguments)
    from zoo.codecs.loading import fingerprint

    models = {flag: getattr(arguments, flag, "none") for flag in ("model", "decoder")}
    return {f"sha256 of {flag}": fingerprint(source) for flag, source in models.items() if source != "none"}


class Worker:
    """An actor.

    Args:
        verb: a name in `VERBS`.
        arguments: of the command.
        source, target: `Place`s.
        begun: a function that is told a name before the work on it, and says how often it was told it without an end.
        ended: a function that is told a name after it.
    """

    def __init__(self, verb, arguments, source, target, begun, ended):
        if sys.platform == "linux" and "RAY_RAYLET_PID" in os.environ:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        import_tensorflow()
        self.verb, self.source, self.target = VERBS[verb](arguments), source, target
        self.begun, self.ended = begun, ended

    def __call__(self, batch):
        """Rows of the manifest, of a table of what to do: `name`, `file` and `attempt`."""
        return pa.Table.from_pylist([self._row(each) for each in batch.to_pylist()], SCHEMA)

    def _row(self, row):
        began = time.perf_counter()
        try:
            if self.begun(row["name"]) > DEATHS:
                raise CommandError("the process that worked on it died")
            data = self.source.read(row["name"])
            row["bytes_in"] = len(data)
            made = self.verb(data)
            if made.data is not None:
                self.target.write(row["file"], made.data)
                row |= {"bytes_out": len(made.data), "digest": digest(made.data)}
            row |= {"status": made.status, "line": made.line, **made.facts}
        except Exception as error:  # whatever a damaged file makes its reader raise, or a full disk its writer
            row |= {"status": FAILED, "line": " ".join((str(error) or type(error).__name__).split())}
        self.ended(row["name"])
        return row | {"milliseconds": 1000 * (time.perf_counter() - began)}


class Checker:
    """Of files that are said to be done, those that are there as they were written."""

    def __init__(self, target):
        self.target = target

    def __call__(self, batch):
        """The names of a table of `name`, `file` and `digest` whose files are the same."""
        return pa.table({"name": [row["name"] for row in batch.to_pylist() if self._is_same(row)]}, NAMES)

    def _is_same(self, row):
        try:
            return digest(self.target.read(row["file"])) == row["digest"]
        except OSError:
            return False


NAMES = pa.schema([("name", pa.string())])


def digest(data):
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def cluster(memory):
    """Ray within it: the cluster of `RAY_ADDRESS` or, without, one on this machine alone, which ends with it.

    `memory` is what results that wait take at most on this machine, in bytes.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_task_events_report_interval_ms", "0")  # no record of each call, 4 KB, for a dashboard
    try:
        import ray
    except ImportError:
        raise CommandError("batches need Ray: pip install 'colorizer-zoo[ray]'") from None

    own = {"address": "local", "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    own = {} if os.environ.get("RAY_ADDRESS") else own | {"object_store_memory": memory}
    with without_notices():
        try:
            ray.init(runtime_env={"env_vars": ONE_THREAD}, log_to_driver=False, **own)
        except (ConnectionError, ValueError) as error:
            raise CommandError(f"no cluster at RAY_ADDRESS={os.environ.get('RAY_ADDRESS')} ({error})") from None
        try:
            yield
        finally:
            ray.shutdown()


def results(rows, made_by, arguments, count, together=TOGETHER):
    """Yields a `pa.Table` for every few of many rows, as they are done.

    Args:
        rows: `pa.Table`.
        made_by: class of an actor, `Worker` or `Checker`.
        arguments: of the class.
        count: of actors.
        together: rows that an actor is given at a time, fewer where some would have nothing to do.
    """
    import ray

    together = max(1, min(together, len(rows) // count))
    at_a_time = together * max(BATCHES, BATCHES_EACH * count)
    ray.data.DataContext.get_current().enable_progress_bars = False
    for first in range(0, len(rows), at_a_time):
        some = rows.slice(first, at_a_time)
        batches = -(-len(some) // together)
        work = ray.data.from_items(some.to_pylist(), override_num_blocks=batches).map_batches(
            made_by,
            fn_constructor_args=arguments,
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                min_size=1, max_size=count, initial_size=min(count, batches), max_tasks_in_flight_per_actor=1
            ),
            num_cpus=SHARE,
        )
        yield from work.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)


def deaths():
    """The functions `begun` and `ended` of a `Worker`, of all of them together: counted where the command runs."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)

    @ray.remote(num_cpus=0, scheduling_strategy=here, enable_task_events=False)  # there are two for each photograph
    class Counter:
        def __init__(self):
            self.begins = {}

        def begun(self, name):
            self.begins[name] = self.begins.get(name, 0) + 1
            return self.begins[name]

        def ended(self, name):
            self.begins.pop(name, None)

    counter = Counter.remote()
    return lambda name: ray.get(counter.begun.remote(name)), counter.ended.remote


def cpus():
    """How many CPUs the cluster has."""
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)))
