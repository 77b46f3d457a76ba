"""The columns of the ranking that a person reads: their headings, their cells as text, and how much each of them tells.

Entries of blocks stand together: `filters` is `16/32/32`, however many blocks there are.
"""

import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

from cnnsearch.reports.ranking.ranking import Line, Ranking, Value
from cnnsearch.reports.wording import (
    count_text,
    is_branch,
    short_names,
    status_name,
    time_text,
    value_text,
    value_with_unit,
    without_indices,
)
from cnnsearch.search.ranking import front_of
from cnnsearch.search.records import Status


@dataclass(frozen=True)
class Column:
    """A column of texts.

    Attributes:
        name: its heading.
        cells: one for each shown line; empty for a value that the trial does not have.
        weight: how gladly it is shown where there is no room for all; None for always.
        is_text: whether it is read from the left.
        place: where it stands among the others, from the left.
    """

    name: str
    cells: tuple[str, ...]
    weight: float | None = None
    is_text: bool = False
    place: int = 0

    @property
    def width(self) -> int:
        """In characters."""
        return max(map(len, (self.name, *self.cells)))


def shown_columns(ranking: Ranking, lines: Sequence[Line], named: Set[str]) -> list[Column]:
    """All columns that the shown lines fill, from left to right; those that tell nothing are absent.

    Args:
        ranking: all lines that there are, which say what is equal in all of them.
        lines: those that are shown.
        named: the columns that a person asked for by name.
    """
    drawn = [column for column in _drawn(ranking, lines, named) if any(column.cells)]
    columns = [*_leading(ranking, lines), *_others(ranking, lines, named), *drawn, *_costs(ranking, lines, named)]
    columns.append(Column("ended", tuple(map(_ending, lines)), is_text=True, place=9))
    return sorted(columns, key=lambda column: column.place)


def constants(ranking: Ranking) -> list[str]:
    """What is drawn alike in all trials of the table, such as `padding same`."""
    groups, names = _groups(ranking), _names(ranking)
    return [f"{names[group]} {cell}" for group, cell in _alike(ranking, groups).items()]


def _leading(ranking: Ranking, lines: Sequence[Line]) -> list[Column]:
    columns = [Column("#", _places(ranking, lines)), Column("trial", _cells(lines, "trial"))]
    if len(ranking.runs) > 1:
        columns.insert(1, Column("run", _cells(lines, "run"), is_text=True))
    if ranking.objectives.is_plain:
        return [*columns, Column("score", _cells(lines, "score"))]
    return columns + [Column(name, _cells(lines, name)) for name in ranking.objectives.names]


def _places(ranking: Ranking, lines: Sequence[Line]) -> tuple[str, ...]:
    """The ranks, with a star beside those of a Pareto front."""
    places = _cells(lines, "rank")
    if ranking.objectives.is_plain:
        return places
    front = {id(trial) for trial in front_of([line.trial for line in ranking.lines], ranking.objectives)}
    return tuple(f"* {p}" if id(line.trial) in front else p for p, line in zip(places, lines, strict=True))


def _others(ranking: Ranking, lines: Sequence[Line], named: Set[str]) -> list[Column]:
    """What says how sure a score is, and what was asked for by name."""
    sure = Column("95 %", tuple(_between(line, "low", "high") for line in lines), 90, place=1)
    means = tuple(_mean(line) for line in lines)
    fidelity = Column("fidelity", _cells(lines, "fidelity"), 70, place=1)
    asked = [Column(name, _cells(lines, name), 100, place=2) for name in ranking.metrics if name in named]
    return [column for column in (sure, Column("new seeds", means, 80, place=1), fidelity, *asked) if any(column.cells)]


def _between(line: Line, low: str, high: str) -> str:
    ends = line.values.get(low), line.values.get(high)
    return "" if None in ends else f"{ends[0]:.3f}-{ends[1]:.3f}"


def _mean(line: Line) -> str:
    mean, high, seeds = (line.values.get(name) for name in ("mean", "mean_high", "seeds"))
    if not isinstance(mean, float):
        return ""
    error = f" ± {high - mean:.3f}" if isinstance(high, float) else ""
    return f"{mean:.4f}{error} ({seeds})"


def _costs(ranking: Ranking, lines: Sequence[Line], named: Set[str]) -> list[Column]:
    names = {"epochs": ("epochs", 1.0), "seconds": ("time", 50.0), "parameters": ("weights", 2.0)}
    shown = [(name, *told) for name, told in names.items() if name not in ranking.objectives.names]
    return [Column(word, _cells(lines, name), 100 if name in named else bits, place=4) for name, word, bits in shown]


def _drawn(ranking: Ranking, lines: Sequence[Line], named: Set[str]) -> list[Column]:
    """A column for each group of parameters that is not alike everywhere: branches first, on them the others hang."""
    groups, names = _groups(ranking), _names(ranking)
    alike, found = _alike(ranking, groups), []
    for group, paths in groups.items():
        if group in alike:
            continue
        cells = tuple(_group_cell(line, paths) for line in lines)
        branch = any(
            path in line.trial.values and is_branch(path, line.trial.values) for line in lines for path in paths
        )
        weight = 100 if named & {group, *paths} else 95 if branch else _information(cells)
        found.append(Column(names[group], cells, weight, is_text=not _are_numbers(cells), place=3))
    return found


def _groups(ranking: Ranking) -> dict[str, list[str]]:
    """The paths of each group by its name, in the order of the space."""
    groups: dict[str, list[str]] = {}
    for path in ranking.parameters:
        groups.setdefault(without_indices(path), []).append(path)
    return groups


def _names(ranking: Ranking) -> dict[str, str]:
    return short_names(list(_groups(ranking)))


def _alike(ranking: Ranking, groups: dict[str, list[str]]) -> dict[str, str]:
    """The cell of each group that all trials have, and have alike."""
    found = {}
    for group, paths in groups.items():
        cells = {_group_cell(line, paths) for line in ranking.lines}
        if len(cells) == 1 and (cell := cells.pop()):
            found[group] = cell
    return found


def _group_cell(line: Line, paths: Sequence[str]) -> str:
    return "/".join(value_text(line.trial.values[path]) for path in paths if path in line.trial.values)


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


def _cells(lines: Sequence[Line], name: str) -> tuple[str, ...]:
    return tuple(_cell(name, line.values.get(name)) for line in lines)


def _cell(name: str, value: Value) -> str:
    if value is None:
        return ""
    if name == "seconds":
        return time_text(float(value))
    if name in ("parameters", "latency", "model_size"):
        return count_text(int(value)) if name == "parameters" else value_with_unit(name, float(value))
    return f"{value:.4f}" if isinstance(value, float) else str(value)
