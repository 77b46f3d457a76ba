"""A running search as plain lines, for logs and pipes."""

import time

from cnnsearch.confirming_progress import confirming_line
from cnnsearch.progression import Progression, score_text
from cnnsearch.reports.wording import configuration, counted, ending, time_text, value_with_unit
from cnnsearch.search.confirming_events import ConfirmingEvent
from cnnsearch.search.events import (
    EndedElsewhere,
    Event,
    FeaturesMade,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
    Told,
    TrialContinued,
    TrialEnded,
    TrialLost,
    TrialRetried,
    TrialStarted,
)
from cnnsearch.search.records import TrialRecord
from cnnsearch.terminal import say

_SILENCE = 30.0
"""Seconds without a line after which one says how far the making of features is."""


class PlainLines:
    """One line for each thing worth a line, for logs."""

    def __init__(self, progression: Progression) -> None:
        self._progression = progression
        self._said = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Print an event's line, if it has one."""
        if isinstance(event, ConfirmingEvent):
            line = confirming_line(event, self._progression.confirming)
        else:
            line = self._line(event)
        if line:
            self._said = time.monotonic()
            say(line)

    def _line(self, event: Event) -> str:
        if isinstance(event, RunStarted):
            return run_line(event)
        if isinstance(event, Told | TrialContinued | TrialRetried | TrialLost | Paused | Resumed):
            return _told(event)
        if isinstance(event, TrialStarted):
            return f"trial {event.number} starts on {event.slot}: {configuration(event.values)}"
        if isinstance(event, TrialEnded | EndedElsewhere):
            return f"{'elsewhere: ' if isinstance(event, EndedElsewhere) else ''}{self._ended(event.trial)}"
        if isinstance(event, FeaturesMade):
            return self._made(event)
        return f"run {event.state}: {event.reason}" if isinstance(event, RunEnded) else ""

    def _made(self, event: FeaturesMade) -> str:
        if not event.total or time.monotonic() - self._said < _SILENCE:
            return ""
        return f"trial {event.number}: {event.done / event.total:.0%} of its features are made"

    def _ended(self, trial: TrialRecord) -> str:
        known = self._progression
        best = (
            f"best so far {score_text(known.best.score)} (trial {known.best.number})" if known.best else "no score yet"
        )
        several = known.run.ranked_by.named_values(trial).items() if known.run else ()
        score = ", ".join(f"{name} {value_with_unit(name, value)}" for name, value in several)
        score = score or f"score {score_text(trial.score)}"
        told = score if trial.score is not None else trial.message
        left = known.remaining()
        parts = [
            f"trial {trial.number} {ending(trial)}",
            told,
            counted(len(trial.epochs), "epoch"),
            time_text(trial.seconds),
            best,
            f"{len(known.ended)}/{known.run.trials if known.run else '?'} trials",
            f"{time_text(known.elapsed)} elapsed",
            f"{time_text(left)} to go" if left is not None else "",
        ]
        return ", ".join(part for part in parts if part)


def _told(event: Told | TrialContinued | TrialRetried | TrialLost | Paused | Resumed) -> str:
    if isinstance(event, TrialRetried):
        return f"{event.text} ({event.message})"
    if isinstance(event, TrialContinued | TrialLost):
        return event.text
    return event.message if isinstance(event, Told) else pause_line(event)


def pause_line(event: Paused | Resumed) -> str:
    """That a search waits for room on its disk, or goes on."""
    if isinstance(event, Paused):
        return f"paused: {event.message}"
    return f"there is room again, the search goes on after {time_text(event.seconds)}"


def run_line(event: RunStarted) -> str:
    """The first line of a run: where, what, on which devices, and whether it goes on."""
    others = [
        time_text(event.seconds) if event.seconds else "",
        f"{counted(event.epochs, 'epoch')} in all" if event.epochs else "",
        f"{event.objective.metric} {event.stop_at:g}" if event.stop_at is not None else "",
    ]
    bound = " or ".join([counted(event.trials, "trial"), *filter(None, others)])
    before = f", goes on after {counted(len(event.finished), 'finished trial')}" if event.continued else ""
    by = " and ".join(event.ranked_by.names)
    return f"{event.run.path}: {bound} on {', '.join(event.slots)}, ranked by {by}{before}"
