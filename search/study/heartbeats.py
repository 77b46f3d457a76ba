"""A worker's signs of life, from one thread for all of its trials, beside whatever else it does."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from cnnsearch.search.study.shared import GRACE, INTERVAL
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.errors import CnnSearchError

_END = 2.0
"""Seconds that a heartbeat may take at the end."""


class Heartbeats:
    """Within it, a worker's trials show that they live, and those of dead workers go back in line.

    Args:
        study: a study of which this process has claimed trials.
        lost: told the number of each trial that is no longer this worker's, once, from the thread of the heartbeats.
        requeued: told the number of each trial that went back in line, since its worker is dead.
        interval: seconds between two heartbeats.
        grace: seconds after its last heartbeat when a trial goes back in line.
    """

    def __init__(
        self,
        study: TrialStudy,
        lost: Callable[[int], None] = lambda _: None,
        requeued: Callable[[int], None] = lambda _: None,
        *,
        interval: float = INTERVAL,
        grace: float = GRACE,
    ) -> None:
        self._study, self._lost, self._requeued = study, lost, requeued
        self._interval, self._grace = interval, grace
        self._known_as_lost: set[int] = set()
        self._ending, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="heartbeats", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._ended.wait(_END)  # no longer: it may wait for the database, and its thread ends with the process

    def _go_on(self) -> None:
        while not self._ending.wait(self._interval):
            try:
                self._beat()
            except (CnnSearchError, StorageInternalError, SQLAlchemyError):
                continue  # whoever works with the study meets the same, and says so
        self._ended.set()

    def _beat(self) -> None:
        lost = set(self._study.beat())
        for number in sorted(lost - self._known_as_lost):
            self._lost(number)
        self._known_as_lost = lost
        for number in self._study.requeue_stale(self._grace):
            self._requeued(number)
