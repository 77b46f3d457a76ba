"""A chart as the page shows it: its title, its drawing, and what it shows in words."""

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.markup import Element, element


def figure_of(chart: Chart, *more: Element) -> Element:
    """A `figure` with the chart's drawing; who does not see it hears its caption.

    Args:
        more: what stands below the caption.
    """
    drawing = element("div", chart.drawing, class_="drawing", role="img")
    drawing.set("aria-label", f"{chart.title}. {chart.told}")
    return element(
        "figure",
        element("figcaption", chart.title),
        drawing,
        element("p", chart.told, class_="told"),
        *more,
        class_="card chart",
        id=f"chart-{chart.name}",
    )


def figures_of(charts: list[Chart]) -> Element:
    """Several of them, side by side where there is room."""
    return element("div", *map(figure_of, charts), class_="charts")
