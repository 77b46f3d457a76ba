"""The ranking for a person: a table as wide as the terminal, or one in Markdown."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cnnsearch.reports.columns import HEADINGS
from cnnsearch.reports.inert import visible
from cnnsearch.reports.ranking.cells import Column, constants, shown_columns
from cnnsearch.reports.ranking.ranking import Line, Ranking
from cnnsearch.reports.terminal import STATUS_COLOR, safe
from cnnsearch.reports.wording import counted

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
    kept = fit(columns, width)
    fitting = _narrowed(kept, width)
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="dim", pad_edge=False)
    for column in fitting:
        table.add_column(safe(column.name), justify="left" if column.is_text else "right", no_wrap=True)
    for index, line in enumerate(lines):
        styles = {HEADINGS["status"]: STATUS_COLOR.get(line.trial.status, "")}
        cells = (safe(column.cells[index], styles.get(column.name, "")) for column in fitting)
        table.add_row(*cells, style="bold" if line.rank == 1 else "")
    told = [*_explained(ranking, lines, kept), *_left_out(ranking, lines, columns, kept)]
    return Group(title, *_shared(ranking), table, *_mixed(lines), *(safe(text, "dim") for text in told))


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
    told = [_escaped(text) for text in (*map(str, _mixed(lines)), *_explained(ranking, lines, columns))]
    notes = [line for text in told for line in ("", text)]
    return "\n".join([*head, _row(names), _row(sides), *map(_row, rows), *notes])


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns for which there is room, in their order: of those that may go, the ones that tell most stay.

    Where one must go, those that can be told in brief are, if that saves one that tells more.
    """
    whole = _fitting(columns, width)
    brief = _fitting([column.in_brief for column in columns], width)
    return brief if _weights(brief) > _weights(whole) else whole


def _weights(columns: Sequence[Column]) -> list[float]:
    return sorted((column.weight for column in columns if column.weight is not None), reverse=True)


def _fitting(columns: Sequence[Column], width: int) -> list[Column]:
    kept = {index for index, column in enumerate(columns) if column.weight is None}
    room = width - sum(columns[index].width + _GAP for index in kept) + _GAP
    for index, column in sorted(enumerate(columns), key=lambda each: -(each[1].weight or 0)):
        if column.weight is not None and column.width + _GAP <= room:
            room -= column.width + _GAP
            kept.add(index)
    return [column for index, column in enumerate(columns) if index in kept]


def _narrowed(columns: Sequence[Column], width: int) -> list[Column]:
    """The same; where even what must stay is too wide, headings are cut: half a number would be a wrong one."""
    over = sum(column.width + _GAP for column in columns) - _GAP - width
    found = list(columns)
    spare = [column.width - max(map(len, ("-", *column.cells))) for column in columns]
    for index in sorted(range(len(columns)), key=lambda index: -spare[index]):
        cut = max(0, min(over, spare[index]))
        over -= cut
        if cut:
            found[index] = replace(found[index], name=f"{found[index].name[: -cut - 1]}…")
    return found


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


def _mixed(lines: Sequence[Line]) -> list[Text]:
    """A line where the scores that are shown are not of the same images."""
    runs: dict[str, dict[str, None]] = {}
    for line in lines:
        if line.trial.data and line.trial.score is not None:
            runs.setdefault(line.trial.fingerprint, {})[line.run] = None
    if len(runs) < 2:
        return []
    told = " and ".join(f"{images[:8]} ({', '.join(names)})" for images, names in runs.items())
    return [safe(f"Scores of {len(runs)} data sets are mixed: {told}. They are not of one kind.", "yellow")]


def _explained(ranking: Ranking, lines: Sequence[Line], columns: Sequence[Column]) -> list[str]:
    """What marks and intervals mean."""
    notes = []
    if any(line.on_front for line in lines):
        here = sum(line.on_front for line in ranking.lines)
        of = f"{here} of its " if here < ranking.front else ""
        notes.append(f"* on the Pareto front, {of}{counted(ranking.front, 'trial')}: none is better in every objective")
    if any(column.name == HEADINGS["low"] for column in columns):
        whole = {"images": "the validation images were others", "folds": "the folds were others"}
        kinds = {str(line.values["interval"]) for line in lines if line.values.get("interval")}
        notes.append(f"95 %: where a score might lie if {' or '.join(whole[kind] for kind in sorted(kinds))}")
    return notes


def _left_out(ranking: Ranking, lines: Sequence[Line], columns: Sequence[Column], kept: Sequence[Column]) -> list[str]:
    """For which columns and which trials there was no room."""
    shown = {column.name for column in kept}
    gone = [column.name for column in columns if column.name not in shown]
    notes = [f"no room for {', '.join(gone)}: a wider terminal, --csv or --json has all"] if gone else []
    left = len(ranking.lines) - len(lines)
    return [*notes, f"{left} more: --top {len(ranking.lines)}"] if left > 0 else notes


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is: names and reasons come from anywhere."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!~" else c for c in visible(text))
