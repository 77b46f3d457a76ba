"""Measures models in child processes, so that the planning process touches no device and outlives whatever happens."""

import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.dataset import DatasetReference
from cnnsearch.search.engine.processes import ChildProcess
from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.engine.slots import CPU, Slot
from cnnsearch.search.model.backbones import without_weights
from cnnsearch.search.plan.estimate import Load, epoch_seconds
from cnnsearch.search.plan.sizing import SizeJob, run_sizes
from cnnsearch.search.plan.timing import TimeJob, run_timing
from cnnsearch.search.trial.batches import EVALUATION_BATCH
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Broken, Sized, Timed
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.space import Space

_DRAWS = 60
"""Possible chance draws that are built."""
_LOOK_SECONDS, _SIZING_LIMIT = 8.0, 60.0
"""Seconds that the sizing looks on for smaller and larger models, and after which it is ended."""
_STEPS_SECONDS, _TIMING_LIMIT = 2.0, 20.0
"""Seconds of one model's training that are timed, and after which its process is ended."""
_FEW = 2
"""Images in a batch of a model that is too slow to be timed with its own."""


@dataclass(frozen=True)
class Measured:
    """What a phase of a model's training takes on this machine, in seconds.

    Attributes:
        start: before the first epoch: the building, and the tracing of the first steps.
        step: a training step.
        forward: a view of a validation image.
        epoch: a whole epoch with its validation; reckoned from step and forward where it was too long to be timed.
        few: images in the batches that were timed, where those of the configuration are too slow: the step is
            reckoned from them.
        making: the features of one view of an image; None where the training is fed with images.
        device: `gpu` or `cpu`.
    """

    start: float
    step: float
    forward: float
    epoch: float
    few: int | None
    making: float | None
    device: str


class Untimed(CnnSearchError):
    """A model that cannot be timed on this machine; the text is the reason alone, such as `out of memory`."""


def sizes_of(space: Space, classes: int) -> list[Sized]:
    """The models of a space that were built in outline: its corners, chance draws, and what lies beyond the corners.

    Raises:
        CnnSearchError: none could be built.
    """
    heard: list[Any] = []
    broken = _listen(run_sizes, SizeJob(space, classes, _DRAWS, _LOOK_SECONDS), CPU, _SIZING_LIMIT, heard)
    if any(sized.size for sized in heard):
        return heard
    reason = heard[0].reason if heard else broken.message if broken else "nothing was drawn"
    raise CnnSearchError(f"{space.name}: some model of the space must be possible, got none: {reason}")


def timing_of(
    configuration: Configuration, dataset: DatasetReference, slot: Slot, load: Load, expected: float
) -> Measured:
    """Time a phase of a model's training on a slot, with its own batches unless these are known to take too long.

    Args:
        load: the work in its epochs.
        expected: the least seconds that a few steps take.

    Raises:
        Untimed: it takes too much memory or time, or it fails.
    """
    plain = without_weights(configuration)
    if expected < _TIMING_LIMIT:
        timed = _timed(TimeJob(plain, dataset, EVALUATION_BATCH, _STEPS_SECONDS), slot)
        if timed:
            epoch = timed.epoch or epoch_seconds(load, timed.step, timed.forward)
            return Measured(timed.start, timed.step, timed.forward, epoch, None, timed.making, timed.device)
    training = plain.training.model_copy(update={"batch_size": _FEW})
    small = plain.model_copy(update={"training": training})
    timed = _timed(TimeJob(small, dataset, _FEW, 0.0), slot)
    if timed is None:
        raise Untimed(f"three steps of {_FEW} images take longer than {_TIMING_LIMIT:.0f} s")
    step = timed.step * load.batch_size / _FEW
    epoch = epoch_seconds(load, step, timed.forward)
    return Measured(timed.start, step, timed.forward, epoch, _FEW, timed.making, timed.device)


def _timed(job: TimeJob, slot: Slot) -> Timed | None:
    """What one process measured; None where it took too long.

    Raises:
        Untimed: it failed.
    """
    heard: list[Any] = []
    broken = _listen(run_timing, job, slot, _TIMING_LIMIT, heard)
    if heard:
        return heard[0]  # type: ignore[no-any-return]
    if broken:
        raise Untimed(f"{broken.failure}: {broken.message}")
    return None


def _listen(
    function: Callable[[Line, Any], None], job: object, slot: Slot, limit: float, heard: list[Any]
) -> Broken | None:
    """Do a job in a process of its own and collect what it says; gives how it failed, None where time ended it."""
    deadline = _Deadline(limit)
    with tempfile.TemporaryDirectory(prefix="cnnsearch-plan-") as folder:
        work = Work(function, job, Path(folder) / "log.txt", slot.environment)
        try:
            broken = run_in_child(work, heard.append, deadline.begin)
        finally:
            deadline.cancel()
    return None if deadline.came else broken


class _Deadline:
    """Ends a process when its time is over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.came = False

    def begin(self, process: ChildProcess) -> None:
        """Start the clock of a process."""
        self._timer = threading.Timer(self._seconds, self._end, (process,))
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Stop the clock."""
        if self._timer:
            self._timer.cancel()

    def _end(self, process: ChildProcess) -> None:
        self.came = True
        with suppress(ValueError):  # it has ended by itself in this moment
            process.kill()
