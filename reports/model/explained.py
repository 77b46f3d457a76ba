"""All that is told of a model: `model_charts` for its pictures, `model_sections` for its part of the page."""

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.page.section import Section
from cnnsearch.search.run_folder import ModelFolder


def model_charts(folder: ModelFolder) -> list[Chart]:
    """The charts of a model, from the files in its folder; none where it has no predictions."""
    return []


def model_sections(folder: ModelFolder) -> list[Section]:
    """The parts of the page on a model, its charts among them; none where it has no predictions."""
    return []
