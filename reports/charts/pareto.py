"""The Pareto front: the trials that no other one is better than in one objective and as good in all."""

from collections.abc import Iterable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, Box, Frame, Key, drawing, framed, legend
from cnnsearch.reports.charts.marks import dot, line
from cnnsearch.reports.charts.measures import axis_of, measure
from cnnsearch.reports.charts.numerals import four_digits
from cnnsearch.reports.charts.results import Results, kind_of, sentences, status_keys
from cnnsearch.reports.charts.thinning import MOST_DOTS, thinned
from cnnsearch.reports.markup import Element
from cnnsearch.search.ranking import front_of
from cnnsearch.search.records import Status, TrialRecord

_MOST_PANELS = 3
_HEIGHT = {1: 360.0, 2: 320.0, 3: 280.0}


def pareto_front(results: Results) -> Chart | None:
    """The first objective against each other one; None with one objective, or without ranked trials."""
    objectives = results.objectives
    if len(objectives.all) < 2 or not results.ranked:
        return None
    front = front_of(results.ranked, objectives)
    others = objectives.names[1 : 1 + _MOST_PANELS]
    broken = [trial for trial in results.trials if trial.status is Status.INFEASIBLE]
    shown = thinned([*results.ranked, *broken], MOST_DOTS)
    trials = list({trial.number: trial for trial in (*shown.kept, *front)}.values())
    height = _HEIGHT[len(others)]
    told = sentences(
        _told(front, len(results.ranked), len(objectives.all)),
        "A line joins the front." if len(objectives.all) == 2 else "",
        shown.told,
    )
    wide = WIDTH / len(others)
    boxes = [Box(place * wide, 0, wide, height) for place in range(len(others))]
    parts = [m for box, other in zip(boxes, others, strict=True) for m in _panel(results, box, other, trials, front)]
    found = [trial for trial in trials if trial not in front]
    keys, high = legend([Key("best", "on the front"), *status_keys(found)], 0, height + 6, WIDTH)
    return Chart("pareto_front", "Pareto front", told, drawing([*parts, *keys], told, height + high + 6))


def _told(front: Sequence[TrialRecord], ranked: int, objectives: int) -> str:
    numbers = ", ".join(str(trial.number) for trial in front[:12]) + (" ..." if len(front) > 12 else "")
    one = f"trial {numbers} is" if len(front) == 1 else f"trials {numbers} are"
    meaning = f"no other is better in one of {objectives} objectives and as good in all"
    return f"Of {ranked:,} ranked trials, {one} on the front: {meaning}."


def _panel(
    results: Results, box: Box, other: str, trials: Sequence[TrialRecord], front: Sequence[TrialRecord]
) -> Iterable[Element]:
    main = results.main.metric
    placed = [
        (trial, across, up)
        for trial in trials
        if (across := measure(trial, other)) is not None
        if (up := measure(trial, main)) is not None
    ]
    x, y = axis_of(other, [across for _, across, _ in placed]), axis_of(main, [up for _, _, up in placed])
    frame = framed(x, y, box)
    yield from frame.surround()
    on_front = {trial.number for trial in front}
    if len(results.objectives.all) == 2:
        yield from _joined(frame, [(across, up) for trial, across, up in placed if trial.number in on_front])
    for trial, across, up in sorted(placed, key=lambda each: each[0].number in on_front):
        is_front = trial.number in on_front
        told = f"trial {trial.number}: {main} {four_digits(up)}, {x.title} {four_digits(across)}"
        kind = "best ringed" if is_front else kind_of(trial.status)
        yield dot(frame.at(across, up), 4.5 if is_front else 3, kind, told, trial.number)


def _joined(frame: Frame, points: Sequence[tuple[float, float]]) -> Iterable[Element]:
    if len(points) > 1:
        yield line([frame.at(*point) for point in sorted(points)], "best thin dashed")
