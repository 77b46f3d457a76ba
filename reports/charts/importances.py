"""How much each parameter matters: over all trials, and within each branch over the trials that took it."""

from collections.abc import Iterable, Mapping

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.dimensions import dimensions
from cnnsearch.reports.charts.frame import WIDTH, Box, drawing
from cnnsearch.reports.charts.marks import bar, words
from cnnsearch.reports.charts.results import Results
from cnnsearch.reports.charts.weighing import Weighing, weighings
from cnnsearch.reports.charts.words import NAME, fitted
from cnnsearch.reports.markup import Element

_MOST_PARTS, _MOST_BARS = 8, 8
_COLUMN, _NAME, _VALUE = 340.0, 130.0, 40.0
_ROW, _HEAD, _GAP = 19.0, 26.0, 20.0


def importance_chart(results: Results) -> Chart | None:
    """The importances of parameters by PED-ANOVA; None where there are too few trials to tell."""
    varied = dimensions(results)
    found = weighings(results, varied)[:_MOST_PARTS]
    if not found:
        return None
    titles = {each.name: each.title for each in varied}
    first = found[0]
    leading = next(iter(first.shares))
    told = (
        "How much a parameter's values among the best trials differ from those among all (PED-ANOVA), in shares of "
        f"100 %. Of {first.name}, {titles[leading]} tells most about which are good ({first.shares[leading]:.0%})."
    )
    parts, height = _columns(found, titles)
    return Chart("importances", "Which parameters matter", told, drawing(parts, told, height))


def _columns(found: list[Weighing], titles: Mapping[str, str]) -> tuple[list[Element], float]:
    """The parts in two columns, each below the shorter one."""
    filled = [0.0, 0.0]
    drawn: list[Element] = []
    for each in found:
        column = filled.index(min(filled))
        height = _HEAD + _ROW * min(len(each.shares), _MOST_BARS)
        drawn += _part(each, titles, Box(column * (WIDTH - _COLUMN), filled[column], _COLUMN, height))
        filled[column] += height + _GAP
    return drawn, max(filled) - _GAP + 6


def _part(each: Weighing, titles: Mapping[str, str], box: Box) -> Iterable[Element]:
    name = f"{each.name}, the best {each.top}"
    yield words((box.left, box.top + 14), fitted(name, box.width, NAME), "name", "start", name)
    room = box.width - _NAME - _VALUE
    for place, (parameter, share) in enumerate(list(each.shares.items())[:_MOST_BARS]):
        top = box.top + _HEAD + place * _ROW
        title, start = titles[parameter], box.left + _NAME
        yield words((start - 8, top + 10), fitted(title, _NAME - 8), "tick", "end", parameter)
        yield bar(start, top, max(1.0, share * room), 13, "completed", f"{parameter}: {share:.1%} of {name}")
        yield words((start + share * room + 6, top + 11), f"{share:.0%}")
