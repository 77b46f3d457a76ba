"""Trials that failed one after the other: the error that ends their search, and what it says."""

from collections import Counter
from collections.abc import Sequence

from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.spaces.errors import CnnSearchError


class EveryTrialFailed(CnnSearchError, RuntimeError):
    """So many trials failed in a row that more of them would only waste time."""


class FailuresInARow:
    """The failures since a trial last ended well.

    Args:
        most: so many of them end a search; None for never.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._found: list[TrialRecord] = []

    def ended(self, ending: TrialRecord) -> None:
        """Take note of how a trial ended."""
        self._found = [*self._found, ending] if ending.status is Status.FAILED else []

    def check(self) -> None:
        """End a search in which everything fails.

        Raises:
            EveryTrialFailed: too many in a row failed.
        """
        if self._most is not None and len(self._found) >= self._most:
            raise EveryTrialFailed(_told_together(self._found))


def _told_together(failures: Sequence[TrialRecord]) -> str:
    """That so many trials failed in a row, and what was most often the cause."""
    counted = Counter(failure.reason for failure in failures).most_common()
    common = next(failure for failure in reversed(failures) if failure.reason == counted[0][0])
    kinds = f"all with {common.reason}" if len(counted) == 1 else ", ".join(f"{n} with {kind}" for kind, n in counted)
    return (
        f"trial {failures[-1].number}: the last {len(failures)} trials failed, {kinds}. Trial {common.number} says: "
        f"{common.message or 'nothing'}. Mend the cause, then run the same command again."
    )
