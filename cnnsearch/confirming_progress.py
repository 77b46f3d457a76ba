"""What is known of confirming while it goes on, and its plain lines for logs and pipes."""

import time
from dataclasses import dataclass, field

from cnnsearch.reports.wording import counted, time_text
from cnnsearch.search.confirmed import Retrained
from cnnsearch.search.confirming_events import (
    ConfirmingEnded,
    ConfirmingEvent,
    ConfirmingStarted,
    RetrainingEnded,
    RetrainingStarted,
    RetrainingWentOn,
)
from cnnsearch.search.events import Event
from cnnsearch.search.records import Epoch


@dataclass
class RunningRetraining:
    """A retraining on its slot."""

    started: RetrainingStarted
    began: float
    epochs: list[Epoch] = field(default_factory=list)


class ConfirmingProgress:
    """What is known of confirming so far, from its events.

    Args:
        started: its first event.
        slots: how many retrainings run side by side.
    """

    def __init__(self, started: ConfirmingStarted, slots: int) -> None:
        self.started, self._slots = started, slots
        self.running: dict[tuple[int, int], RunningRetraining] = {}
        self.ended: list[Retrained] = list(started.retrained)
        self._seconds: list[float] = []

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, RetrainingStarted):
            self.running[event.number, event.turn] = RunningRetraining(event, time.monotonic())
        elif isinstance(event, RetrainingWentOn):
            self.running[event.number, event.turn].epochs.append(event.epoch)
        elif isinstance(event, RetrainingEnded):
            own = self.running.pop((event.retrained.trial, event.retrained.turn), None)
            self._seconds += [time.monotonic() - own.began] if own else []
            self.ended.append(event.retrained)
        elif isinstance(event, ConfirmingEnded):
            self.running.clear()

    def remaining(self) -> float | None:
        """Seconds to go, from the mean of the ended retrainings; None while there is none."""
        if not self._seconds:
            return None
        to_go = max(0, self.started.retrainings - len(self.ended))
        already = sum(time.monotonic() - each.began for each in self.running.values())
        return max(0.0, to_go * sum(self._seconds) / len(self._seconds) - already) / self._slots


def confirming_line(event: ConfirmingEvent, known: ConfirmingProgress | None) -> str:
    """An event's line; empty where it has none."""
    if isinstance(event, ConfirmingStarted):
        return started_line(event)
    if isinstance(event, RetrainingStarted):
        return f"trial {event.number} again on {event.slot}, with new seed {event.turn}"
    if isinstance(event, RetrainingEnded) and known:
        return _ended(event.retrained, known)
    return ""


def started_line(event: ConfirmingStarted) -> str:
    """What is confirmed: `confirming the best 3 trials (7, 2, 11) with 3 new seeds each`."""
    trials = ", ".join(map(str, event.trials))
    best = "the best trial" if len(event.trials) == 1 else f"the best {len(event.trials)} trials"
    seeds = "1 new seed" if event.seeds == 1 else f"{event.seeds} new seeds each"
    done = len(event.retrained)
    before = f", goes on after {done} of {event.retrainings} retrainings" if done else ""
    return f"confirming {best} ({trials}) with {seeds}{before}"


def _ended(retrained: Retrained, known: ConfirmingProgress) -> str:
    left = known.remaining()
    told = f"failed: {retrained.reason}" if retrained.score is None else f"score {retrained.score:.4f}"
    parts = [
        f"trial {retrained.trial} again with new seed {retrained.turn}: {told}",
        counted(retrained.epochs, "epoch"),
        time_text(retrained.seconds),
        f"{len(known.ended)}/{known.started.retrainings} retrainings",
        f"{time_text(left)} to go" if left is not None else "",
    ]
    return ", ".join(part for part in parts if part)
