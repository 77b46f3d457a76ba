"""All that is told of a model: its pictures, and its part of the page.

Everything comes from its folder: its predictions, and what was written beside them when it was exported. So it takes
milliseconds, needs neither Keras nor the photos, and shows less where less is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.model.architecture import architecture_chart
from cnnsearch.reports.model.classes import class_table
from cnnsearch.reports.model.confidence import confidence_chart, reliability_chart
from cnnsearch.reports.model.confusion import confusion_chart
from cnnsearch.reports.model.file_identity import told_change
from cnnsearch.reports.model.gallery import gallery_body
from cnnsearch.reports.model.looks import changes_body, heat_body, layers_body, left_out, read_explained
from cnnsearch.reports.model.thresholds import precision_recall_chart, roc_chart
from cnnsearch.reports.model.weighed import Weighed, read_weighed
from cnnsearch.reports.page.section import Section
from cnnsearch.search.run_folder import ModelFolder


@dataclass(frozen=True)
class Explained:
    """What is told of a model.

    Attributes:
        charts: its layers, and what it says of the test part, or of the validation part where there is no test part.
        sections: the parts of the page on it, these charts among them; none where nothing is known of it.
        warning: says that the scores are those of another file; empty where they are not.
    """

    charts: tuple[Chart, ...]
    sections: tuple[Section, ...]
    warning: str


def explained(folder: ModelFolder) -> Explained:
    """All that the files in a model's folder tell of it; less where its predictions are gone or damaged."""
    found, warning = read_weighed(folder), told_change(folder)
    charts = tuple(_charts(folder, found))
    return Explained(charts, tuple(_sections(folder, found, charts, warning)), warning)


def _charts(folder: ModelFolder, found: Weighed | None) -> list[Chart]:
    charts = [architecture_chart(folder)]
    if found:
        part, rows = found
        charts += [confusion_chart(part, rows), roc_chart(rows), precision_recall_chart(rows)]
        charts += [reliability_chart(rows), confidence_chart(rows)]
    return [chart for chart in charts if chart is not None]


def _sections(folder: ModelFolder, found: Weighed | None, charts: Sequence[Chart], warning: str) -> Iterator[Section]:
    drawn, told = {chart.name: _drawn(chart) for chart in charts}, read_explained(folder)
    warned = (element("p", warning, class_="warning"),) if warning else ()
    parts = [
        ("architecture", "The best model", _those(drawn, ("architecture",))),
        ("answers", _of_part("What it says", found), (*warned, *_those(drawn, _ANSWERS))),
        ("classes", _of_part("Each class", found), class_table(found[1]) if found else ()),
        ("gallery", "Where it fails", gallery_body(folder)),
        ("looks", "Where it looks", heat_body(folder, told)),
        ("layers", "What its layers make of a photo", layers_body(folder, told)),
        ("augmented", "What it was trained on", changes_body(folder, told)),
        ("not_shown", "Not shown", left_out(told)),
    ]
    return (Section(f"model-{anchor}", title, body) for anchor, title, body in parts if body)


def _those(drawn: Mapping[str, Element], names: Sequence[str]) -> tuple[Element, ...]:
    return tuple(drawn[name] for name in names if name in drawn)


_ANSWERS = ("confusion_matrix", "roc", "precision_recall", "calibration", "confidence")


def _of_part(title: str, found: Weighed | None) -> str:
    return f"{title}, {found[0]} part" if found else title


def _drawn(chart: Chart) -> Element:
    """A chart with its title and what it tells."""
    scroll = element("div", chart.drawing, class_="chart-scroll")
    return element("figure", element("h3", chart.title), scroll, element("figcaption", chart.told))
