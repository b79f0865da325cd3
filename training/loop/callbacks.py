"""What happens while a model trains: the best one is kept, the run can be resumed, the person is told."""

import csv
import math
import time
from pathlib import Path

import keras

from training.command import CommandError, duration
from training.outputs import read_json, write_json, writing


class StopOnNaN(keras.callbacks.Callback):
    """Ends the run in one clear line when the loss is no longer a number."""

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            raise CommandError(
                f"the loss became {logs['loss']} at batch {batch + 1}: start again with a lower --learning-rate"
            )


class TimeLeft(keras.callbacks.Callback):
    """Prints an estimate of the whole run after three batches, and a line with the time left after each epoch.

    Args:
        epochs: of the whole run.
        steps: batches an epoch, about.
        faster: what to suggest when the estimate is more than a day.
    """

    MEASURED_BATCH = 2  # the first ones trace and compile

    def __init__(self, epochs, steps, faster):
        super().__init__()
        self.epochs = epochs
        self.steps = steps
        self.faster = faster
        self.estimated = False

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self.epoch_began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if not self.estimated and batch == self.MEASURED_BATCH:
            self.estimated = True
            left = (now - self.batch_ended) * self.steps * (self.epochs - self.epoch)
            print(f"estimate for this machine: {duration(left)}", flush=True)
            if left > 24 * 3600:
                print(f"that is more than a day; faster: {self.faster}", flush=True)
        self.batch_ended = now

    def on_epoch_end(self, epoch, logs=None):
        left = (time.perf_counter() - self.epoch_began) * (self.epochs - epoch - 1)
        figures = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        print(f"epoch {epoch + 1}/{self.epochs}  {figures}  {duration(left)} left", flush=True)


class Averaged(keras.callbacks.SwapEMAWeights):
    """Validates and keeps the averaged weights of an optimizer with `use_ema`, and trains on with its own.

    After each epoch the averages are in the model, so that what comes behind it saves them, and the state as well; the
    next epoch begins with an exchange, as does a run that is resumed from such a state.

    Args:
        resumed: whether the run is.
    """

    def __init__(self, resumed):
        super().__init__(swap_on_epoch=True)
        self._ema_weights_in_model = resumed


class SaveRun(keras.callbacks.Callback):
    """Saves the best model, and all that a run needs to go on after the epoch just ended: it may be killed any moment.

    `model.keras` is the one of the lowest validation loss so far: the paper's canonical model. Weights and optimizer
    go to a file of their own; `state.json` names it and is replaced last, so that the two always belong together.
    `history.csv` has a row an epoch.

    Args:
        folder: of the run.
        network: the model.
        plain: what is saved with the weights of `network`: itself, or one whose layers compute in float32.
        best, history: lowest validation loss and rows of the epochs before, see `load_state`.
    """

    def __init__(self, folder, network, plain, best, history):
        super().__init__()
        self.folder = folder
        self.network = network
        self.plain = plain
        self.best = best
        self.history = list(history)

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best = logs["val_loss"]
            if self.plain is not self.network:
                self.plain.set_weights(self.network.get_weights())
            with writing(self.folder / "model.keras") as temporary:
                self.plain.save(temporary)
        self.history.append({"epoch": epoch + 1, **{name: float(value) for name, value in logs.items()}})
        weights = self.folder / f"state-{epoch + 1}.weights.h5"
        with writing(weights) as temporary:
            self.model.save_weights(temporary)
        with writing(self.folder / "history.csv") as temporary, temporary.open("w", newline="") as file:
            table = csv.DictWriter(file, self.history[-1])
            table.writeheader()
            table.writerows(self.history)
        state = {"weights": weights.name, "best": self.best, "history": self.history}
        write_json(self.folder / "state.json", state)
        for old in self.folder.glob("state-*.weights.h5"):
            if old != weights:
                old.unlink()


def load_state(folder, model):
    """Loads what `SaveRun` saved into a compiled model; gives the lowest validation loss and the history."""
    path = Path(folder) / "state.json"
    if not path.exists():
        return math.inf, []
    remedy = "start another run"
    state = read_json(path, remedy)
    model.optimizer.build(model.trainable_variables)
    try:
        model.load_weights(path.with_name(state["weights"]))
        return float(state["best"]), [dict(row) for row in state["history"]]
    except (KeyError, TypeError, ValueError, OSError) as error:  # OSError: h5py's, for what is no HDF5 file
        reason = str(error).strip().split("\n")[0]
        raise CommandError(f"{path} or the weights that it names are damaged ({reason}): {remedy}") from None
