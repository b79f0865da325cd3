"""One training on all devices of a machine, or on several machines."""

import contextlib
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras

from training.command import CommandError

BFLOAT16_SINCE = (8, 0)  # of NVIDIA's compute capabilities, the first with tensor cores for it


@dataclass(frozen=True)
class Share:
    """Which part of every batch this process trains on: each `count`-th image from the `number`-th on."""

    number: int = 0
    count: int = 1

    def folder(self, out):
        """Where this process writes: a place to throw away for all but the first, since saving takes all of them."""
        if self.number:
            return Path(tempfile.mkdtemp(prefix=f"host-{self.number}-"))
        out.mkdir(parents=True, exist_ok=True)
        return out

    def of(self, batches):
        """This process's part of a tf.data set, as many images of each batch as the others have.

        Images that are over are left out; of a batch of fewer images than processes, some are taken twice.
        """
        import tensorflow as tf

        def part(images):
            size = tf.shape(images)[0]
            mine = tf.range(tf.maximum(1, size // self.count)) * self.count + self.number
            return tf.gather(images, mine % size)

        if self.count == 1:
            return batches
        return batches.map(lambda *batch: tf.nest.map_structure(part, batch))


def dtype_policy(precision):
    """The dtype policy of Keras that a setting means: of `auto`, bfloat16 where what trains has instructions for it."""
    if precision != "auto":
        return precision
    fast = has_amx() if device_name() == "cpu" else cuda_capability() >= BFLOAT16_SINCE
    return "mixed_bfloat16" if fast else "float32"


def has_amx():
    """Whether the CPU multiplies matrices of bfloat16 by an instruction of its own, which Linux tells."""
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "amx_bf16" in flags.read_text()


def bfloat16_here(precision):
    """What there is to say to somebody who trains in float32 on a CPU: nothing to others."""
    if dtype_policy(precision) != "float32" or device_name() != "cpu":
        return ""
    which = "this CPU, which has AMX" if has_amx() else "a CPU with AMX"
    return f"; --precision mixed_bfloat16, about a third of that time on {which}"


@contextlib.contextmanager
def arithmetic(precision):
    """A context within which layers are built that compute by a setting of precision; their weights are float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype_policy(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def spread(devices="one", hosts=None, host=0):
    """Spreads what is trained from here on over devices and hosts.

    All devices hold the same weights and get the same number of images of each batch. With TensorFlow that is
    `MirroredStrategy`, on one host; with JAX, on any number of them, `keras.distribution.DataParallel`.

    Args:
        devices: "one", or "all" of each host.
        hosts: `address:port` of each host, separated by commas, the same on all of them; None for this one alone.
        host: which of them this is, from 0 on.

    Returns:
        A context manager, within which to build and compile, and the `Share` of this process.

    Raises:
        CommandError: a backend that cannot do it, no such host, or hosts that do not answer.
    """
    backend = keras.backend.backend()
    if hosts:
        return contextlib.nullcontext(), _join(hosts.split(","), host, backend)
    if devices == "one":
        return contextlib.nullcontext(), Share()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.distribute.MirroredStrategy().scope(), Share()
    _data_parallel(backend)
    return contextlib.nullcontext(), Share()


def device_name():
    """What trains, as its maker calls it, such as "NVIDIA H200"; "cpu" where there is no accelerator."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.devices()[0].device_kind
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(found[0])["device_name"] if found else "cpu"


def cuda_capability():
    """NVIDIA's compute capability of what trains, `(major, minor)`; above all of them for another accelerator."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        found = getattr(jax.devices()[0], "compute_capability", "")
        return tuple(map(int, found.split("."))) if found else (math.inf,)
    if backend == "torch":
        import torch

        return torch.cuda.get_device_capability()
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return details.get("compute_capability", (math.inf,))


def _join(hosts, host, backend):
    if not 0 <= host < len(hosts):
        raise CommandError(f"--host {host} is not one of the {len(hosts)} of --hosts: they count from 0")
    if backend != "jax":
        raise CommandError(f"--hosts needs KERAS_BACKEND=jax, not {backend}")
    try:
        keras.distribution.initialize(",".join(hosts), len(hosts), host)
    except RuntimeError as error:
        reason = str(error).split("\n")[0]
        raise CommandError(f"the {len(hosts)} of --hosts {','.join(hosts)} do not find each other ({reason})") from None
    _data_parallel(backend)
    return Share(host, len(hosts))


def _data_parallel(backend):
    if backend != "jax":
        raise CommandError(f"--devices all needs KERAS_BACKEND=tensorflow or jax, not {backend}")
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
