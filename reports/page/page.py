"""The whole page: its head, its parts in their order, and what leads to each of them."""

from collections.abc import Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.markup import Element, element, page
from cnnsearch.reports.page.configuration import winning_configuration
from cnnsearch.reports.page.data import data
from cnnsearch.reports.page.environment import environment
from cnnsearch.reports.page.facts import Facts
from cnnsearch.reports.page.failures import failures
from cnnsearch.reports.page.figure import figures_of
from cnnsearch.reports.page.leaderboard import leaderboard
from cnnsearch.reports.page.script import SCRIPT, allowed
from cnnsearch.reports.page.section import Section
from cnnsearch.reports.page.style import STYLE
from cnnsearch.reports.page.summary import standing, summary, verdict

_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src "
)


def report_page(facts: Facts, charts: Sequence[Chart] = (), model: Sequence[Section] = ()) -> str:
    """The page of a run, as one HTML document that needs nothing else.

    Args:
        charts: of its study.
        model: the parts on its best model.
    """
    sections = _sections(facts, charts, model)
    main = element(
        "main",
        element("h1", facts.name),
        element("p", verdict(facts), class_="verdict"),
        element("p", standing(facts), class_=f"dim standing{' running' if facts.is_running else ''}"),
        *map(_shown, sections),
        element(
            "footer",
            "Written by cnnsearch report. Numbers are rounded; trials.csv and metrics.json have all of "
            "their digits, and so do the cells of this page.",
        ),
        id="main",
    )
    script = element("script")
    script.text = SCRIPT
    body = (element("a", "To the content", href="#main", class_="skip"), _navigation(sections), main, _chosen(), script)
    return page(_head(facts.name), element("body", *body))


def _sections(facts: Facts, charts: Sequence[Chart], model: Sequence[Section]) -> list[Section]:
    study = Section("charts", "Charts of the search", (figures_of(charts),)) if charts else None
    found = [
        summary(facts),
        leaderboard(facts),
        study,
        winning_configuration(facts),
        *model,
        failures(facts),
        data(facts),
        environment(facts),
    ]
    return [section for section in found if section is not None]


def _head(name: str) -> Element:
    policy = element("meta", content=_POLICY + allowed())
    policy.set("http-equiv", "Content-Security-Policy")
    style = element("style")
    style.text = STYLE
    return element(
        "head",
        element("meta", charset="utf-8"),
        policy,
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{name}: report"),
        style,
    )


def _navigation(sections: Sequence[Section]) -> Element:
    links = (element("li", element("a", section.title, href=f"#{section.anchor}")) for section in sections)
    return element("nav", element("ul", *links), **{"aria-label": "Parts of the page"})


def _shown(section: Section) -> Element:
    heading = element("h2", section.title, id=f"{section.anchor}-title")
    return element(
        "section", heading, *section.body, id=section.anchor, **{"aria-labelledby": f"{section.anchor}-title"}
    )


def _chosen() -> Element:
    """What says which trial is shown in all charts, while one is."""
    told = element("span", id="chosen-trial", role="status")
    return element("div", told, element("button", "Clear", id="clear", type="button"), id="chosen", hidden="hidden")
