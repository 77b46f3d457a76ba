"""All charts of a study, in the order in which a page shows them."""

from collections.abc import Callable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.contours import contours
from cnnsearch.reports.charts.cost import cost
from cnnsearch.reports.charts.devices import device_timeline
from cnnsearch.reports.charts.failures import failures
from cnnsearch.reports.charts.importances import importance_chart
from cnnsearch.reports.charts.learning_curves import learning_curves
from cnnsearch.reports.charts.parallel import parallel_coordinates
from cnnsearch.reports.charts.pareto import pareto_front
from cnnsearch.reports.charts.progress import best_by_time, best_by_trial
from cnnsearch.reports.charts.results import Results
from cnnsearch.reports.charts.slices import slices
from cnnsearch.reports.charts.spans import Span, read_spans
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.parameters import Parameter

_CHARTS: tuple[Callable[[Results], Chart | None], ...] = (
    best_by_trial,
    best_by_time,
    pareto_front,
    learning_curves,
    importance_chart,
    parallel_coordinates,
    slices,
    contours,
    cost,
    device_timeline,
    failures,
)


def study_charts(
    trials: Sequence[TrialRecord],
    objective: Objective | Objectives,
    *,
    parameters: Sequence[Parameter] = (),
    spans: Sequence[Span] = (),
) -> list[Chart]:
    """The charts that there is something to show in.

    Args:
        trials: of one study, ended or not.
        objective: what they are ranked by.
        parameters: of the space; without them the axes of parameters reach over the values that were tried.
        spans: when and where the trials ran.
    """
    by_number = tuple(sorted(trials, key=lambda trial: trial.number))
    results = Results(by_number, Objectives.around(objective), tuple(parameters), tuple(spans))
    return [chart for draw in _CHARTS if (chart := draw(results)) is not None]


def charts_of_run(run: RunFolder, trials: Sequence[TrialRecord], objective: Objective | Objectives) -> list[Chart]:
    """The charts of a run, with what its folder says of its space and of when its trials ran."""
    return study_charts(trials, objective, parameters=_parameters(run), spans=read_spans(run.events))


def _parameters(run: RunFolder) -> tuple[Parameter, ...]:
    """Those of the run's space; none where its file is gone, or is of another version of the language."""
    from cnnsearch.spaces.load import load_space

    try:
        return load_space(run.resolved, allow_code=True).parameters if run.resolved.is_file() else ()
    except CnnSearchError:
        return ()
