"""Patience with a database that does not answer: what was asked of it is asked again, with growing pauses.

A database is restarted, fails over, or its network is gone for minutes. A worker waits: its trials go on meanwhile.
"""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from cnnsearch.spaces.errors import CnnSearchError

T = TypeVar("T")
LIMIT = 600.0
"""Seconds without an answer after which a search gives up."""
_FIRST, _LONGEST = 0.25, 15.0
"""Seconds of the first pause, and of the longest."""
_UNDONE = ("40", "55P03", "25P03")
"""States of PostgreSQL that say: two got into each other's way and one was undone, or waited or idled too long."""
_AWAY = ("08", "57P", "53")
"""States of PostgreSQL that say: it cannot be reached, it ends or begins, it has no more connections or room."""


class StillGoingOn(Exception):
    """A transaction is neither committed nor undone yet."""


class Away(Exception):
    """Who stands between us and the database does not answer, or not for it."""


class Patience:
    """Waits for one database, for all threads that speak to it.

    Args:
        place: how the database is called in messages.
        limit: seconds without an answer after which it gives up.
        first: seconds of the first pause; each one is twice as long as the one before.
    """

    def __init__(self, place: str, limit: float = LIMIT, first: float = _FIRST) -> None:
        self.tell: Callable[[str], None] = lambda _: None
        """Told when the waiting begins and when it ends, once each, however many threads wait."""
        self._place, self._limit, self._first = place, limit, first
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._since: float | None = None
        self._regained: float | None = None

    def was_away_within(self, seconds: float) -> bool:
        """Whether the database was away within the last so many seconds."""
        regained = self._regained
        return self._since is not None or (regained is not None and time.monotonic() - regained < seconds)

    def stop(self) -> None:
        """Nobody waits any more: a lost connection is an error again."""
        self._stopping.set()

    def patiently(self, work: Callable[[], T]) -> T:
        """Do what asks the database, again and again while it is away; so it must be something that can be done twice.

        Raises:
            CnnSearchError: it was away for too long, or nobody waits any more.
        """
        pause, until = self._first, time.monotonic() + self._limit
        while True:
            try:
                found = work()
            except Exception as error:
                if not is_passing(error):
                    raise
                if not is_undone(error):
                    self._lost(error)
                self._wait(min(pause, _LONGEST), until, error)
                pause *= 2
            else:
                self._found()
                return found

    def _wait(self, pause: float, until: float, error: Exception) -> None:
        """Let some time pass; a little more or less than it was told, so that not all machines come back at once."""
        if self._stopping.is_set() or time.monotonic() >= until:
            raise CnnSearchError(
                f"{self._place}: the study's database must answer, got {cause_of(error)}. "
                "Start this worker again when it does: finished trials are kept."
            ) from error
        self._stopping.wait(pause * random.uniform(0.75, 1.25))

    def _lost(self, error: Exception) -> None:
        with self._lock:
            is_first = self._since is None
            self._since = time.monotonic() if self._since is None else self._since
        if is_first:
            most = f"{self._limit / 60:.0f} min" if self._limit >= 60 else f"{self._limit:g} s"
            self.tell(
                f"{self._place}: the study's database does not answer ({cause_of(error)}); "
                f"trials go on, and wait for it up to {most}"
            )

    def _found(self) -> None:
        if self._since is None:
            return
        with self._lock:
            since, self._since = self._since, None
            self._regained = time.monotonic()
        if since is not None:
            self.tell(f"{self._place}: the study's database answers again, after {time.monotonic() - since:.0f} s")


def is_passing(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, says that the same may succeed a little later."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        if is_undone(error) or error.connection_invalidated or state.startswith(_AWAY):
            return True
        if isinstance(error, OperationalError | InterfaceError):
            # A connection that failed has no state. SQLite's errors have none, either: a full disk is not ours.
            return not state and not _is_of_sqlite(error)
    if isinstance(error, NoFreeConnection | StillGoingOn | Away):
        return True
    return error.__cause__ is not None and is_passing(error.__cause__)


def is_undone(error: BaseException) -> bool:
    """Whether an error says that the database has undone a transaction for the sake of another one."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return state.startswith(_UNDONE) or (_is_of_sqlite(error) and "database is locked" in str(error.orig))
    return error.__cause__ is not None and is_undone(error.__cause__)


def cause_of(error: BaseException) -> str:
    """What a database said, in one line."""
    while error.__cause__ is not None and not isinstance(error, DBAPIError):
        error = error.__cause__
    told = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = [line.strip() for line in str(told).splitlines() if line.strip()]
    return lines[0] if lines else type(told).__name__


def _is_of_sqlite(error: DBAPIError) -> bool:
    return type(error.orig).__module__ == "sqlite3"
