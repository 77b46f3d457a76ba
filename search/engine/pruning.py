"""Pruning inside a plain KerasTuner script: KerasTuner itself never asks its oracle while a model trains."""

import os
import time
from typing import Any

import keras
from keras_tuner.errors import FailedTrialError

from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.records import Epoch


class PruningCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports each epoch to an `OptunaOracle` and ends the trial when its pruner says so.

    Pass it to the search: `tuner.search(x, y, callbacks=[PruningCallback(oracle)])`. A pruned trial counts as pruned in
    the study; KerasTuner shows it as failed, which is the only other ending it knows.
    """

    def __init__(self, oracle: OptunaOracle) -> None:
        super().__init__()
        self._oracle = oracle
        self._tuner = os.environ.get("KERASTUNER_TUNER_ID", "tuner0")
        self._began = 0.0

    def __deepcopy__(self, memo: dict[int, Any]) -> "PruningCallback":
        """A new callback for each trial, with the same oracle: KerasTuner copies callbacks."""
        return PruningCallback(self._oracle)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's clock."""
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report the epoch; after the last one of its training a trial is spared nothing, and so not pruned.

        Raises:
            keras_tuner.errors.FailedTrialError: the pruner ends the trial.
        """
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        done = Epoch(epoch + 1, metrics, time.monotonic() - self._began)
        if done.number == (self.params or {}).get("epochs"):
            self._oracle.report(self._oracle.ongoing_trials[self._tuner].trial_id, done)
        elif self._oracle.prune(self._tuner, done):
            raise FailedTrialError(f"pruned after epoch {epoch + 1}")
