"""What a good value costs: the objective against seconds of training and against the number of weights."""

from collections.abc import Iterable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, drawing, framed, legend
from cnnsearch.reports.charts.marks import dot
from cnnsearch.reports.charts.measures import axis_of, measure
from cnnsearch.reports.charts.results import Results, kind_of, sentences, status_keys
from cnnsearch.reports.charts.thinning import MOST_DOTS, thinned
from cnnsearch.reports.markup import Element
from cnnsearch.reports.wording import count_text, time_text
from cnnsearch.search.records import TrialRecord

_HEIGHT = 320.0


def cost(results: Results) -> Chart | None:
    """The objective against costs, as far as trials have them; None where fewer than two ranked trials do."""
    names = [name for name in ("seconds", "parameters") if name != results.main.metric]
    known = [name for name in names if len({measure(trial, name) for trial in results.ranked} - {None}) > 1]
    if not known or len(results.ranked) < 2:
        return None
    shown = thinned(results.ranked, MOST_DOTS)
    told = sentences(
        f"{results.main.metric} of each trial against what it cost.", _best(results), results.beyond, shown.told
    )
    wide = WIDTH / len(known)
    panels = [
        mark
        for place, name in enumerate(known)
        for mark in _panel(results, name, Box(place * wide, 0, wide, _HEIGHT), shown.kept)
    ]
    keys, high = legend(status_keys(shown.kept), 0, _HEIGHT + 6, WIDTH)
    return Chart("cost", "Cost against score", told, drawing([*panels, *keys], told, _HEIGHT + high + 6))


def _best(results: Results) -> str:
    best = results.ranked[0]
    return (
        f"Trial {best.number}, the best, took {time_text(best.seconds)} and has {count_text(best.parameters)} weights."
    )


def _panel(results: Results, name: str, box: Box, trials: Sequence[TrialRecord]) -> Iterable[Element]:
    known = [(trial, at) for trial in trials if (at := measure(trial, name)) is not None]
    frame = framed(axis_of(name, [at for _, at in known]), Axis(results.scale, results.main.metric), box)
    yield from frame.surround()
    for trial, at in reversed(known):
        value = results.value(trial)
        if value is not None:
            is_best = trial is results.best
            costs = f"{time_text(trial.seconds)}, {count_text(trial.parameters)} weights"
            kind = "best ringed" if is_best else kind_of(trial.status)
            told = f"{results.told(trial)}, {costs}"
            yield dot(frame.at(at, value), 4.5 if is_best else 3, kind, told, trial.number)
