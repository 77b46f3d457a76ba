"""`cnnsearch report RUN... --where ... --json`: the ranking that somebody asked for, which changes no file."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from cnnsearch import terminal
from cnnsearch.reports.ranking.conditions import condition_of, kept, unknown_value
from cnnsearch.reports.ranking.ordering import ordered, sorting_columns
from cnnsearch.reports.ranking.ranking import Ranking, ranking_of
from cnnsearch.reports.ranking.reading import ranked_run
from cnnsearch.reports.ranking.shown import View, as_markdown, as_table
from cnnsearch.reports.ranking.written import as_csv, as_json
from cnnsearch.reports.runs import run_names
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.reading import read_study

TOP = 10
"""Lines of a table that a person reads, where nothing else is asked for."""


@dataclass(frozen=True)
class RankingOptions:
    """What to show of the ranking, and how.

    Attributes:
        top: how many lines; None for ten in a table, and all for another program.
        where: conditions such as `optimizer=adam`, all of which must hold.
        sort: the column to order by; None for the rank.
        form: `json`, `csv`, `markdown`, or None for a table.
    """

    top: int | None = None
    where: tuple[str, ...] = ()
    sort: str | None = None
    form: str | None = None

    @property
    def is_question(self) -> bool:
        """Whether this asks for certain rows or a certain form."""
        return self != RankingOptions()


def show_ranking(runs: Sequence[RunFolder], asked: RankingOptions, console: Console) -> None:
    """Print the ranking of one or several runs.

    Raises:
        CnnSearchError: a study is damaged, the runs are ranked by different things, or a condition or a column is none.
    """
    studies = [read_study(run) for run in runs]
    show(ranking_of(list(map(ranked_run, runs, studies, run_names(runs)))), asked, console)


def show(ranking: Ranking, asked: RankingOptions, console: Console) -> None:
    """Print a ranking in the form that was asked for.

    Raises:
        CnnSearchError: a condition or a column is none.
    """
    conditions = [condition_of(text, ranking) for text in asked.where]
    named = {column for condition in conditions for column in condition.columns}
    for told in filter(None, (unknown_value(condition, ranking) for condition in conditions)):
        terminal.warn(told)
    ranking = kept(ranking, conditions)
    if asked.sort:
        named |= {*sorting_columns(ranking, asked.sort)}
        ranking = ordered(ranking, asked.sort)
    if asked.form in ("json", "csv"):
        terminal.say((as_json if asked.form == "json" else as_csv)(ranking, asked.top))
        return
    view = View(asked.top or TOP, frozenset(named), tuple(map(str, conditions)), asked.sort or "")
    if asked.form == "markdown":
        terminal.say(as_markdown(ranking, view))
    else:
        console.print(as_table(ranking, view, console.width))
