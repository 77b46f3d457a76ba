"""Draws in a row that no model came of: how many, and what was wrong with them."""

from collections import deque

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.spaces.sections.constraints import measured


class InVain:
    """The latest draws in a row whose models cannot exist or break a constraint.

    Args:
        objectives: with the constraints.
        most: how many are enough to give up.
    """

    def __init__(self, objectives: Objectives, most: int) -> None:
        self._objectives, self._most = objectives, most
        self._refused: deque[TrialRecord] = deque(maxlen=most)

    def add(self, refused: TrialRecord) -> None:
        """One more draw in vain."""
        self._refused.append(refused)

    def clear(self) -> None:
        """A draw was a trial."""
        self._refused.clear()

    @property
    def are_enough(self) -> bool:
        """Whether there is little hope for the next one."""
        return len(self._refused) >= self._most

    def __str__(self) -> str:
        """What became of them, as the beginning of a sentence in the past."""
        found = [f"{count:,} broke {name}" for name, count in self._broken().items() if count]
        impossible = [refused for refused in self._refused if refused.status is not Status.INFEASIBLE]
        if impossible:
            found.append(f"{len(impossible):,} had an impossible model: {impossible[-1].message}")
        return f"the last {len(self._refused):,} draws in a row were no trials ({'; '.join(found)})"

    def _broken(self) -> dict[str, int]:
        """How many of them broke each constraint; a draw may break several."""
        return {
            f"{limit.name} {limit.sign} {measured(limit.name, limit.bound)}": sum(
                limit.violation(refused.value(limit.name)) > 0 for refused in self._refused
            )
            for limit in self._objectives.limits
        }
