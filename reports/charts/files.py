"""Charts as files: `report/NAME.svg` and `report/NAME.png`, each in one colour scheme and with its title in it.

The PNG files come from the SVG by resvg, a renderer without system libraries. Rendering is most of the work, so a
picture whose SVG file says the same as before is left as it is.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH
from cnnsearch.reports.charts.marks import words
from cnnsearch.reports.charts.style import file_style
from cnnsearch.reports.charts.words import fitted
from cnnsearch.reports.markup import Element, element
from cnnsearch.search.writing import write_beside, write_text

_TITLE = 34.0
"""Units above the drawing for its title."""
_MARGIN = 16.0
_ZOOM = 2
_COMMON = 0x0530
"""Below it are Latin, Greek and Cyrillic letters, which DejaVu has, and so need no search for the system's fonts."""
_SIGNS = range(0x2000, 0x2300)
"""Dashes, ellipses, arrows and mathematical signs; it has these, too."""


def write_charts(folder: Path, charts: Sequence[Chart]) -> None:
    """Write NAME.svg and NAME.png of each chart, and remove those of charts that are no longer there.

    Args:
        folder: `report/` of a run; made where it is not there. Other kinds of files in it stay.
        charts: each with a name of its own.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    for chart in charts:
        _write(folder, chart)
    kept = {f"{chart.name}{ending}" for chart in charts for ending in (".svg", ".png")}
    for path in [*folder.glob("*.svg"), *folder.glob("*.png")]:
        if path.name not in kept and not path.name.startswith("."):
            path.unlink(missing_ok=True)


def _write(folder: Path, chart: Chart) -> None:
    svg, png = folder / f"{chart.name}.svg", folder / f"{chart.name}.png"
    text = svg_text(chart)
    if png.is_file() and svg.is_file() and svg.read_bytes() == text.encode():
        return
    # The SVG file comes last: it stands there only beside its own PNG file, whenever this is interrupted.
    write_beside(png, lambda beside: beside.write_bytes(png_bytes(text)))
    write_text(svg, text)


def svg_text(chart: Chart, *, dark: bool = False) -> str:
    """A chart as a document of its own: its title, its style, its ground."""
    left, top, width, height = _extent(chart.drawing)
    box = (left - _MARGIN, top - _TITLE, width + 2 * _MARGIN, height + _TITLE + _MARGIN / 2)
    places = dict(zip(("x", "y", "width", "height"), (f"{value:g}" for value in box), strict=True))
    title = words((left, top - 12), fitted(chart.title, WIDTH, 15), "heading", "start", chart.title)
    attributes = {**chart.drawing.attrib, "viewBox": " ".join(places.values())}
    sizes = {"width": places["width"], "height": places["height"]}
    root = ET.Element("svg", {**attributes, **sizes})
    root.extend([ET.Element("style"), element("rect", class_="ground", **places), title, *chart.drawing])
    root[0].text = file_style(dark=dark)
    return _allowed(ET.tostring(root, encoding="unicode")) + "\n"


def _extent(drawing: Element) -> tuple[float, ...]:
    return tuple(float(value) for value in drawing.attrib["viewBox"].split())


def _allowed(text: str) -> str:
    """The text without the two characters that no XML document may have."""
    return text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def png_bytes(svg: str) -> bytes:
    """The picture of an SVG document, twice as large, as a PNG file."""
    import resvg_py

    beyond = any(ord(character) >= _COMMON and ord(character) not in _SIGNS for character in set(svg))
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=_ZOOM,
            font_files=_fonts(),
            skip_system_fonts=bool(_fonts()) and not beyond,
            sans_serif_family="DejaVu Sans",
        )
    )


@cache
def _fonts() -> list[str]:
    """The fonts that matplotlib brings along, found without importing it, which takes long."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [str(path) for name in ("DejaVuSans", "DejaVuSans-Bold") if (path := folder / f"{name}.ttf").is_file()]
