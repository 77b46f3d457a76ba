"""`cnnsearch report`: writes all that is told of a run from its study, and prints the ranking."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cnnsearch import terminal
from cnnsearch.commands.ranking import RankingOptions, show
from cnnsearch.reports.confirmation import confirmation_text, winner_text
from cnnsearch.reports.ranking.ranking import ranking_of
from cnnsearch.reports.ranking.reading import ranked_run
from cnnsearch.reports.run_report import write_run_report
from cnnsearch.reports.runs import named_run, run_names
from cnnsearch.reports.terminal import summary
from cnnsearch.search.confirmed import read_confirmation
from cnnsearch.search.study.reading import read_study
from cnnsearch.search.writing import UnwritableFile


def report(run: Path, console: Console) -> None:
    """Write the report of a finished or running search from its study, and print what came out.

    Raises:
        CnnSearchError: the folder is no run, or its study is damaged; or, after all was printed, it cannot be written.
    """
    folder = named_run(run)
    with _garbage_left():
        study = read_study(folder)
        trials, objectives = list(study.trials), study.objectives
        unwritten: UnwritableFile | None = None
        try:
            for warning in write_run_report(folder, trials, objectives):
                terminal.warn(warning)
        except UnwritableFile as error:  # the ranking can be told all the same
            unwritten = error
        show(ranking_of([ranked_run(folder, study, *run_names([folder]))]), RankingOptions(), console)
        console.print()
        confirmation = read_confirmation(folder)
        if told := confirmation_text(confirmation):
            console.print(told)
            console.print()
        console.print(summary(trials, objectives, folder, winner_text(confirmation, trials)))
    if unwritten:
        raise unwritten


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Within it nobody looks for garbage: among very many trials that takes a tenth of the time, and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
