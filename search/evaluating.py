"""Has a trained model answer in a process of its own; where memory runs out there, in another one with smaller batches.

What a search has found must not be lost for its last step, so a failure is given back and not raised.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cnnsearch.search.engine.dialogue import event_of
from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.engine.slots import CPU, Slot
from cnnsearch.search.events import Told, Warned
from cnnsearch.search.explaining.explain import run_evaluation_and_explain
from cnnsearch.search.records import Failure
from cnnsearch.search.trial.evaluation import EvaluationJob
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Broken, Evaluated, Message, Noted

Say = Callable[[Told | Warned], None]
_EXPLAINING = 120.0
"""Seconds after which an explanation that goes on is given up."""
_NOT_OF_THE_GPU = (Failure.DATA, Failure.DISK)
"""Failures that another device would meet as well."""
_OF_SIZE = (Failure.OOM, Failure.CRASH)
"""Failures that smaller batches may not meet: a library that finds no memory may end its process without a word."""


@dataclass(frozen=True)
class Asking:
    """How a model is asked.

    Attributes:
        slot: where.
        log: where the output of its processes goes.
        say: hears of a lack of memory, and of what cannot be shown of the model.
        work: what a process does: it tells `Evaluated` when the predictions are written, if it does more than that.
    """

    slot: Slot
    log: Path
    say: Say = lambda _: None
    work: Callable[[Line, Any], None] = run_evaluation_and_explain


def answered(asking: Asking, job: EvaluationJob) -> Broken | None:
    """Ask a model about photos; gives why it could not be asked, None where its predictions are written.

    A process that runs out of memory, or dies, is followed by one with half as many images at once, down to one. What
    a GPU does not do, the CPU does: it is slower and has more memory.
    """
    broken = with_fewer_at_once(job, partial(_apart, asking), asking.say)
    if broken is None or broken.failure in _NOT_OF_THE_GPU or not asking.slot.is_gpu:
        return broken
    told = f"{asking.slot.name} does not evaluate the model ({broken.failure}: {broken.message}), so the CPU does"
    asking.say(Warned(told))
    return with_fewer_at_once(job, partial(_apart, replace(asking, slot=CPU)), asking.say)


def with_fewer_at_once(
    job: EvaluationJob, ask: Callable[[EvaluationJob], Broken | None], say: Say = lambda _: None
) -> Broken | None:
    """What `ask` gives; where it runs out of memory or dies, again with half as many images at once, down to one."""
    broken = ask(job)
    while broken and broken.failure in _OF_SIZE and job.batch > 1:
        job = replace(job, batch=job.batch // 2)
        images = "1 image" if job.batch == 1 else f"{job.batch} images"
        say(Told(f"the evaluation failed ({broken.failure}: {broken.message}); again with {images} at once"))
        broken = ask(job)
    return broken


def _apart(asking: Asking, job: EvaluationJob) -> Broken | None:
    """Ask in a process of its own; what fails there once the predictions are written is said, and no failure."""
    heard = _Heard(asking.say)
    work = Work(asking.work, job, asking.log, asking.slot.environment)
    broken = run_in_child(work, heard, patience=heard.patience)
    if broken is None or heard.evaluated is None:
        return broken
    asking.say(Warned(f"what the model looks at cannot be shown, got {broken.failure}: {broken.message}"))
    return None


class _Heard:
    """What the process of an evaluation says: once the predictions are written, it has a limited time for the rest."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.evaluated: float | None = None

    def __call__(self, message: Message) -> None:
        if isinstance(message, Evaluated):
            self.evaluated = time.monotonic()
        elif isinstance(message, Noted):
            self._say(event_of(message))

    def patience(self) -> float | None:
        return None if self.evaluated is None else self.evaluated + _EXPLAINING - time.monotonic()
