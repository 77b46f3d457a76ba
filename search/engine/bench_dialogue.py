"""What a search's trials and its retrainings have in common: a bench, a folder of their own, a disk to wait for."""

from abc import abstractmethod
from contextlib import suppress

from cnnsearch.search.engine.backups import remove_backup
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.clock import TrialClock
from cnnsearch.search.engine.dialogue import Dialogue
from cnnsearch.search.engine.pause import RoomWait
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.engine.waiting import Waiting
from cnnsearch.search.events import Told, Warned
from cnnsearch.search.run_folder import TrialFolder
from cnnsearch.search.trial.messages import Broken, DiskFull, KnownBackbone, Message
from cnnsearch.search.writing import write_text
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.space import configuration_yaml


class BenchDialogue(Dialogue):
    """What is said to the process of a training that belongs to a search, and what came of it.

    It is made, used and closed in one thread, the one that serves its slot.

    Args:
        bench: what the search's trainings are run with.
        number: of the trial that it is of.
        slot: where it runs.
        configuration: what is trained.
        folder: where its files are.
        limit: seconds that it may take; None for no limit of its own.
    """

    def __init__(
        self,
        bench: Bench,
        number: int,
        slot: Slot,
        configuration: Configuration,
        folder: TrialFolder,
        limit: float | None = None,
    ) -> None:
        super().__init__()
        self.folder = folder
        self._bench, self._number, self._slot, self._configuration = bench, number, slot, configuration
        self._room = RoomWait(bench.pause)
        bench.pause.training_begins()
        self._clock = TrialClock(limit, lambda: bench.pause.own_seconds)
        self._waiting = Waiting(bench, self._clock, number, slot)
        self._described: Configuration | None = None
        """What stands in the folder."""

    @property
    @abstractmethod
    def _title(self) -> str:
        """Whose configuration it is, in the file's first line."""

    def answer(self, message: Message) -> object | None:
        """What the parent says to a message; whoever has something else to say found room on the disk."""
        if not isinstance(message, DiskFull):
            self._room.end()
        reply = super().answer(message)
        self._waiting.heard()
        return reply

    def patience(self) -> float | None:
        """Seconds that the process may still go on without a word; None for as long as it takes."""
        return self._waiting.patience()

    def _noted(self, event: Warned | Told) -> None:
        self._bench.say_once(event)

    def _learned(self, known: KnownBackbone) -> None:
        self._bench.known[known.key] = known

    def _phase_begun(self) -> None:
        self._clock.phase_began()

    def _left_out(self, broken: Broken) -> None:
        if self._bench.halting.is_set():  # it was ended, as all are
            return
        text = f"what a model makes of its images cannot be shown, got {broken.failure}: {broken.message}"
        self._bench.say_once(Warned(f"{text}; its trial counts all the same"))
        with suppress(OSError), self.folder.log.open("a", encoding="utf-8") as log:
            log.write(f"\n--- {text} ---\n")

    def _wait(self) -> bool:
        return self._room.wait()

    def _describe(self) -> None:
        """Write what is trained, unless that is written: as it was built, or as it was asked for where it never was.

        Not before the process begins, which would wait for it: of all that a trial costs its parent it is the most.
        """
        configuration = self.as_built(self._configuration)
        if configuration != self._described:
            text = configuration_yaml(configuration, self._title)
            self._bench.pause.patiently(lambda: write_text(self.folder.config, text))
            self._described = configuration

    def close(self) -> None:
        """Nothing more will be heard, so nothing is waited for."""
        self._room.end()
        self._bench.pause.training_ends()

    def remove_backup(self) -> None:
        """Nothing goes on from it: the training has ended, or begins again from its start."""
        remove_backup(self.folder)
