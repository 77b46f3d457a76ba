"""All goes at one trial: a process that broke may be followed by another one.

A trial that runs out of memory begins again with batches that go through the network in twice as many parts. One that
a full disk ended waits for room, and one that was killed goes on from its backup.
"""

from contextlib import suppress

from cnnsearch.search.engine.backups import stamp_of
from cnnsearch.search.engine.reducing import in_parts, more_parts
from cnnsearch.search.engine.trial_dialogue import TrialDialogue
from cnnsearch.search.events import Told, TrialRetried, Warned
from cnnsearch.search.records import Failure
from cnnsearch.search.trial.messages import Broken

RETRIES = 3
"""Further attempts at a trial that runs out of memory."""


class Attempts(TrialDialogue):
    """A trial with all of its processes, one after the other."""

    def another(self, broken: Broken) -> bool:
        """Make another attempt of a trial whose process broke, where that may help; gives whether there is one."""
        self._is_first = False
        return self._smaller(broken) or self._with_room(broken) or self._further(broken)

    def _smaller(self, broken: Broken) -> bool:
        """Make another attempt of a trial that ran out of memory, with smaller parts; gives whether there is one."""
        training = self._configuration.training
        parts = more_parts(training.batch_size, training.accumulate)
        if (
            broken.failure is not Failure.OOM
            or self._retries >= RETRIES
            or parts is None
            or not self._account.set_aside()
        ):
            return False
        self._retries += 1
        self._configuration = in_parts(self._configuration, parts)
        event = TrialRetried(self._number, str(broken.failure), broken.message, self._reduced_batch or 1, parts)
        self._bench.broadcast(event)
        with suppress(OSError), self.folder.log.open("a", encoding="utf-8") as log:
            log.write(f"\n--- {event.text} ---\n\n")
        self._begin_again(parts)
        return True

    def _with_room(self, broken: Broken) -> bool:
        """Wait until there is room where a full disk ended a process; gives whether there is another attempt."""
        if broken.failure is not Failure.DISK or not self._account.set_aside() or not self._bench.pause.until_room():
            return False
        self._begin_again() if stamp_of(self.folder) is None else self._from_backup()
        return True

    def _further(self, broken: Broken) -> bool:
        """Go on from the backup, where the process that died has written one; gives whether it has."""
        made = stamp_of(self.folder) not in (None, self._found)
        if broken.failure is not Failure.CRASH or not made or not self._account.set_aside():
            return False
        self._bench.broadcast(Warned(f"trial {self._number}: {broken.message}; it goes on from its backup"))
        self._from_backup()
        return True

    def _from_backup(self) -> None:
        """Leave it to the next process after which epoch it goes on."""
        self._clock.begin_again()
        self._forget()

    def _begin_again(self, parts: int | None = None) -> None:
        self.remove_backup()
        self._bench.pause.patiently(lambda: self._oracle.begin_again(self._trial, parts))
        self._account.keep()
        self._clock.begin_again()
        self._forget()

    def is_put_off(self, broken: Broken) -> bool:
        """Whether the search's time ended a process that need not hang; says so. Its trial goes back in line."""
        if broken.failure is not Failure.TIMEOUT or not self._waiting.is_put_off:
            return False
        text = f"trial {self._number} had not come to an epoch's end when the time of the search was up"
        self._bench.broadcast(Told(f"{text}: it goes back in line, for a run that goes on"))
        return True

    def close(self) -> None:
        """The trial makes no further epoch, and waits for nothing."""
        super().close()
        self._account.put_back()

    def interrupted(self) -> None:
        """The trial goes back in line; without a backup nothing that it did counts."""
        if stamp_of(self.folder) is None:
            self._account.keep()
