"""What happens at the end of each epoch of a trial: weights are averaged, validated, told of and kept."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from cnnsearch.search.records import PHASE, Epoch, Objective
from cnnsearch.search.trial.course import Place
from cnnsearch.search.trial.failures import NotANumber
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import EpochDone, Verdict


class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the parent of each epoch and obeys its verdict.

    Args:
        line: to the parent.
        place: of the epochs.
        before: epochs that the fold has had in earlier stages.
        looked: seconds that the validation images took, through the whole network.
        last: the number of this stage's epoch, from 1, with which the trial ends; None where a stage follows.
    """

    def __init__(
        self,
        line: Line,
        place: Place,
        before: int = 0,
        looked: Callable[[], float] = lambda: 0.0,
        last: int | None = None,
    ) -> None:
        super().__init__()
        self._line, self._place, self._before, self._looked, self._last = line, place, before, looked, last
        self._began = time.monotonic()
        self.ended_by = ""
        self.is_halted = False
        """Whether the parent wants the trial to go on at another time."""
        self.epochs = before
        """How many epochs the fold has had."""

    def has_had(self, epochs: int) -> None:
        """The stage goes on after so many epochs."""
        self.epochs = self._before + epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's clock."""
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report an epoch.

        Raises:
            NotANumber: its loss is not finite.
        """
        self.epochs = self._before + epoch + 1
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        metrics.setdefault("learning_rate", float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)))
        if self._place.phase is not None:
            metrics[PHASE] = float(self._place.phase)
        for name in ("loss", "val_loss"):
            if not math.isfinite(metrics.get(name, 0.0)):
                raise NotANumber(f"{name} is {metrics[name]} after epoch {self.epochs}{self._place}")
        done = Epoch(self.epochs, metrics, time.monotonic() - self._began, self._place.fold, self._place.rung)
        verdict = self._line.ask(EpochDone(done, self._looked(), is_last=epoch + 1 == self._last))
        self.is_halted = verdict is Verdict.HALT
        if verdict not in (Verdict.GO_ON, Verdict.HALT):
            self.ended_by = str(verdict)
            self.model.stop_training = True


class Validation(keras.callbacks.Callback):  # type: ignore[misc]
    """Measures a model on the validation part after each epoch and adds `val_...` to the epoch's metrics.

    Keras' own validation asks the model that is trained. Ours may look at several views of each image; it has the
    weights of the trained one after `follow`. Callbacks after this one see what it adds.
    """

    def __init__(
        self,
        validated: keras.Model,
        batches: Any,  # noqa: ANN401 - what Keras takes
        follow: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._validated, self._batches, self._follow = validated, batches, follow
        self.seconds = 0.0
        """Of the last epoch's measuring."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Measure."""
        _ = self.model  # whose look-up brings the variables up to date where the backend trains on copies (JAX)
        began = time.monotonic()
        self._follow()
        found = self._validated.evaluate(self._batches, verbose=0, return_dict=True)
        self.seconds = time.monotonic() - began
        if logs is not None:
            logs.update({f"val_{name}": value for name, value in found.items()})


class AveragedWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Puts the running mean of the weights, which the optimizer keeps, in the model from an epoch's end to the next.

    So every callback after this one sees the averaged weights, and training goes on from its own. At the end of
    training the averaged weights stay. Keras' SwapEMAWeights swaps by additions, whose rounding errors stay in the
    weights that training goes on with, and leaves these in the model where a training ends before its last epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.own: list[Any] | None = None
        """The weights that training goes on with, from an epoch's end to the next."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Put the training's own weights back."""
        if self.own is not None:
            for variable, value in zip(self.model.trainable_variables, self.own, strict=True):
                variable.assign(value)
        self.own = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Average."""
        variables = self.model.trainable_variables
        self.own = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)


class BestWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the weights of the best epoch in memory; without an objective the last epoch's weights simply stay."""

    def __init__(self, objective: Objective | None) -> None:
        super().__init__()
        self._objective = objective
        self.weights: list[Any] | None = None
        self.score: float | None = None
        self.epoch: int | None = None
        """The best epoch, from 0, where it was one of this process."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Copy the weights where this epoch is the best so far."""
        if self._objective is None:
            return
        score = (logs or {}).get(self._objective.metric)
        if score is not None and math.isfinite(score) and self._objective.better(score, self.score):
            self.score, self.epoch = float(score), epoch
            self.weights = self.model.get_weights()
