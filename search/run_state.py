"""How a run stands, in the words of its `status.json` and of its event log."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class RunState(StrEnum):
    """How a run stands. A run that was interrupted, has failed or was killed goes on by the same command."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    KILLED = "killed"
    """Its process is gone though nothing says that it ended: never written, always found out."""
    UNKNOWN = "unknown"
    """Nothing says it, or in a word that this version does not know."""

    @classmethod
    def told_by(cls, status: Mapping[str, Any]) -> "RunState":
        """What a status says."""
        return cls(str(status.get("state")))

    @classmethod
    def _missing_(cls, value: object) -> "RunState":  # noqa: ARG003 - the standard library's signature
        return cls.UNKNOWN

    @property
    def is_open(self) -> bool:
        """Whether the run says of itself that its search has not ended."""
        return self in (RunState.STARTING, RunState.RUNNING, RunState.PAUSED)
