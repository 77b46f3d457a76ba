"""The parent of a trial that runs in the test's own process."""

from typing import TypeVar

from cnnsearch.search.records import Epoch
from cnnsearch.search.trial.messages import EpochDone, Message, Noted, RungDone, Trained, Verdict

Kind = TypeVar("Kind", bound=Message)


class Parent:
    """Answers a trial as its parent does, and remembers what it said.

    Args:
        after: so many epochs end it, those of all its stages together; None for none.
        verdict: how it is ended then.
        at: the rung at whose end it is pruned; None for none.
        keep: whether its model is wanted.
    """

    def __init__(
        self, after: int | None = None, verdict: Verdict = Verdict.STOP, *, at: int | None = None, keep: bool = True
    ) -> None:
        self.heard: list[Message] = []
        self._after, self._verdict, self._at, self._keep = after, verdict, at, keep

    def tell(self, message: Message) -> None:
        self.heard.append(message)

    def ask(self, message: Message) -> object:
        self.heard.append(message)
        if isinstance(message, RungDone):
            return Verdict.PRUNE if message.rung.number == self._at else Verdict.GO_ON
        if isinstance(message, EpochDone):
            return self._verdict if len(self.epochs) == self._after else Verdict.GO_ON
        return self._keep

    def told(self, kind: type[Kind]) -> list[Kind]:
        return [message for message in self.heard if isinstance(message, kind)]

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        return tuple(message.epoch for message in self.told(EpochDone))

    @property
    def metrics(self) -> list[dict[str, float]]:
        return [dict(epoch.metrics) for epoch in self.epochs]

    @property
    def notes(self) -> list[str]:
        return [note.text for note in self.told(Noted)]

    @property
    def ended(self) -> Trained:
        (trained,) = self.told(Trained)
        return trained
