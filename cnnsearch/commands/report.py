"""`cnnsearch report`: rewrites a run's tables and its best model's scores from the study, and prints the ranking."""

import gc
from pathlib import Path

from rich.console import Console

from cnnsearch import terminal
from cnnsearch.commands.ranking import Asked, show
from cnnsearch.reports.best_board import log_best_model
from cnnsearch.reports.confirmation import confirmation_text, winner_text
from cnnsearch.reports.model.file_identity import told_change
from cnnsearch.reports.page.write import write_page
from cnnsearch.reports.ranking.ranking import ranking_of
from cnnsearch.reports.ranking.reading import ranked_run, run_names
from cnnsearch.reports.terminal import summary
from cnnsearch.reports.write import write_model_report, write_run_tables
from cnnsearch.search.confirmed import read_confirmation
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.reading import read_study
from cnnsearch.spaces.errors import CnnSearchError, Problem


def report(run: Path, console: Console) -> None:
    """Rewrite a finished or running search's tables from its study, and print what came out.

    Raises:
        CnnSearchError: the folder is no run, or its study or the best model's predictions are damaged.
    """
    folder = run_folder(run)
    study = read_study(folder)
    trials, objectives = list(study.trials), study.objectives
    gc.freeze()  # of very many trials: no collection of garbage need look at them again
    rewrite(folder, trials, objectives)
    show(ranking_of([ranked_run(folder, study, *run_names([folder]))]), Asked(), console)
    console.print()
    confirmation = read_confirmation(folder)
    if told := confirmation_text(confirmation):
        console.print(told)
        console.print()
    console.print(summary(trials, objectives, folder, winner_text(confirmation, trials)))


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
    """Rewrite the run's tables and its page, and the best model's scores where it has predictions."""
    write_run_tables(run, trials, objectives)
    if run.best.predictions.is_file():
        write_model_report(run.best)
        if change := told_change(run.best):
            terminal.warn(change)
    write_page(run, trials, objectives)
    log_best_model(run)
