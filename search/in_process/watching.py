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


class Over(Exception):
    """The trial has ended, so no other training of it is to begin."""


class Watch(keras.callbacks.Callback):  # type: ignore[misc]  # keras is untyped
    """Reports each epoch and ends the trial where that is asked for.

    Epochs are counted over the whole trial: a `fit` of somebody's own may train more than once. The last epoch of a
    training is the trial's last as far as anybody knows, and what is trained to its end is spared nothing: so what
    would end the trial there ends it before its next training, if there is one.

    Args:
        metric: that trials are ranked by.
        report: records an epoch; gives why the trial would end here, or nothing.
        epochs: of a training, for a loop of somebody's own in which nobody says it.
    """

    def __init__(self, metric: str, report: Callable[[Epoch], str], epochs: int) -> None:
        super().__init__()
        self._metric, self._report, self._asked = metric, report, epochs
        self._began = time.monotonic()
        self._held_back = ""
        self.ended_by = ""
        self.epochs = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Let a training begin.

        Raises:
            Over: the trial has ended.
        """
        self.ended_by = self.ended_by or self._held_back
        if self.ended_by:
            raise Over

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
        why = self._report(Epoch(self.epochs, metrics, time.monotonic() - self._began))
        if epoch + 1 == (self.params or {}).get("epochs", self._asked):
            self._held_back = why
        elif why:
            self.ended_by = why
            self.model.stop_training = True
