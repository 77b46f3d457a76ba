"""`cnnsearch report`: ranks the trials of one or several runs; of one alone it also writes what explains it anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cnnsearch import terminal
from cnnsearch.reports.confirmation import confirmation_text, winner_text
from cnnsearch.reports.ranking.conditions import condition_of, kept
from cnnsearch.reports.ranking.ordering import ordered, sorting_column
from cnnsearch.reports.ranking.ranking import Ranking, ranking_of
from cnnsearch.reports.ranking.reading import ranked_run, run_names
from cnnsearch.reports.ranking.shown import View, as_markdown, as_table
from cnnsearch.reports.ranking.written import as_csv, as_json
from cnnsearch.reports.terminal import summary
from cnnsearch.reports.write import write_model_report, write_run_tables
from cnnsearch.search.confirmed import read_confirmation
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.reading import read_study
from cnnsearch.spaces.errors import CnnSearchError, Problem

TOP = 10
"""Lines of a table that a person reads, where nothing else is asked for."""


@dataclass(frozen=True)
class Asked:
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
        """Whether this asks for certain rows, which changes no file."""
        return self != Asked()


def report(runs: Sequence[Path], asked: Asked, console: Console) -> None:
    """Print the ranking of one or several runs; of a single one, where nothing special is asked for, write it anew.

    Raises:
        CnnSearchError: a folder is no run, its study or the best model's predictions are damaged, or a condition or a
            column is none.
    """
    folders = [run_folder(path) for path in dict.fromkeys(runs)]
    studies = [read_study(folder) for folder in folders]
    ranking = ranking_of(list(map(ranked_run, folders, studies, run_names(folders))))
    if asked.is_question or len(folders) > 1:
        show(ranking, asked, console)
        return
    run, trials, objectives = folders[0], list(studies[0].trials), studies[0].objectives
    rewrite(run, trials, objectives)
    show(ranking, asked, console)
    console.print()
    explain(run, trials, objectives, console)


def show(ranking: Ranking, asked: Asked, console: Console) -> None:
    """Print the ranking in the form that was asked for.

    Raises:
        CnnSearchError: a condition or a column is none.
    """
    conditions = [condition_of(text, ranking) for text in asked.where]
    named = {condition.column for condition in conditions}
    ranking = kept(ranking, conditions)
    if asked.sort:
        named.add(sorting_column(ranking, asked.sort))
        ranking = ordered(ranking, asked.sort)
    if asked.form in ("json", "csv"):
        terminal.say((as_json if asked.form == "json" else as_csv)(ranking, asked.top))
        return
    view = View(asked.top or TOP, named, tuple(map(str, conditions)), asked.sort or "")
    if asked.form == "markdown":
        terminal.say(as_markdown(ranking, view))
    else:
        console.print(as_table(ranking, view, console.width))


def explain(run: RunFolder, trials: list[TrialRecord], objectives: Objectives, console: Console) -> None:
    """Print what confirming came to, the best trial, why others failed, and where the files are."""
    confirmation = read_confirmation(run)
    if told := confirmation_text(confirmation):
        console.print(told)
        console.print()
    console.print(summary(trials, objectives, run, winner_text(confirmation, trials)))


def run_folder(path: Path) -> RunFolder:
    """The run at this path.

    Raises:
        CnnSearchError: it is no run; a folder of runs names them.
    """
    run = RunFolder(path)
    if run.has_study:
        return run
    runs = sorted(folder.name for folder in path.glob("*") if RunFolder(folder).has_study)
    got = f"a folder of runs ({', '.join(runs)})" if runs else "a folder without" if path.is_dir() else "nothing there"
    advice = (
        f"Name one of them, such as {path / runs[-1]}." if runs else "cnnsearch run makes one, such as runs/basic-001."
    )
    raise CnnSearchError(str(Problem(str(path), f"a run, a folder with its study, must lie here, got {got}.", advice)))


def rewrite(run: RunFolder, trials: list[TrialRecord], objectives: Objectives) -> None:
    """Rewrite the run's tables, and the best model's scores where it has predictions."""
    write_run_tables(run, trials, objectives)
    if run.best.predictions.is_file():
        write_model_report(run.best)
