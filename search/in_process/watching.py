"""What happens at the end of each epoch of a HyperModel's trial."""

import math
import time
from collections.abc import Callable

import keras

from cnnsearch.search.records import Epoch
from cnnsearch.search.trial.failures import NotANumber
from cnnsearch.spaces.errors import CnnSearchError, Problem


class NoSuchMetric(CnnSearchError):
    """The models do not measure what they are ranked by: so no trial can have a score."""


class Watch(keras.callbacks.Callback):  # type: ignore[misc]  # keras is untyped
    """Reports each epoch and ends the training where that is asked for.

    Epochs are counted over the whole trial: a `fit` of somebody's own may train more than once.

    Args:
        metric: that trials are ranked by.
        report: records an epoch; gives why the training is to end here, or nothing.
    """

    def __init__(self, metric: str, report: Callable[[Epoch], str]) -> None:
        super().__init__()
        self._metric, self._report = metric, report
        self._began = time.monotonic()
        self.ended_by = ""
        self.epochs = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's clock."""
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report.

        Raises:
            NoSuchMetric: the trial cannot be ranked.
            NotANumber: its loss is not finite.
        """
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        if self._metric not in metrics:
            rule = f"trials are ranked by {self._metric}, got models that measure {', '.join(metrics) or 'nothing'}"
            advice = 'Compile them with metrics=["accuracy"], or set search.objective to one of these.'
            raise NoSuchMetric(str(Problem("search.objective", rule, advice)))
        self.epochs += 1
        for name in ("loss", "val_loss"):
            if not math.isfinite(metrics.get(name, 0.0)):
                raise NotANumber(f"{name} is {metrics[name]} after epoch {self.epochs}")
        self.ended_by = self._report(Epoch(self.epochs, metrics, time.monotonic() - self._began))
        if self.ended_by:
            self.model.stop_training = True
