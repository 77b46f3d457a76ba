"""How the best value grew: over the trials in the order of their numbers, and over wall time."""

from collections.abc import Iterable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, Frame, Key, drawing, framed, legend
from cnnsearch.reports.charts.marks import Point, cross, dot, steps, words
from cnnsearch.reports.charts.numerals import four_digits
from cnnsearch.reports.charts.results import Results, clock, kind_of, sentences, status_keys
from cnnsearch.reports.charts.scales import Linear, linear_over
from cnnsearch.reports.charts.thinning import MOST_DOTS, thinned
from cnnsearch.reports.charts.words import width
from cnnsearch.reports.markup import Element
from cnnsearch.search.records import Status, TrialRecord

_HEIGHT = 320.0
_NAMES = 0.06
"""Room for names, as a share of the axis."""
_BEST = Key("best", "best so far")
_Placed = tuple[float, TrialRecord]


def best_by_trial(results: Results) -> Chart | None:
    """Each trial's value over its number, and the best so far; None where no trial has a value."""
    placed = [(float(trial.number), trial) for trial in results.trials]
    if not results.best:
        return None
    axis = Axis(linear_over((at for at, _ in placed), whole=True), "trial")
    return _chart(results, placed, axis, "best_by_trial", "Best value over the trials")


def best_by_time(results: Results) -> Chart | None:
    """Each trial's value over when it ended, and the best so far; None where nobody noted when trials ran."""
    ends = {span.trial: span.end for span in results.spans}
    beginning = min((span.start for span in results.spans), default=0.0)
    placed = [(ends[trial.number] - beginning, trial) for trial in results.trials if trial.number in ends]
    if not any(results.value(trial) is not None for _, trial in placed):
        return None
    axis = Axis(clock([at for at, _ in placed]), "wall time since the start")
    return _chart(results, sorted(placed, key=lambda each: each[0]), axis, "best_by_time", "Best value over time")


def _chart(results: Results, placed: Sequence[_Placed], axis: Axis, name: str, title: str) -> Chart:
    frame = framed(axis, Axis(_with_room(results), results.main.metric), Box(0, 0, WIDTH, _HEIGHT))
    best = incumbents(results, placed)
    shown = thinned([each for each in placed if _is_shown(results, each[1])], MOST_DOTS)
    told = sentences(
        f"{len(best)} trials were the best of their time; the last is trial {best[-1][1].number} "
        f"with {results.main.metric} {four_digits(results.value(best[-1][1]) or 0.0)}."
        if len(best) > 1
        else f"Trial {best[-1][1].number} was the best from its end on.",
        results.beyond,
        "" if len(shown.kept) == shown.of else f"{len(shown.kept):,} of {shown.of:,} drawn, spread evenly.",
    )
    dots = [mark for each in shown.kept for mark in _dot(results, frame, *each)]
    keys, high = legend(
        [_BEST, *status_keys(trial for _, trial in shown.kept)], frame.plot.left, _HEIGHT + 6, frame.plot.width
    )
    parts = [*frame.surround(), *dots, *_incumbents(results, frame, best), *keys]
    return Chart(name, title, told, drawing(parts, told, _HEIGHT + high + 6))


def incumbents(results: Results, placed: Iterable[_Placed]) -> list[_Placed]:
    """Those of the trials, in this order, that were better than all before them."""
    found: list[_Placed] = []
    value: float | None = None
    candidates = {trial.number for trial in results.ranked if trial.is_whole}
    for at, trial in placed:
        own = results.value(trial)
        counts = not candidates or trial.number in candidates
        if own is not None and counts and results.main.better(own, value):
            found.append((at, trial))
            value = own
    return found


def _with_room(results: Results) -> Linear:
    """The scale of the objective with room for names at its good end."""
    low, high = results.scale.low, results.scale.high
    more = (high - low) * _NAMES
    return Linear(low, high + more) if results.main.direction == "max" else Linear(low - more, high)


def _is_shown(results: Results, trial: TrialRecord) -> bool:
    return results.value(trial) is not None or trial.status is Status.FAILED


def _dot(results: Results, frame: Frame, at: float, trial: TrialRecord) -> Iterable[Element]:
    value = results.value(trial)
    if value is None:
        yield cross((frame.x_at(at), frame.plot.bottom - 6), 3, "failed", results.told(trial), trial.number)
    else:
        yield dot(frame.at(at, value), 3, kind_of(trial.status), results.told(trial), trial.number)


def _incumbents(results: Results, frame: Frame, best: Sequence[_Placed]) -> Iterable[Element]:
    places = [frame.at(at, results.value(trial)) for at, trial in best]
    yield steps([*places, (frame.plot.right, places[-1][1])], "best", f"best {results.main.metric} so far")
    for (x, y), (_, trial) in zip(places, best, strict=True):
        yield dot((x, y), 4, "best ringed", results.told(trial), trial.number)
    names = [f"trial {trial.number}" for _, trial in best]
    yield from _names(frame, places, names, downward=results.main.direction == "min")


def _names(frame: Frame, places: Sequence[Point], names: Sequence[str], *, downward: bool) -> Iterable[Element]:
    """The names of the steps, from the last one back: it matters most, and earlier ones give way to later ones."""
    free = frame.plot.right + 12
    for (x, y), name in zip(reversed(places), reversed(names), strict=True):
        wide = width(name)
        left = min(x - 4, frame.plot.right + 12 - wide)
        if left + wide < free:
            yield words((left, y + (19 if downward else -9)), name, "halo")
            free = left - 6
