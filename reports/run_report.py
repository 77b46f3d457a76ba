"""The whole report of a run: tables, the best model's scores and card, pictures, the page, and TensorBoard's part."""

from collections.abc import Sequence

from cnnsearch.reports.best_board import log_best_model
from cnnsearch.reports.charts.files import charts_written
from cnnsearch.reports.charts.study import charts_of_run
from cnnsearch.reports.model.explained import explained
from cnnsearch.reports.page.write import write_page
from cnnsearch.reports.write import write_model_report, write_run_tables
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import UnwritableFile
from cnnsearch.spaces.errors import CnnSearchError


def write_run_report(run: RunFolder, trials: Sequence[TrialRecord], objective: Objective | Objectives) -> list[str]:
    """Write all that is told of a finished or running search, and give what a person should be warned of.

    Where what the best model says is damaged, all else is written, and a warning says so.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    objectives, warnings = Objectives.around(objective), list[str]()
    charts, model = charts_of_run(run, trials, objectives), explained(run.best)
    with charts_written(run.pictures, [*charts, *model.charts]):
        write_run_tables(run, trials, objectives)
        if run.best.predictions.is_file():
            try:
                write_model_report(run.best)
            except UnwritableFile:
                raise
            except CnnSearchError as error:
                warnings.append(str(error))
        write_page(run, trials, objectives, charts, model.sections)
        log_best_model(run)
    return [*warnings, *([model.warning] if model.warning and not warnings else [])]
