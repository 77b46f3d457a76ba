"""Writes `report.html` into a run's folder, from the files and the study there."""

from collections.abc import Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.page.facts import read_facts
from cnnsearch.reports.page.page import report_page
from cnnsearch.reports.page.section import Section
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import write_text


def write_page(
    run: RunFolder,
    trials: Sequence[TrialRecord],
    objectives: Objectives,
    charts: Sequence[Chart],
    model: Sequence[Section],
) -> None:
    """Replace the page of a finished or running search.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    write_text(run.page, report_page(read_facts(run, trials, objectives), charts, model))
