"""Why trials failed: a bar for each cause, with the message that it came with most often."""

from collections import Counter
from collections.abc import Iterable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, drawing
from cnnsearch.reports.charts.marks import bar, words
from cnnsearch.reports.charts.results import Results
from cnnsearch.reports.charts.words import NAME, fitted
from cnnsearch.reports.markup import Element
from cnnsearch.reports.wording import failures_told
from cnnsearch.search.records import Failure, Status, TrialRecord

_ROW = 46.0
_MOST_ROWS = 10
_WORDS = {
    Failure.OOM: "out of memory",
    Failure.NAN: "no finite numbers",
    Failure.DATA: "data",
    Failure.CRASH: "process crashed",
    Failure.BUG: "fault of the program",
    Failure.TIMEOUT: "out of time",
    Failure.DISK: "disk full",
    Failure.IMPOSSIBLE: "impossible",
}


def failures(results: Results) -> Chart | None:
    """The causes, the most frequent first; None where no trial failed."""
    failed = [trial for trial in results.trials if trial.status is Status.FAILED]
    if not failed:
        return None
    counts = Counter(trial.reason for trial in failed).most_common(_MOST_ROWS)
    most = counts[0][1]
    parts = [
        mark
        for place, (reason, count) in enumerate(counts)
        for mark in _row(place * _ROW, reason, count, count / most, [t for t in failed if t.reason == reason])
    ]
    told = failures_told(results.trials)
    return Chart("failures", "Why trials failed", told, drawing(parts, told, _ROW * len(counts)))


def _row(top: float, reason: str, count: int, share: float, trials: Sequence[TrialRecord]) -> Iterable[Element]:
    name = cause(reason)
    start = 200.0
    room = WIDTH - start - 60
    numbers = ", ".join(str(trial.number) for trial in trials[:20]) + (" ..." if count > 20 else "")
    yield words((start - 8, top + 15), fitted(name, start - 10, NAME), "name", "end", name)
    yield bar(start, top + 3, max(2.0, share * room), 16, "failed", f"{name}: trials {numbers}")
    yield words((start + max(2.0, share * room) + 7, top + 16), f"{count:,}", "name")
    message = Counter(trial.message for trial in trials).most_common(1)[0][0]
    if message:
        yield words((start, top + 35), fitted(message, WIDTH - start - 4), "tick", "start", message)


def cause(reason: str) -> str:
    """The kind of a failure in words: `out of memory (oom)`."""
    known = {str(kind): text for kind, text in _WORDS.items()}
    return f"{known[reason]} ({reason})" if reason in known else reason or "unknown"
