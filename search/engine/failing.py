"""Trials that failed one after the other: the error that ends their search, and what it says."""

from collections import Counter
from collections.abc import Sequence

from cnnsearch.search.records import TrialRecord
from cnnsearch.spaces.errors import CnnSearchError


class EveryTrialFailed(CnnSearchError, RuntimeError):
    """So many trials failed in a row that more of them would only waste time."""


def told_together(failures: Sequence[TrialRecord]) -> str:
    """That so many trials failed in a row, and what was most often the cause."""
    counted = Counter(failure.reason for failure in failures).most_common()
    common = next(failure for failure in reversed(failures) if failure.reason == counted[0][0])
    kinds = f"all with {common.reason}" if len(counted) == 1 else ", ".join(f"{n} with {kind}" for kind, n in counted)
    return (
        f"trial {failures[-1].number}: the last {len(failures)} trials failed, {kinds}. Trial {common.number} says: "
        f"{common.message or 'nothing'}. Mend the cause, then run the same command again."
    )
