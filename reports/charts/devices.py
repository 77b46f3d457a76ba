"""When which trial ran where: a row for each slot, a bar for each trial, and gaps where a slot had nothing to do."""

import re
from collections.abc import Iterable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, Frame, Key, drawing, legend
from cnnsearch.reports.charts.marks import bar, rule, words
from cnnsearch.reports.charts.results import Results, kind_of, sentences
from cnnsearch.reports.charts.scales import Categories, duration_over
from cnnsearch.reports.charts.spans import Span
from cnnsearch.reports.charts.words import fitted, width
from cnnsearch.reports.markup import Element
from cnnsearch.reports.wording import counted, status_name, time_text
from cnnsearch.search.records import Status

_MOST_ROWS, _MOST_BARS = 64, 1500
_LEAST = 2.0
"""Units that a bar must be long to be told from its neighbours."""
_INTERRUPTED = "interrupted"


def device_timeline(results: Results) -> Chart | None:
    """The timeline; None where nobody noted when trials ran."""
    if not results.spans:
        return None
    slots = sorted({span.slot for span in results.spans}, key=_natural)
    shown = [span for span in results.spans if span.slot in set(slots[:_MOST_ROWS])]
    frame = _frame(results, slots[:_MOST_ROWS])
    drawn = blocks(shown, _least(results, frame, len(slots)))
    alone = [block[0] for block in drawn if len(block) == 1]
    told = sentences(
        _busy(results.spans, slots),
        "" if len(slots) <= _MOST_ROWS else f"{_MOST_ROWS} of {len(slots):,} slots drawn.",
        "" if len(alone) == len(shown) else f"{len(shown) - len(alone):,} short trials drawn together, in grey.",
    )
    keys, high = legend(_keys(alone), 0, frame.plot.bottom + 42, WIDTH)
    bars = [_bar(results, frame, block) for block in drawn]
    parts = [*frame.surround(), *bars, *_names(results, frame, alone), *keys]
    return Chart("devices", "What ran where", told, drawing(parts, told, frame.plot.bottom + 42 + high))


def _natural(name: str) -> list[tuple[int, str]]:
    """So that `gpu:10` comes after `gpu:2`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _frame(results: Results, slots: Sequence[str]) -> Frame:
    """Rows from above in the order of the slots; low ones where there are many."""
    row = 30.0 if len(slots) <= 12 else 16.0
    left = min(120.0, max(map(width, slots))) + 12
    plot = Box(left, 8, WIDTH - left - 14, row * len(slots))
    ends = [span.end - results.beginning for span in results.spans]
    return _Rows(plot, Axis(duration_over(ends), "wall time since the start"), Axis(Categories(tuple(reversed(slots)))))


class _Rows(Frame):
    """A frame with a row for each slot, named on its left, instead of an axis upward."""

    def _upward(self) -> Iterable[Element]:
        for tick in self.y.scale.ticks(_MOST_ROWS):
            at = self.plot.bottom - tick.share * self.plot.height
            yield rule((self.plot.left, at), (self.plot.right, at), "grid")
            text = fitted(tick.text, self.plot.left - 8)
            yield words((self.plot.left - 7, at + 4), text, "tick", "end", tick.text)


def _half(frame: Frame) -> float:
    """Half of the height of a bar."""
    return 0.36 * frame.plot.height / len(frame.y.scale.ticks(_MOST_ROWS))


def blocks(spans: Sequence[Span], least: float) -> list[list[Span]]:
    """The spans by slot and start, one by one; short ones that follow each other closely are one block.

    Args:
        spans: in any order.
        least: seconds under which a span is short, and a gap is no gap.
    """
    found: list[list[Span]] = []
    for span in sorted(spans, key=lambda span: (span.slot, span.start)):
        before = found[-1][-1] if found else None
        short = before is not None and max(span.end - span.start, before.end - before.start) < least
        if before is not None and short and before.slot == span.slot and span.start - before.end < least:
            found[-1].append(span)
        else:
            found.append([span])
    return found


def _least(results: Results, frame: Frame, rows: int) -> float:
    """The seconds that two units are, or more where there are very many rows."""
    units = max(_LEAST, frame.plot.width * min(rows, _MOST_ROWS) / _MOST_BARS)
    return (max(span.end for span in results.spans) - results.beginning) * units / frame.plot.width


def _bar(results: Results, frame: Frame, block: Sequence[Span]) -> Element:
    span = block[0]
    last = max(each.end for each in block)
    start, end = (frame.x_at(at - results.beginning) for at in (span.start, last))
    half, middle = _half(frame), frame.y_at(span.slot)
    place = (start, middle - half, max(end - start, 0.8), 2 * half)
    if len(block) > 1:
        return bar(*place, "dim", f"{len(block):,} trials on {span.slot}, {time_text(last - span.start)}")
    kind = kind_of(span.status) if span.status else "dim faint"
    ring = " ringed" if end - start > 2 * _LEAST else ""
    told = f"trial {span.trial} on {span.slot}, {time_text(last - span.start)}, {_ended(span)}"
    return bar(*place, f"{kind}{ring}", told, span.trial)


def _names(results: Results, frame: Frame, spans: Sequence[Span]) -> Iterable[Element]:
    """The number of each trial whose bar has room for it."""
    for span in spans:
        start, end = (frame.x_at(at - results.beginning) for at in (span.start, span.end))
        text = str(span.trial)
        if end - start > width(text) + 8 and _half(frame) > 6:
            kind = "" if span.status in (Status.PRUNED, None) else "over"
            yield words(((start + end) / 2, frame.y_at(span.slot) + 4), text, kind, "middle")


def _ended(span: Span) -> str:
    return status_name(span.status) if span.status else _INTERRUPTED


def _keys(spans: Sequence[Span]) -> list[Key]:
    there = {span.status for span in spans}
    known = [Key(kind_of(status), status_name(status)) for status in Status if status in there]
    return [*known, Key("dim faint", _INTERRUPTED)] if None in there else known


def _busy(spans: Sequence[Span], slots: Sequence[str]) -> str:
    """How much of the time slots had a trial, in a sentence."""
    whole = max(span.end for span in spans) - min(span.start for span in spans)
    if whole <= 0:
        return f"{len(spans):,} trials on {counted(len(slots), 'slot')}."
    share = sum(busy_seconds([span for span in spans if span.slot == slot]) for slot in slots) / whole / len(slots)
    return f"{counted(len(slots), 'slot')}, busy with trials for {share:.0%} of {time_text(whole)}."


def busy_seconds(spans: Sequence[Span]) -> float:
    """Seconds in which at least one of the spans ran."""
    total, until = 0.0, float("-inf")
    for span in sorted(spans, key=lambda span: span.start):
        total += max(0.0, span.end - max(span.start, until))
        until = max(until, span.end)
    return total
