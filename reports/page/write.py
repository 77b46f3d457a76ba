"""Writes `report.html` into a run's folder, from the files and the study there."""

from collections.abc import Sequence

from cnnsearch.reports.charts.study import charts_of_run
from cnnsearch.reports.model.explained import model_sections
from cnnsearch.reports.page.facts import read_facts
from cnnsearch.reports.page.page import report_page
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import write_text


def write_page(run: RunFolder, trials: Sequence[TrialRecord], objective: Objective | Objectives) -> None:
    """Replace the page of a finished or running search.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    objectives = Objectives.around(objective)
    charts, model = charts_of_run(run, trials, objectives), model_sections(run.best)
    write_text(run.page, report_page(read_facts(run, trials, objectives), charts, model))
