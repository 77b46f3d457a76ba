"""Charts as files: `report/NAME.svg` and `report/NAME.png`, each in one colour scheme and with its title in it.

The PNG files come from the SVG by resvg, a renderer without system libraries. Rendering is most of the work, so a
picture whose SVG file says the same as before is left as it is.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import TemporaryFile
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
RENDERING = "cnnsearch.reports.charts.rendering"
"""What a process runs that renders."""
_WORTH_A_PROCESS = 3
"""Pictures that take longer than a process does to start."""
_COMMON = 0x0530
"""Below it are Latin, Greek and Cyrillic letters, which DejaVu has, and so need no search for the system's fonts."""
_SIGNS = range(0x2000, 0x2300)
"""Dashes, ellipses, arrows and mathematical signs; it has these, too."""


@contextmanager
def charts_written(folder: Path, charts: Sequence[Chart]) -> Iterator[None]:
    """Write NAME.svg and NAME.png of each chart while what is within goes on: at its end the files are there.

    Those of charts that are no longer there are removed.

    Args:
        folder: `report/` of a run; made where it is not there. Pictures without an SVG file beside them stay.
        charts: all that shall be there, each with a name of its own.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    texts = {chart.name: svg_text(chart) for chart in charts}
    with _rendered({str(folder / name): text for name, text in texts.items() if not _is_written(folder / name, text)}):
        yield
    for name, text in texts.items():  # what the process did not do, this one does, or says why it cannot
        write_pictures(folder / name, text)
    for svg in [path for path in folder.glob("*.svg") if path.stem not in texts]:
        svg.with_suffix(".png").unlink(missing_ok=True)
        svg.unlink(missing_ok=True)


@contextmanager
def _rendered(texts: Mapping[str, str]) -> Iterator[None]:
    """Within it, a process of its own renders: the renderer lets no other thread of this one run meanwhile."""
    if len(texts) < _WORTH_A_PROCESS or not sys.executable:
        yield
        return
    with TemporaryFile() as asked:
        asked.write(json.dumps(texts).encode())
        asked.seek(0)
        command = [sys.executable, "-m", RENDERING]
        with Popen(command, stdin=asked, stdout=DEVNULL, stderr=DEVNULL) as process:
            try:
                yield
            except BaseException:
                process.kill()
                raise


def _is_written(place: Path, text: str) -> bool:
    svg, png = place.with_suffix(".svg"), place.with_suffix(".png")
    return png.is_file() and svg.is_file() and svg.read_bytes() == text.encode()


def write_pictures(place: Path, text: str) -> None:
    """Write an SVG document and its PNG file, at a place without an ending, where the same is not there yet.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    if _is_written(place, text):
        return
    # The SVG file comes last: it stands there only beside its own PNG file, whenever this is interrupted.
    write_beside(place.with_suffix(".png"), lambda beside: beside.write_bytes(png_bytes(text)))
    write_text(place.with_suffix(".svg"), text)


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
