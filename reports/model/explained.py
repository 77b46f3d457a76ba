"""All that is told of a model: `model_charts` for its pictures, `model_sections` for its part of the page.

Everything comes from its folder: its predictions, and what was written beside them when it was exported. So it takes
milliseconds, needs neither Keras nor the photos, and shows less where less is there.
"""

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


def model_charts(folder: ModelFolder) -> list[Chart]:
    """The charts of a model, from the files in its folder: its layers, and what it says of the test part.

    Of the validation part where there is no test part; none of its answers where its predictions are gone or damaged.
    """
    return _charts(folder, read_weighed(folder))


def _charts(folder: ModelFolder, found: Weighed | None) -> list[Chart]:
    charts = [architecture_chart(folder)]
    if found:
        part, rows = found
        charts += [confusion_chart(part, rows), roc_chart(rows), precision_recall_chart(rows)]
        charts += [reliability_chart(rows), confidence_chart(rows)]
    return [chart for chart in charts if chart is not None]


def model_sections(folder: ModelFolder) -> list[Section]:
    """The parts of the page on a model, its charts among them; none where nothing is known of it."""
    found = read_weighed(folder)
    charts = {chart.name: chart for chart in _charts(folder, found)}
    told = read_explained(folder)
    change = told_change(folder)
    warning = (element("p", change, class_="warning"),) if change else ()
    answers = tuple(_drawn(charts[name]) for name in _ANSWERS if name in charts)
    parts = [
        ("architecture", "The best model", tuple(_drawn(charts[name]) for name in ("architecture",) if name in charts)),
        ("answers", _of_part("What it says", found), (*warning, *answers)),
        ("classes", _of_part("Each class", found), class_table(found[1]) if found else ()),
        ("gallery", "Where it fails", gallery_body(folder)),
        ("looks", "Where it looks", heat_body(folder, told)),
        ("layers", "What its layers make of a photo", layers_body(folder, told)),
        ("augmented", "What it was trained on", changes_body(folder, told)),
        ("not_shown", "Not shown", left_out(told)),
    ]
    return [Section(f"model-{anchor}", title, body) for anchor, title, body in parts if body]


_ANSWERS = ("confusion_matrix", "roc", "precision_recall", "calibration", "confidence")


def _of_part(title: str, found: Weighed | None) -> str:
    return f"{title}, {found[0]} part" if found else title


def _drawn(chart: Chart) -> Element:
    """A chart with its title and what it tells."""
    scroll = element("div", chart.drawing, class_="chart-scroll")
    return element("figure", element("h3", chart.title), scroll, element("figcaption", chart.told))
