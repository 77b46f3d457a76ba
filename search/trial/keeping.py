"""Keeps a backup of a trial while it trains, as often as that costs next to nothing, and goes on from one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

from cnnsearch.search.trial.backup import (
    Arrays,
    Running,
    State,
    Unfit,
    assign,
    identity_of,
    read_backup,
    values_of,
    write_backup,
)
from cnnsearch.search.trial.callbacks import AveragedWeights, BestWeights, Reporter, Validation
from cnnsearch.search.trial.course import Ended, TrialJob, course_of
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Noted
from cnnsearch.search.trial.room import when_there_is_room

_SPEED = 100e6
"""Bytes that a disk takes in a second, until the first backup tells."""
_COUNTED = ("wait", "stopped_epoch", "best", "best_epoch")
"""What Keras' early stopping goes by."""


class Halted(Exception):
    """The parent wants the trial to go on at another time; its backup is on the disk."""


class Vault:
    """Where a trial's process keeps its backup, and finds that of an earlier process.

    Args:
        line: to the parent, which waits with us where the disk is full.
        job: says where and how often.
    """

    def __init__(self, line: Line, job: TrialJob) -> None:
        self._line, self._job = line, job
        self._path, self._pace = job.backup, job.pace
        self._began, self._cost = time.monotonic(), 0.0

    @cached_property
    def _identity(self) -> str:
        return identity_of(self._job)

    def found(self) -> State | None:
        """What an earlier process left to go on from; None where there is nothing, or nothing that fits."""
        if self._path is None or not self._path.exists():
            return None
        try:
            state = read_backup(self._path, self._identity, course_of(self._job))
            if state.epochs > self._job.had:
                raise Unfit(f"it has {state.epochs} epochs, the study {self._job.had}")  # noqa: TRY301
        except Unfit as unfit:
            self.tell_of(unfit)
            return None
        return state

    def tell_of(self, unfit: Unfit) -> None:
        """Say why the trial begins again from its start."""
        self._line.tell(Noted(f"{self._path}: a trial cannot go on from this backup and begins again: {unfit}"))

    def is_due(self) -> bool:
        """Whether it is time for a backup."""
        seconds = time.monotonic() - self._began
        return self._path is not None and seconds >= self._pace.least and seconds * self._pace.share >= self._cost

    def is_worth(self, size: int) -> bool:
        """Whether so many bytes are soon enough written."""
        return self._cost > 0 or (time.monotonic() - self._began) * self._pace.share * _SPEED >= size

    def keep(self, state: State) -> None:
        """Write a backup; where the disk is full, as often as the parent wants it."""
        path = self._path
        if path is not None:
            when_there_is_room(self._line, lambda: self._write(path, state))

    def _write(self, path: Path, state: State) -> None:
        began = time.monotonic()
        write_backup(path, self._identity, state)
        self._began = time.monotonic()
        self._cost = self._began - began


@dataclass(frozen=True)
class Watching:
    """The callbacks of a stage, in the order in which they hear of an epoch."""

    averaged: AveragedWeights | None
    validation: Validation | None
    reporter: Reporter
    best: BestWeights
    stopping: keras.callbacks.EarlyStopping | None

    @property
    def in_turn(self) -> list[keras.callbacks.Callback]:
        """Those that there are."""
        each = (self.averaged, self.validation, self.reporter, self.best, self.stopping)
        return [callback for callback in each if callback]


class Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes a trial's backup after an epoch, when all other callbacks are done with it; so it is the last of them.

    The parent knows of the epoch by then: a backup is never ahead of it.

    Args:
        vault: where the backup lies.
        ended: the stages before this one.
        watching: whose state is kept.
        begun: what this stage goes on from; None where it begins.
    """

    def __init__(self, vault: Vault, ended: Sequence[Ended], watching: Watching, begun: Running | None) -> None:
        super().__init__()
        self._vault, self._ended, self._watching, self._begun = vault, tuple(ended), watching, begun

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Give the callbacks back what they knew; Keras' own forget it when a training begins."""
        if self._begun is None:
            return
        values, arrays, watching = self._begun.values, self._begun.arrays, self._watching
        watching.reporter.has_had(self._begun.epoch)
        watching.best.score = values["score"]
        if watching.best.score is not None:
            watching.best.weights = self.model.get_weights() if values["best_is_last"] else arrays["best"]
        if watching.stopping is not None:
            for name in _COUNTED:
                setattr(watching.stopping, name, values["stopping"][name])
        if watching.averaged is not None:
            watching.averaged.own = arrays["own"]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the backup where it is time, or the last one where the parent asks for it.

        Raises:
            Halted: it did.
        """
        reporter = self._watching.reporter
        if reporter.ended_by or not (reporter.is_halted or self._vault.is_due()):
            return
        running = self._running(epoch)
        if reporter.is_halted or self._vault.is_worth(_size(running)):
            self._vault.keep(State(self._ended, running))
        if reporter.is_halted:
            raise Halted

    def _running(self, epoch: int) -> Running:
        best, stopping, averaged = self._watching.best, self._watching.stopping, self._watching.averaged
        is_last = best.epoch == epoch
        values = {
            "score": best.score,
            "best_is_last": is_last,
            "stopping": None if stopping is None else {name: _number(getattr(stopping, name)) for name in _COUNTED},
        }
        arrays: dict[str, Arrays] = {
            "model": values_of(self.model.variables),
            "optimizer": values_of(self.model.optimizer.variables),
            "best": [] if is_last else best.weights or [],
            "own": [] if averaged is None else averaged.own or [],
        }
        return Running(epoch + 1, bool(self.model.stop_training), values, arrays)


def _size(running: Running) -> int:
    return sum(array.nbytes for arrays in running.arrays.values() for array in arrays)


def _number(value: Any) -> int | float | None:  # noqa: ANN401 - Python's or numpy's, or none
    return None if value is None else value if isinstance(value, int) else float(value)


def take_up(model: keras.Model, running: Running) -> None:
    """Give a model that is trained, and its optimizer, the state that a backup has of them.

    Raises:
        Unfit: it is another model.
    """
    assign([*model.variables, *model.optimizer.variables], [*running.arrays["model"], *running.arrays["optimizer"]])
