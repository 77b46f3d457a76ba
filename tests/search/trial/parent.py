"""The parent of a trial that runs in the test's own process."""

from cnnsearch.search.trial.messages import EpochDone, Message, Verdict


class Parent:
    """Answers a trial as its parent does, and remembers what it said."""

    def __init__(self, last: int | None = None) -> None:
        self.heard: list[Message] = []
        self._last = last

    def tell(self, message: Message) -> None:
        self.heard.append(message)

    def ask(self, message: Message) -> object:
        self.heard.append(message)
        if isinstance(message, EpochDone):
            return Verdict.STOP if message.epoch.number == self._last else Verdict.GO_ON
        return True

    @property
    def epochs(self) -> list[dict[str, float]]:
        return [dict(message.epoch.metrics) for message in self.heard if isinstance(message, EpochDone)]
