"""What a study's storage offers where several workers change it: trials have owners, who show that they live.

A trial belongs to the worker that has claimed it, by a token in its attributes that no other claim has. Whoever was cut
off for too long finds another token there, or none: the trial went back in line, and what is told of it counts no more.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from optuna.storages import BaseStorage

from cnnsearch.spaces.errors import CnnSearchError

T = TypeVar("T")
OWNER = "owner"
"""The system attribute of a trial that says who has claimed it."""
INTERVAL = 30.0
"""Seconds between two heartbeats of a worker."""
GRACE = 120.0
"""Seconds after its last heartbeat when a trial goes back in line."""
SAME_DRAW, TOO_LATE = "another worker drew the same configuration", "other workers have begun the last trials"
"""Why a trial gave way to those of other workers: nothing that its configuration could help."""


class Lost(CnnSearchError):
    """A trial is no longer this worker's: it was cut off for too long, and the trial went back in line.

    Attributes:
        trial: its number.
    """

    def __init__(self, trial: int) -> None:
        self.trial = trial
        super().__init__(
            f"trial {trial}: only its owner may tell of it, and it went back in line while this worker was cut off. "
            "What this worker knows of it is not counted; nothing is to be done."
        )


class Shared(BaseStorage):
    """A storage that several workers change at a time.

    A trial that is created as running, or set from waiting to running, belongs to this worker from then on and has its
    first heartbeat. Whatever changes a trial that belongs to another one raises `Lost` and changes nothing.
    """

    @abstractmethod
    def together(self, work: Callable[[], T]) -> T:
        """Do what reads and writes as one: together or not at all, and again where the connection broke before."""

    @abstractmethod
    def beat(self) -> list[int]:
        """Show that this worker lives; gives the numbers of its trials that it has lost meanwhile."""

    @abstractmethod
    def take_stale(self, study_id: int, grace: float = GRACE) -> list[int]:
        """Make running trials this worker's whose owner is gone, or has shown no life for so many seconds.

        Gives their numbers.
        """

    @abstractmethod
    def drop(self, trial_id: int) -> None:
        """Forget a trial that was lost. Until then this worker, which may be at work on it, does not claim it again."""

    @abstractmethod
    def close(self) -> None:
        """Close its connections."""

    @abstractmethod
    def stop_waiting(self) -> None:
        """Nobody waits for the database any more; told where a worker is to end."""

    @abstractmethod
    def tell_with(self, tell: Callable[[str], None]) -> None:
        """Have `tell` hear when this worker begins to wait for the database, and when it goes on."""
