"""KerasTuner's oracles, which choose the trials of a search, kept in one file that is replaced as a whole.

KerasTuner's own keep a file for each trial and one for the oracle, written one after the other: killed in between, a
search loses trials, a file that was being written is left empty, and of a grid it forgets where it was.
"""

import itertools
from pathlib import Path

import keras_tuner
from keras_tuner.engine import oracle as base
from keras_tuner.engine.trial import Trial

from training.command import CommandError
from training.outputs import read_json, write_json


class Kept(base.Oracle):
    """What an oracle and all its trials know, in `oracle.json`."""

    @property
    def file(self):
        return Path(self._project_dir) / "oracle.json"

    def get_state(self):
        return {**super().get_state(), "trials": {name: trial.get_state() for name, trial in self.trials.items()}}

    def set_state(self, state):
        self.trials = {name: Trial.from_state(kept) for name, kept in state["trials"].items()}
        super().set_state(state)

    def save(self):
        write_json(self.file, self.get_state())

    def _save_trial(self, trial):
        """Nothing: `save`, which follows, saves all trials."""

    def reload(self):
        """Goes on where the file ends; trials that were running are run again. CommandError for a damaged file."""
        remedy = "begin the search anew, with another --out"
        state = read_json(self.file, remedy)
        try:
            self.set_state(state)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CommandError(f"{self.file} is damaged ({error!r}): {remedy}") from None
        self._retry_queue += [name for name, trial in self.trials.items() if trial.status == "RUNNING"]
        self.ongoing_trials = {}


class Grid(Kept):
    """Every combination of the values, each a trial; those of the last hyperparameter change first.

    KerasTuner's own names no trial before another has ended, for hyperparameters that one might bring: here none does.
    """

    def populate_space(self, trial_id):
        space = self.hyperparameters.space
        values = [[one.default, *(value for value in one.values if value != one.default)] for one in space]
        found = next(itertools.islice(itertools.product(*values), int(trial_id), None), None)
        if found is None:
            return {"status": "IDLE" if self.ongoing_trials else "STOPPED"}
        return {"status": "RUNNING", "values": dict(zip((one.name for one in space), found, strict=True))}


class Random(Kept, keras_tuner.oracles.RandomSearchOracle):
    """Combinations drawn at random."""


class Bayesian(Kept, keras_tuner.oracles.BayesianOptimizationOracle):
    """Combinations that a Gaussian process expects to be good."""


class Hyperband(Kept, keras_tuner.oracles.HyperbandOracle):
    """Many short trainings, of which the best go on (Li et al. 2018)."""


ORACLES = {"grid": Grid, "random": Random, "bayesian": Bayesian, "hyperband": Hyperband}
