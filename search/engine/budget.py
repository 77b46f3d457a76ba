"""How long a search may go on."""

import time


class Budget:
    """The wall time of a search, over all of its sessions.

    Args:
        seconds: the whole budget; None for no bound.
        spent: seconds that earlier sessions of the same run took.
    """

    def __init__(self, seconds: float | None, spent: float = 0.0) -> None:
        self.seconds = seconds
        self._before = spent
        self._began = time.monotonic()

    @property
    def spent(self) -> float:
        """Seconds so far."""
        return self._before + time.monotonic() - self._began

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return self.seconds is not None and self.spent >= self.seconds
