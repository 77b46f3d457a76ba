"""The ranking for a person: a table as wide as the terminal, or one in Markdown."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table

from cnnsearch.reports.inert import visible
from cnnsearch.reports.ranking.cells import Column, constants, shown_columns
from cnnsearch.reports.ranking.ranking import Ranking
from cnnsearch.reports.terminal import STATUS_COLOR, safe
from cnnsearch.reports.wording import counted
from cnnsearch.search.ranking import front_of

_GAP = 2
"""Characters between two columns."""


@dataclass(frozen=True)
class View:
    """What a person asked to see.

    Attributes:
        top: how many lines.
        named: the columns that the conditions and the order name; they are shown before others.
        conditions: those that the lines keep to, in words.
        sort: what they are ordered by, where that is not their rank.
    """

    top: int
    named: Set[str] = frozenset()
    conditions: tuple[str, ...] = ()
    sort: str = ""


def as_table(ranking: Ranking, view: View, width: int) -> RenderableType:
    """The table, with what all of its trials share above it, and what there was no room for below."""
    lines = ranking.lines[: view.top]
    title = safe(_title(ranking, view), "bold")
    if not lines:
        return title
    columns = shown_columns(ranking, lines, view.named)
    fitting = fit(columns, width)
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="dim", pad_edge=False)
    for column in fitting:
        table.add_column(safe(column.name), justify="left" if column.is_text else "right", no_wrap=True)
    for index, line in enumerate(lines):
        cells = [safe(column.cells[index]) for column in fitting]
        cells[-1].stylize(STATUS_COLOR.get(line.trial.status, ""))
        table.add_row(*cells, style="bold" if line.rank == 1 else "")
    told = [safe(text, "dim") for text in _notes(ranking, view, lines, columns, fitting)]
    return Group(title, *_shared(ranking), table, *told)


def as_markdown(ranking: Ranking, view: View) -> str:
    """The same in Markdown, with every column."""
    lines = ranking.lines[: view.top]
    columns = shown_columns(ranking, lines, view.named)
    shared = constants(ranking)
    head = [f"**{_escaped(_title(ranking, view))}**", ""]
    head += [f"In all of them: {_escaped(', '.join(shared))}.", ""] if shared else []
    if not lines:
        return head[0]
    names = [column.name for column in columns]
    sides = ["---" if column.is_text else "---:" for column in columns]
    rows = [[column.cells[index] for column in columns] for index in range(len(lines))]
    return "\n".join([*head, _row(names), _row(sides), *map(_row, rows)])


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns for which there is room, in their order: of those that may go, the ones that tell most stay."""
    room = width - sum(column.width + _GAP for column in columns if column.weight is None) + _GAP
    kept = {column.name for column in columns if column.weight is None}
    for column in sorted(columns, key=lambda column: -(column.weight or 0)):
        if column.weight is not None and column.width + _GAP <= room:
            room -= column.width + _GAP
            kept.add(column.name)
    return [column for column in columns if column.name in kept]


def _title(ranking: Ranking, view: View) -> str:
    total, shown = len(ranking.lines), min(view.top, len(ranking.lines))
    where = f" where {' and '.join(view.conditions)}" if view.conditions else ""
    by = view.sort or " and ".join(ranking.objectives.names)
    trials = counted(total, "trial")
    if view.sort:
        return f"{f'{shown} of ' if shown < total else ''}{trials}{where} by {by}"
    return f"The best {shown} of {trials}{where} by {by}" if shown < total else f"{trials}{where} by {by}"


def _shared(ranking: Ranking) -> list[RenderableType]:
    found = constants(ranking)
    if not found:
        return []
    whose = "Its configuration" if len(ranking.lines) == 1 else f"All {len(ranking.lines)} have"
    return [safe(f"{whose}: {', '.join(found)}")]


def _notes(
    ranking: Ranking, view: View, lines: Sequence[object], columns: Sequence[Column], fitting: Sequence[Column]
) -> list[str]:
    shown = {column.name for column in fitting}
    gone = [column.name for column in columns if column.name not in shown]
    kinds = {line.values.get("interval") for line in ranking.lines[: view.top]} - {None}
    notes = []
    if not ranking.objectives.is_plain and any(cell.startswith("*") for cell in fitting[0].cells):
        front = len(front_of([line.trial for line in ranking.lines], ranking.objectives))
        notes.append(f"* on the Pareto front, {counted(front, 'trial')}: none is better in every objective")
    if "95 %" in shown:
        whole = {"images": "the validation images were others", "folds": "the folds were others"}
        notes.append(
            f"95 %: where a score might lie if {' or '.join(whole[str(kind)] for kind in sorted(map(str, kinds)))}"
        )
    if gone:
        notes.append(f"no room for {', '.join(gone)}: a wider terminal, --csv or --json has all")
    if (left := len(ranking.lines) - len(lines)) > 0:
        notes.append(f"{left} more: --top {len(ranking.lines)}")
    return notes


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is: names and reasons come from anywhere."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!~" else c for c in visible(text))
