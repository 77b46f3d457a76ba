"""The columns of the ranking that a person reads: their headings, their cells as text, and how much each of them tells.

Entries of blocks stand together: `filters` is `16/32/32`, however many blocks there are.
"""

import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from cnnsearch.reports.columns import HEADINGS, metric_column
from cnnsearch.reports.ranking.names import told_name
from cnnsearch.reports.ranking.ranking import Line, Ranking, Value
from cnnsearch.reports.vocabulary import group_headings, groups_of
from cnnsearch.reports.wording import count_text, is_branch, status_name, time_text, value_text, value_with_unit
from cnnsearch.search.records import PHASE, Status
from cnnsearch.spaces.sections.objectives import MEASURES

_ASKED = 100
"""The weight of what a person asked for by name."""
_ELSEWHERE = ("run", "rank", "trial", "status", "low", "high", "seeds", "mean", "mean_low", "mean_high", "fidelity")
"""Facts that have a place of their own in the table, alone or with others."""
_COSTS = {"epochs": 1.0, "seconds": 50.0, "parameters": 2.0}
"""How gladly they are shown."""
_BRIEF = {Status.STOPPED_EARLY: "stopped"}
"""What is said of these where there is little room."""


@dataclass(frozen=True)
class Column:
    """A column of texts.

    Attributes:
        name: its heading.
        cells: one for each shown line; empty for a value that the trial does not have.
        weight: how gladly it is shown where there is no room for all; None for always.
        is_text: whether it is read from the left.
        place: where it stands among the others, from the left.
        brief: the cells in fewer characters, where there is no room for these; none where there are no shorter ones.
    """

    name: str
    cells: tuple[str, ...]
    weight: float | None = None
    is_text: bool = False
    place: int = 0
    brief: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """In characters."""
        return max(map(len, (self.name, *self.cells)))

    @property
    def in_brief(self) -> "Column":
        """The same with its shorter cells, where it has some."""
        return replace(self, cells=self.brief or self.cells)


def shown_columns(ranking: Ranking, lines: Sequence[Line], named: Set[str]) -> list[Column]:
    """All columns that the shown lines fill, from left to right; those that tell nothing are absent.

    Args:
        ranking: all lines that there are, which say what is equal in all of them.
        lines: those that are shown.
        named: the columns that a person asked for by name.
    """
    drawn = [column for column in _drawn(ranking, lines, named) if any(column.cells)]
    columns = [*_leading(ranking, lines), *_others(ranking, lines, named), *drawn, *_costs(ranking, lines, named)]
    ended, brief = tuple(map(_ending, lines)), tuple(map(_ending_in_brief, lines))
    columns.append(Column(HEADINGS["status"], ended, _weight(98, named, "status"), is_text=True, place=9, brief=brief))
    return sorted(columns, key=lambda column: column.place)


def constants(ranking: Ranking) -> list[str]:
    """What is drawn alike in all trials of the table, such as `padding same`."""
    groups, names = groups_of(ranking.parameters), group_headings(ranking.parameters)
    return [f"{names[group]} {cell}" for group, cell in _alike(ranking, groups).items()]


def texts_of(line: Line, columns: Sequence[str], of_parameter: bool) -> tuple[str, ...]:
    """What a table may show of a trial in a column, or in the entries of blocks that stand together."""
    if of_parameter:
        return (_group_cell(line, columns),)
    if columns[0] == "status":
        return _ending(line), _ending_in_brief(line)
    own = {"low": _interval, "mean": _mean}.get(columns[0])
    return (own(line) if own else _cell(columns[0], line.values.get(columns[0])),)


def _leading(ranking: Ranking, lines: Sequence[Line]) -> list[Column]:
    columns = [Column(HEADINGS["rank"], _places(lines)), Column("trial", _cells(lines, "trial"))]
    if len(ranking.runs) > 1:
        columns.insert(1, Column("run", _cells(lines, "run"), 97, is_text=True))
    if ranking.objectives.is_plain:
        return [*columns, Column("score", _cells(lines, "score"))]
    first, *others = (_called(ranking, lines, name) for name in _objectives(ranking))
    return [*columns, first, *(replace(other, weight=96) for other in others)]


def _objectives(ranking: Ranking) -> list[str]:
    """The columns of the objectives."""
    return [name if name in MEASURES else metric_column(name) for name in ranking.objectives.names]


def _called(ranking: Ranking, lines: Sequence[Line], column: str) -> Column:
    """A column under its name."""
    is_text = any(isinstance(line.values.get(column), str) for line in lines)
    return Column(told_name(ranking, (column,)), _cells(lines, column), is_text=is_text)


def _places(lines: Sequence[Line]) -> tuple[str, ...]:
    """The ranks, with a star beside those of the Pareto front of all trials."""
    return tuple(f"* {p}" if line.on_front else p for p, line in zip(_cells(lines, "rank"), lines, strict=True))


def _others(ranking: Ranking, lines: Sequence[Line], named: Set[str]) -> list[Column]:
    """What says how sure a score is, and what was asked for by name."""
    sure = Column(HEADINGS["low"], tuple(map(_interval, lines)), _weight(90, named, "low", "high"), place=1)
    seeds = _weight(80, named, "seeds", "mean", "mean_low", "mean_high")
    means = Column(HEADINGS["mean"], tuple(map(_mean, lines)), seeds, place=1)
    fidelity = Column("fidelity", _cells(lines, "fidelity"), _weight(70, named, "fidelity"), place=1)
    shown = {*_ELSEWHERE, *_COSTS, *ranking.parameters}
    shown |= {"score"} if ranking.objectives.is_plain else {*_objectives(ranking)}
    asked = [_called(ranking, lines, name) for name in ranking.columns if name in named and name not in shown]
    columns = (sure, means, fidelity, *(replace(column, weight=_ASKED, place=2) for column in asked))
    return [column for column in columns if any(column.cells)]


def _weight(weight: float, named: Set[str], *columns: str) -> float:
    return _ASKED if named & {*columns} else weight


def _interval(line: Line) -> str:
    low, high = line.values.get("low"), line.values.get("high")
    return "" if low is None or high is None else f"{low:.3f}-{high:.3f}"


def _mean(line: Line) -> str:
    mean, high, seeds = (line.values.get(name) for name in ("mean", "mean_high", "seeds"))
    if not isinstance(mean, float):
        return ""
    error = f" ± {high - mean:.3f}" if isinstance(high, float) else ""
    return f"{mean:.4f}{error} ({seeds})"


def _costs(ranking: Ranking, lines: Sequence[Line], named: Set[str]) -> list[Column]:
    shown = {name: bits for name, bits in _COSTS.items() if name not in ranking.objectives.names}
    return [
        Column(HEADINGS.get(name, name), _cells(lines, name), _weight(bits, named, name), place=4)
        for name, bits in shown.items()
    ]


def _drawn(ranking: Ranking, lines: Sequence[Line], named: Set[str]) -> list[Column]:
    """A column for each group of parameters that is not alike everywhere: branches first, on them the others hang."""
    groups, names = groups_of(ranking.parameters), group_headings(ranking.parameters)
    alike, found = _alike(ranking, groups), []
    for group, paths in groups.items():
        if group in alike:
            continue
        cells = tuple(_group_cell(line, paths) for line in lines)
        branch = any(path in line.values and is_branch(path, line.values) for line in lines for path in paths)
        weight = _weight(95 if branch else _information(cells), named, *paths)
        found.append(Column(names[group], cells, weight, is_text=not _are_numbers(cells), place=3))
    return found


def _alike(ranking: Ranking, groups: dict[str, list[str]]) -> dict[str, str]:
    """The cell of each group that all trials have, and have alike."""
    found = {}
    for group, paths in groups.items():
        cells = {_group_cell(line, paths) for line in ranking.lines}
        if len(cells) == 1 and (cell := cells.pop()):
            found[group] = cell
    return found


def _group_cell(line: Line, paths: Sequence[str]) -> str:
    return "/".join(value_text(line.values[path]) for path in paths if path in line.values)


def _information(cells: Sequence[str]) -> float:
    """The bits that a cell of a column tells, at most some fifty: none where all are alike."""
    total = len(cells)
    return -sum(count / total * math.log2(count / total) for count in Counter(cells).values())


def _are_numbers(cells: Sequence[str]) -> bool:
    return all(part.replace(".", "").replace("e", "").strip("+-0123456789") == "" for part in cells)


def _ending(line: Line) -> str:
    """The status, with the kind of a failure: `failed: oom`."""
    status = status_name(line.trial.status)
    return f"{status}: {line.trial.reason}" if line.trial.status is Status.FAILED else status


def _ending_in_brief(line: Line) -> str:
    return _BRIEF.get(line.trial.status) or status_name(line.trial.status)


def _cells(lines: Sequence[Line], name: str) -> tuple[str, ...]:
    return tuple(_cell(name, line.values.get(name)) for line in lines)


def _cell(name: str, value: Value) -> str:
    if value is None:
        return ""
    if name == "seconds":
        return time_text(float(value))
    if name in ("parameters", "latency", "model_size"):
        return count_text(int(value)) if name == "parameters" else value_with_unit(name, float(value))
    if name in ("learning_rate", PHASE) and isinstance(value, float):
        return value_text(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)
