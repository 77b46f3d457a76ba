"""A chart as the page shows it: its title, its drawing, and what it shows in words."""

from collections.abc import Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.markup import Element, element


def figure_of(chart: Chart, *more: Element) -> Element:
    """A `figure` with the chart's drawing and its caption.

    Args:
        more: what stands below the caption.
    """
    scroll = element("div", chart.drawing, class_="chart-scroll", tabindex="0", role="group")
    scroll.set("aria-label", chart.title)
    return element(
        "figure",
        element("figcaption", chart.title),
        scroll,
        element("p", chart.told, class_="dim told"),
        *more,
        class_="card panel",
        id=f"chart-{chart.name}",
    )


def figures_of(charts: Sequence[Chart]) -> Element:
    """Several of them, side by side where there is room."""
    return element("div", *map(figure_of, charts), class_="panels")
