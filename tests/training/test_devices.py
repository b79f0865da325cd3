"""One training on several devices, on several hosts, and on other backends, which gives what one gives."""

import os
import socket
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from training import fit
from training.loop.devices import Share
from training.loop.run_folder import history_of
from zoo import crayon
from zoo.weights import save_weights


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shares_are_the_batches(count):
    """Every image of whole batches goes to one process; a batch of one to all."""
    batches = tf.data.Dataset.range(13).batch(6).map(lambda x: (x, {"twice": 2 * x}))
    shares = [list(Share(number, count).of(batches).as_numpy_iterator()) for number in range(count)]
    for position in (0, 1):
        together = np.concatenate([share[position][0] for share in shares])
        assert sorted(together) == list(range(6 * position, 6 * position + 6))
    assert [share[2][0].tolist() for share in shares] == [[12]] * count
    assert all((twice["twice"] == 2 * x).all() for share in shares for x, twice in share)
    assert len(Share(0, count).of(batches)) == 3


def test_refused(small, tmp_path, refused):
    argv = ["crayon", *small, "--out", str(tmp_path / "run"), "--hosts", "127.0.0.1:1,127.0.0.1:2"]
    assert "--host 2 is not one of the 2" in refused(fit.main, [*argv, "--host", "2"])
    assert "needs KERAS_BACKEND=jax, not tensorflow" in refused(fit.main, argv)
    assert not (tmp_path / "run").exists()


def _losses(folder):
    history = history_of(folder)
    return [history["loss"], history["val_loss"]]


def _train(small, out, *more, **environment):
    command = [sys.executable, "-m", "training.fit", "crayon", "--epochs", "2", *small, "--learning-rate", "1e-3"]
    command += ["--out", str(out), *more]
    return subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_two_hosts_are_one(small, tmp_path):
    """Two JAX processes, on the loopback interface, against one, with the same batches of 2, over 60 steps."""
    pytest.importorskip("jax")
    environment = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hosts = ["--hosts", f"127.0.0.1:{port},127.0.0.1:0"]
    small = [*small, "--batch-size", "2", "--epochs", "5"]
    both = [_train(small, tmp_path / "two", *hosts, "--host", str(host), **environment) for host in (0, 1)]
    assert [process.wait(600) for process in both] == [0, 0]
    assert _train(small, tmp_path / "one", **environment).wait(600) == 0
    assert len(_losses(tmp_path / "two")[0]) == 5
    assert np.allclose(_losses(tmp_path / "two"), _losses(tmp_path / "one"), rtol=1e-4)


@pytest.mark.slow
def test_all_devices(small, tmp_path):
    """MirroredStrategy, of whatever devices there are, against one."""
    assert _train(small, tmp_path / "all", "--devices", "all").wait(600) == 0
    assert _train(small, tmp_path / "one").wait(600) == 0
    assert np.allclose(_losses(tmp_path / "all"), _losses(tmp_path / "one"), rtol=1e-4)
    assert (tmp_path / "all" / "metrics.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend(backend, small, tmp_path):
    """From the same weights, the losses of TensorFlow, about those in bfloat16; and models that TensorFlow loads."""
    pytest.importorskip(backend)
    save_weights(crayon(width=8), tmp_path / "start.npz")
    start = ["--weights", str(tmp_path / "start.npz"), "--decay"]
    runs = {
        "reference": ((), {}),
        "float32": ((), {"KERAS_BACKEND": backend}),
        "bfloat16": (("--precision", "mixed_bfloat16"), {"KERAS_BACKEND": backend}),
    }
    for name, (more, environment) in runs.items():
        assert _train(small, tmp_path / name, *start, *more, **environment).wait(600) == 0
    reference = _losses(tmp_path / "reference")
    assert np.allclose(_losses(tmp_path / "float32"), reference, rtol=1e-4)
    assert np.allclose(_losses(tmp_path / "bfloat16"), reference, rtol=0.1)
    for name in ("float32", "bfloat16"):
        model = keras.models.load_model(tmp_path / name / "model.keras")
        assert {layer.compute_dtype for layer in model.layers} == {"float32"}
