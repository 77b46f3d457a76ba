"""When and where trials ran, from a run's log of events: one span for each process of a trial."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cnnsearch.search.records import Status

_TOLD = (b'"RunStarted"', b'"TrialStarted"', b'"TrialEnded"', b'"TrialRetried"', b'"TrialLost"', b'"EndedElsewhere"')
"""Lines without any of these names tell nothing of a span; they are by far the most, and are not read as JSON."""
ELSEWHERE = "other workers"
"""Where trials ran of which the log does not say it."""
_SLACK = 1.0
"""Seconds by which two trials of one slot may seem to overlap: their times are of different clocks."""


@dataclass(frozen=True)
class Span:
    """A trial on a slot.

    Attributes:
        trial: its number.
        slot: such as `gpu:0` or `cpu/2`; for a trial of another worker its host and process, such as `node2:4711`, and
            `node2:4711 (2)` for its second slot.
        start, end: seconds since the epoch; the end of one that runs is the last time that is known.
        status: how the trial stood at the end; None for one that was interrupted or begun again.
    """

    trial: int
    slot: str
    start: float
    end: float
    status: Status | None = None


def read_spans(events: Path) -> tuple[Span, ...]:
    """The spans of a log, by their start; none where there is no log. Lines that are torn or strange are left out."""
    try:
        with events.open("rb") as lines:
            return tuple(_apart(sorted(_spans(lines), key=lambda span: (span.start, span.trial))))
    except FileNotFoundError:
        return ()


def _apart(spans: Sequence[Span]) -> Iterator[Span]:
    """The spans, given by their start; what overlaps under one name ran on as many slots, which the log does not name.

    A slot runs one trial at a time. Of other workers the log has no slots, and of an earlier version no names.
    """
    ends: dict[str, list[float]] = {}
    for span in spans:
        slots = ends.setdefault(span.slot, [])
        free = next((place for place, end in enumerate(slots) if end <= span.start + _SLACK), len(slots))
        slots[free : free + 1] = [span.end]
        yield replace(span, slot=f"{span.slot} ({free + 1})") if free else span


def _spans(lines: Iterable[bytes]) -> Iterator[Span]:
    running: dict[int, Span] = {}
    last = 0.0
    for line in lines:
        now = _time(line) or last
        if any(name in line for name in _TOLD) and (event := _event(line)):
            yield from _ended(event, now, last, running)
            _begin(event, now, running)
        last = now
    yield from (replace(span, end=max(last, span.start), status=Status.RUNNING) for span in running.values())


def _ended(event: dict[str, Any], now: float, last: float, running: dict[int, Span]) -> Iterator[Span]:
    """The spans that an event ends."""
    match event:
        case {"event": "RunStarted"}:  # what ran when the process before was killed ended at its last sign of life
            yield from (replace(span, end=max(last, span.start)) for span in running.values())
            running.clear()
        case {"event": "TrialEnded", "trial": {"number": int(number), "status": str(status)}} if number in running:
            yield replace(running.pop(number), end=now, status=_status(status))
        case {"event": "TrialRetried" | "TrialLost" | "TrialStarted", "number": int(number)} if number in running:
            yield replace(running[number], end=now)
            if event["event"] != "TrialRetried":
                del running[number]
        case {"event": "EndedElsewhere", "trial": {"number": int(number), "seconds": int() | float() as seconds}}:
            yield _elsewhere(event, number, seconds, now)


def _elsewhere(event: dict[str, Any], number: int, seconds: float, now: float) -> Span:
    """A trial of another worker: it ended before it was heard of, which may be long after."""
    worker, ended = event.get("worker"), event.get("ended")
    end = min(ended, now) if isinstance(ended, int | float) else now
    slot = worker if isinstance(worker, str) and worker else ELSEWHERE
    return Span(number, slot, end - seconds, end, _status(event["trial"].get("status")))


def _begin(event: dict[str, Any], now: float, running: dict[int, Span]) -> None:
    match event:
        case {"event": "TrialStarted", "number": int(number), "slot": str(slot)}:
            running[number] = Span(number, slot, now, now)
        case {"event": "TrialRetried", "number": int(number)} if number in running:
            running[number] = replace(running[number], start=now, end=now)


def _status(name: object) -> Status | None:
    return next((status for status in Status if status == name), None)


def _time(line: bytes) -> float | None:
    """The time that a line begins with."""
    try:
        return float(line[9 : line.index(b",")]) if line.startswith(b'{"time": ') else None
    except ValueError:
        return None


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
