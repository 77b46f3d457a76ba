"""How long the process of a trial is waited for that says nothing, and what a person hears of it meanwhile."""

import time

from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.clock import TrialClock
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.events import Warned
from cnnsearch.spaces.duration import format_duration


class Waiting:
    """The wait for a trial's process, from one of its words to the next.

    It ends by the trial's own time, or by that of the search. A search that has a ranked trial does not wait much
    beyond its time; one that has none yet does, for it makes one trial, however short its time.

    Args:
        bench: what the search's trials are run with.
        clock: of the trial.
        number: of the trial.
        slot: where it runs.
    """

    def __init__(self, bench: Bench, clock: TrialClock, number: int, slot: Slot) -> None:
        self._bench, self._clock, self._number, self._slot = bench, clock, number, slot
        self._since = time.monotonic()
        self._is_doubted, self._is_late = False, False

    def heard(self) -> None:
        """The process has just begun, or said something."""
        self._since = time.monotonic()
        self._is_doubted, self._is_late = False, False

    @property
    def _silent(self) -> float:
        return time.monotonic() - self._since

    @property
    def is_put_off(self) -> bool:
        """Whether it was the search's time that ended the wait, for a process that need not hang."""
        return self._is_late and not self._is_doubted

    def patience(self) -> float | None:
        """Seconds that the process may still go on without a word; None for as long as it takes.

        To be asked every few seconds: then a process that may hang is told of.
        """
        self._doubt()
        own, searchs = self._clock.patience(), self._until_the_end()
        self._is_late = searchs is not None and searchs <= 0 and (own is None or own > 0)
        return min((left for left in (own, searchs) if left is not None), default=None)

    def _until_the_end(self) -> float | None:
        """Seconds until the search waits no longer; whoever writes a trained model is not hurried."""
        bench = self._bench
        whole = bench.budget.limits.seconds
        if whole is None or self._clock.is_trained or not bench.checkpoints.has_ranked:
            return None
        return bench.budget.left + bench.experience.grace(whole, self._clock.longest)

    def _doubt(self) -> None:
        clock = self._clock
        usual = self._bench.experience.silence(clock.longest, is_new_phase=clock.is_new_phase)
        if self._is_doubted or self._silent < usual:
            return
        self._is_doubted = True
        process = self._bench.crew.process_of(self._slot.name)
        end = "" if process is None else f" If it hangs, end it: kill -9 {process}; the search goes on."
        self._bench.broadcast(Warned(f"trial {self._number}: its process has said nothing for {self._told}.{end}"))

    @property
    def _told(self) -> str:
        return format_duration(max(1.0, self._silent))

    def complaint(self, epochs: int) -> str:
        """One line about a process that was waited for in vain, after so many epochs."""
        if self._is_late:
            return f"its process had said nothing for {self._told} when the time of the search was up"
        return self._clock.complaint(epochs)
