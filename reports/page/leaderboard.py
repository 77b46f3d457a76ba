"""The table of all trials: the first rows as they stand, and all of them as data that the script works with."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from cnnsearch.reports.columns import HEADINGS
from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.page.cells import Column, Raw, columns_of, raw_of, text_of
from cnnsearch.reports.page.facts import Facts
from cnnsearch.reports.page.section import Section
from cnnsearch.reports.tables import TrialsTable, trials_table
from cnnsearch.reports.vocabulary import vocabulary
from cnnsearch.reports.wording import counted, status_name
from cnnsearch.search.ranking import places
from cnnsearch.search.records import Status

FIRST = 50
"""Rows that stand in the page itself, for who has no scripts; `SHOWN` of the script are shown at once."""
_ON_PAPER = 40
"""Rows that are printed; the style sheet says the same."""
_RANK = Column("rank", HEADINGS["rank"], "fact")
Cell = tuple[Raw, str]
"""A value, and how it is read."""


def leaderboard(facts: Facts) -> Section:
    """All trials, the ranked ones first."""
    table = trials_table(facts.trials, facts.objectives)
    columns = columns_of(table)
    rows = _rows(table, columns, _ranks(facts))
    shown = [_RANK, *columns]
    body = (
        _controls(facts),
        element("p", counted(len(rows), "trial"), id="count", role="status", class_="dim"),
        element("p", _on_paper(len(rows)), class_="paper dim"),
        _scrolled(_table(shown, rows[:FIRST])),
        element("button", "Show more", id="more", type="button", hidden="hidden"),
        _data(table, shown, rows),
    )
    return Section("leaderboard", "Leaderboard", body)


def _ranks(facts: Facts) -> dict[int, int]:
    """The rank of each trial that has one, by its number; those that are as good as each other share it."""
    found = places(facts.trials, facts.objectives)
    return {trial.number: rank for trial, rank in zip(facts.trials, found, strict=True) if rank is not None}


def _rows(table: TrialsTable, columns: Sequence[Column], ranks: Mapping[int, int]) -> list[list[Cell]]:
    """The cells of each row, its rank first."""
    at = {name: index for index, name in enumerate(table.columns)}
    order = [(column, at[column.name]) for column in columns]
    found = []
    for row in table.rows:
        rank = ranks.get(cast(int, row[at["trial"]]))
        first: Cell = (rank, "" if rank is None else str(rank))
        found.append([first, *((raw_of(row[place]), text_of(column, row[place])) for column, place in order)])
    return found


def _on_paper(count: int) -> str:
    trials = counted(count, "trial")
    return f"The first {_ON_PAPER} of {trials}; trials.csv has all." if count > _ON_PAPER else trials


def _controls(facts: Facts) -> Element:
    """What the script works with; without one it stays hidden."""
    states = [status for status in Status if any(trial.status is status for trial in facts.trials)]
    options = (element("option", status_name(status), value=str(status)) for status in states)
    field = element(
        "input", id="filter", type="search", autocomplete="off", placeholder="adam, optimizer=adam, score>0.9"
    )
    field.set("aria-describedby", "filter-help")
    return element(
        "div",
        element("label", "Filter", field),
        element("label", "Status", element("select", element("option", "all", value=""), *options, id="status")),
        element(
            "p",
            "Words, or conditions such as optimizer=adam and seconds<60; all must hold. "
            "A click on a trial's number shows it in all charts.",
            id="filter-help",
            class_="dim",
        ),
        class_="controls",
        hidden="hidden",
    )


def _scrolled(table: Element) -> Element:
    region = element("div", table, class_="scroll", tabindex="0", role="region")
    region.set("aria-label", "All trials")
    return region


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Element:
    head = element("thead", element("tr", *(_heading(column) for column in columns)))
    body = element("tbody", *(_row(columns, row) for row in rows))
    return element("table", head, body, id="board")


def _heading(column: Column) -> Element:
    button = element("button", column.label, type="button", title=column.name)
    return element("th", button, scope="col", class_=column.kind)


def _row(columns: Sequence[Column], row: Sequence[Cell]) -> Element:
    cells = (_cell(column, *cell) for column, cell in zip(columns, row, strict=True))
    return element("tr", *cells, **{"data-trial": str(row[1][0])})


def _cell(column: Column, raw: Raw, text: str) -> Element:
    cell = element("td", text, class_=_class(column, raw))
    if raw is not None:
        cell.set("data-value", str(raw))
    return cell


def _class(column: Column, raw: Raw) -> str:
    if column.name == "status":
        return f"{column.kind} status {raw}"
    return column.kind if isinstance(raw, str) else f"{column.kind} number"


def _data(table: TrialsTable, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Element:
    """All rows as JSON: a value, or where it is read otherwise, both; as the text of a script that is none.

    With them goes what each word may mean that a person filters by: of each meaning the places of its columns.
    """
    places = {column.name: place for place, column in enumerate(columns)}
    words = vocabulary(places, table.metrics, table.parameters)
    told = {
        "words": {word: [[places[name] for name in meaning] for meaning in meant] for word, meant in words.items()},
        "columns": [[column.name, column.label, column.kind] for column in columns],
        "rows": [list(_shortened(row)) for row in rows],
    }
    data = element("script", id="trials", type="application/json")
    data.text = json.dumps(told, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return data


def _shortened(row: Sequence[Cell]) -> Iterator[object]:
    for raw, text in row:
        yield raw if raw is None or text == raw or (isinstance(raw, int) and text == str(raw)) else [raw, text]
