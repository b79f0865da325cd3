"""A search: what is searched, how a trial is run, and when it is enough."""

import contextlib
import dataclasses
import functools
import os
import shutil
import threading
import time

from training.command import CommandError, duration
from training.loop.train import train
from training.outputs import writing_folder
from training.result_files import dataset_name
from training.search.space import Range, chosen, hyperparameters, search_space

HEARTBEAT = 2.0  # seconds
RETRIES = 2  # of a trial that fails for no fault of its settings, or whose worker is lost


class Search:
    """What is searched, how a trial is run, and when it is enough.

    Attributes:
        recipe: with its settings, but for what is searched.
        arguments: of the command.
        space: what is searched, see `training.search.space`.
        budget: a `Budget`.
    """

    def __init__(self, recipe, arguments):
        self.recipe = recipe
        self.arguments = arguments
        self.space = search_space(arguments.search, recipe.SEARCH_TRAINED if arguments.trained else recipe.SEARCH)
        for name, values in {} if arguments.trained else self.space.items():
            for value in (values.low, values.high) if isinstance(values, Range) else values:
                dataclasses.replace(recipe, **{name: value})  # checks it
        self.budget = Budget(arguments.minutes, arguments.objective)
        self._scoring = None

    def tuner(self):
        """A KerasTuner tuner in the folder of the search, with the trials that it has already."""
        from keras_tuner.engine import base_tuner
        from keras_tuner.src import config

        config.DEBUG = False  # no traceback for each trial that fails
        search, budget = self, self.budget

        class Tuner(base_tuner.BaseTuner):
            def pre_create_trial(self):
                if distributed():
                    time.sleep(0.2)  # an idle worker asks again and again

            def run_trial(self, trial):
                with _heartbeat(self.oracle, trial):
                    return search.run_trial(trial.trial_id, trial.hyperparameters.values)

            def _get_tuner_fname(self):
                return str(self.oracle.file)

            def save(self):
                """Nothing: the oracle saves whatever changes."""

            def reload(self):
                if not self._is_worker():
                    self.oracle.reload()

            def on_trial_end(self, trial):
                super().on_trial_end(trial)
                if not distributed():
                    budget.account(self.oracle, self.oracle.trials[trial.trial_id])

        oracle = self._oracle()
        oracle.verbose = 0
        return Tuner(oracle, directory=str(self.arguments.out), project_name="search")

    def _oracle(self):
        import keras_tuner

        from training.search.oracles import ORACLES

        arguments = self.arguments
        options = {
            "objective": keras_tuner.Objective("objective", "max"),
            "hyperparameters": hyperparameters(self.space),
            "seed": self.recipe.seed + 1,  # 0 would be any
            "max_retries_per_trial": RETRIES,
            "max_consecutive_failed_trials": None,
        }
        if arguments.oracle != "hyperband":
            return ORACLES[arguments.oracle](max_trials=arguments.trials, **options)
        found = ORACLES["hyperband"](max_epochs=self.recipe.epochs, **options)
        found.max_trials = arguments.trials
        return found

    def run_trial(self, name, values):
        """Trains, unless there is nothing to train, and measures: metrics with the `objective` and the `seconds`."""
        from keras_tuner.errors import FailedTrialError, FatalError
        from tensorflow.errors import OpError

        from training.search.objectives import measure, worth
        from zoo.errors import ZooError

        began, own, told = time.perf_counter(), chosen(values), self.arguments
        try:
            trained = _loaded(told.trained) if told.trained else self._trained(name, own, values)
            metrics = measure(trained, own, **self._images(trained))
            metrics["objective"] = worth(metrics, told.objective, told.multiplier, told.rate)
        except (CommandError, ZooError) as error:
            raise FailedTrialError(str(error)) from None
        except (OSError, OpError) as error:  # a full disk, which is so for the next trial as well
            raise FatalError(str(error)) from error
        return {**metrics, "seconds": time.perf_counter() - began}

    def _trained(self, name, own, values):
        """The run of a trial: its training is taken up where it, or for Hyperband an earlier trial, ended."""
        import keras

        from training.loop.run_folder import load_run

        folder = self.arguments.out / f"trial-{name}"
        recipe = dataclasses.replace(self.recipe, **own, epochs=values.get("tuner/epochs", self.recipe.epochs))
        earlier = values.get("tuner/trial_id")
        if earlier is not None and not folder.exists():
            with writing_folder(folder, "recipe.json") as temporary:
                shutil.copytree(self.arguments.out / f"trial-{earlier}", temporary, dirs_exist_ok=True)
        keras.backend.clear_session()
        resume = (folder / "state.json").exists()
        train(recipe, folder, self.arguments.data_dir, resume, stop_early=self.arguments.patience)
        return load_run(folder)

    def _images(self, trained):
        """Images, read once, and what else `measure` wants; neither a trained model nor a judge was trained on them."""
        from training.data.batches import balanced
        from training.evaluation.colorizers import check_classes
        from training.loop.run_folder import only_unseen

        if self._scoring is None:
            data, arguments = self._data, self.arguments
            split, runs = self.scored_on["split"], [trained] if arguments.trained else []
            is_judged = arguments.classifier and trained.codec.family == "colorizer"
            judge = _loaded(arguments.classifier) if is_judged else None
            if judge:
                check_classes(judge, data, split)
            with only_unseen(runs + ([judge] if judge else []), data, split, choosing=True):
                images, labels = balanced(data, split, self.recipe.size, arguments.images)
            self._scoring = {"images": images}
            if judge:
                self._scoring |= {"labels": labels, "classifier": judge.codec}
        return self._scoring

    @functools.cached_property
    def _data(self):
        from training.data.sources import open_dataset

        recipe = self.recipe
        return open_dataset(recipe.dataset, recipe.TEST_IMAGES, recipe.seed, self.arguments.data_dir)

    @functools.cached_property
    def scored_on(self):
        """What result files say about the images: of a flat folder that was not trained on all, else validation."""
        data, size = self._data, self.recipe.size
        split = "all" if self.arguments.trained and data.flat else "validation"
        images = min(self.arguments.images, data.count(split))
        return {"name": dataset_name(data.spec), "split": split, "images": images, "size": size}


class Budget:
    """Ends a search in time, and says after each trial how far it is.

    Args:
        minutes: of the whole search; None for no limit.
        objective: its name, for the line that is printed.
    """

    def __init__(self, minutes, objective):
        self.ends = minutes and time.monotonic() + 60 * minutes
        self.objective = objective
        self.longest = 0.0

    def account(self, oracle, trial):
        """Prints a line about a trial that has ended, and lets no other begin that would end too late."""
        seconds = trial.metrics.get_last_value("seconds") if trial.metrics.exists("seconds") else 0.0
        self.longest = max(self.longest, seconds)
        best = oracle.get_best_trials()[0]
        values = ", ".join(f"{name} {value}" for name, value in trial.hyperparameters.values.items())
        worth = "failed" if trial.score is None else f"{self.objective} {trial.score:.5g} in {duration(seconds)}"
        line = f"trial {trial.trial_id}: {values}: {worth}"
        if best.score is not None:
            line += f"; best {best.trial_id} with {best.score:.5g}"
        if oracle.max_trials:
            left = max(0, oracle.max_trials - len(oracle.end_order))
            line += f"; {left} left, about {duration(left * self.longest)}"
        print(line, flush=True)
        self.check(oracle)

    def check(self, oracle):
        """Lets no other trial begin if it would end too late."""
        if self.ends and time.monotonic() + self.longest > self.ends:
            oracle.max_trials = max(1, len(oracle.trials))


@contextlib.contextmanager
def _heartbeat(oracle, trial):
    """Lets the chief hear of a trial while it runs."""
    ended = threading.Event()

    def beat():
        while not ended.wait(HEARTBEAT):
            oracle.get_trial(trial.trial_id)

    if distributed():
        threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


@functools.cache
def _loaded(path):
    from training.loop.run_folder import load_run

    return load_run(path)


def distributed():
    """Whether this is a worker or the chief of several processes, by KerasTuner's environment variables."""
    return "KERASTUNER_ORACLE_IP" in os.environ
