"""How fast Crayon trains, and what holds it up: `python -m training.profile --precision mixed_bfloat16 --peak 989`."""

import sys
import time
from pathlib import Path

from training.command import ArgumentParser, CommandError, positive, run
from training.outputs import result_file
from training.recipes.base import PRECISIONS
from training.recipes.crops import MULTIPLE

WARM_UP = 5  # training steps before any is timed
PASSES = 3  # forward, and twice as much back: to the inputs of each layer and to its weights


def main(argv):
    """Measures images a second of `training.fit crayon`, as it is and with a batch that is always ready.

    `input_wait` is the share of time that the former takes longer; `flop_utilization` the share of the chip's peak that
    the network's own products use, three times those of a forward pass, 2 FLOP for each multiply-accumulate.
    """
    parser = ArgumentParser(prog="python -m training.profile", description=main.__doc__)
    add = parser.add_argument
    add("--dataset", default="samples", help="TFDS name, folder:PATH or samples")
    add("--width", type=positive, default=64, help="channels of the first layer")
    add("--size", type=positive, nargs="+", default=(320, 192), help="sides of the crops")
    add("--batch-size", type=positive, default=16, help="images a step")
    add("--precision", choices=PRECISIONS, default=PRECISIONS[0], help="see `training.fit`")
    add("--peak", type=float, help="TFLOP/s of the chip in this precision, or of all of them")
    add("--steps", type=positive, default=50, help="steps that are timed")
    add("--devices", choices=("one", "all"), default="one", help="see `training.fit`")
    add("--hosts", help="see `training.fit`")
    add("--host", type=int, default=0, help="see `training.fit`")
    add("--data-dir", help="where TFDS finds its data")
    add("--results", type=result_file, default="results/profile-training.json", help="result file")
    arguments = parser.parse_args(argv)
    odd = [size for size in arguments.size if size % MULTIPLE]
    if odd:
        raise CommandError(f"--size must be a multiple of {MULTIPLE}, not {odd[0]}")

    import keras

    from training.loop.devices import device_name, spread
    from training.result_files import listing, write_results

    scope, share = spread(arguments.devices, arguments.hosts, arguments.host)
    with scope:
        rows = [{"name": f"{size}x{size}", "metrics": _measure(arguments, size, share)} for size in arguments.size]
    print(listing(rows, list(rows[0]["metrics"])))
    if share.number == 0:
        settings = {name: getattr(arguments, name) for name in ("width", "batch_size", "precision", "peak", "steps")}
        settings |= {"backend": keras.backend.backend(), "device": device_name(), "hosts": share.count}
        command, dataset = "python -m training.profile " + " ".join(argv), Path(arguments.dataset).name
        write_results(arguments.results, command, rows, {"name": dataset, "split": "train"}, settings=settings)
        print(f"written: {arguments.results}")
    return 0


def _measure(arguments, size, share):
    """The metrics of one size of crops."""
    import keras

    from training.data.batches import in_epochs, pairs
    from training.data.sources import open_dataset
    from training.loop.devices import arithmetic
    from training.tasks.grid import ColorGridTask, compiled
    from zoo import crayon
    from zoo.registry import macs

    with arithmetic(arguments.precision):
        trained = compiled(crayon(width=arguments.width), ColorGridTask("random"), size, keras.optimizers.Adam(1e-4))
    crops = open_dataset(arguments.dataset, data_dir=arguments.data_dir).cached("train", size, "random")
    batches = share.of(pairs(in_epochs(crops, arguments.batch_size, seed=0)[0]))
    ready, real = (
        arguments.batch_size / _step_time(trained, data, arguments.steps)
        for data in (batches.take(1).cache().repeat(), batches)
    )
    metrics = {"images_per_second": real, "ready_images_per_second": ready, "input_wait": max(0.0, 1 - real / ready)}
    if arguments.peak:
        flop = 2 * PASSES * macs(crayon((size, size), arguments.width))
        metrics["flop_utilization"] = real * flop / (arguments.peak * 1e12)
    return metrics


def _step_time(trained, batches, steps):
    """Mean seconds of a step of `fit`."""
    from keras.callbacks import LambdaCallback

    from training.loop.callbacks import StopOnNaN

    ended = []  # when each step has: `StopOnNaN` before waits for its loss
    clock = LambdaCallback(on_train_batch_end=lambda batch, logs: ended.append(time.perf_counter()))
    trained.fit(batches, steps_per_epoch=WARM_UP + steps, callbacks=[StopOnNaN(), clock], verbose=0)
    return (ended[-1] - ended[WARM_UP - 1]) / steps


if __name__ == "__main__":
    sys.exit(run(main))
