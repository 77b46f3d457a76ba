"""What is drawn in a chart: lines, dots, bars, cells, words. Places are in the units of the drawing, from its top left.

A mark that belongs to a trial names it as `data-trial`, so that a page can show a trial in all charts at once, and says
in its `title` what it is, which a browser shows under the pointer.
"""

from collections.abc import Iterable, Sequence

from cnnsearch.reports.markup import Element, element

Point = tuple[float, float]


def coordinate(value: float) -> str:
    """A place in tenths of a unit."""
    return f"{value:.1f}".removesuffix(".0")


def line(points: Sequence[Point], kind: str, told: str = "", trial: int | None = None) -> Element:
    """A line through all points; of a single one, a dot."""
    if len(points) == 1:
        return dot(points[0], 2.2, kind, told, trial)
    joined = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in points)
    return _mark("path", f"line {kind}", told, trial, d=f"M{joined}")


def pieces(parts: Iterable[Sequence[Point]], kind: str, told: str = "", trial: int | None = None) -> Element:
    """A line in several pieces with gaps between, as one mark; a piece of one point is a short stroke."""
    path = "".join(_piece(points) for points in parts if points)
    return _mark("path", f"line {kind}", told, trial, d=path)


def _piece(points: Sequence[Point]) -> str:
    drawn = points if len(points) > 1 else [(points[0][0] - 1.5, points[0][1]), (points[0][0] + 1.5, points[0][1])]
    return "M" + "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in drawn)


def steps(points: Sequence[Point], kind: str, told: str = "", trial: int | None = None) -> Element:
    """A line that keeps its height until the next point and then jumps."""
    x, y = points[0]
    further = "".join(f"H{coordinate(x)}V{coordinate(y)}" for x, y in points[1:])
    return _mark("path", f"line {kind}", told, trial, d=f"M{coordinate(x)} {coordinate(y)}{further}")


def band(upper: Sequence[Point], lower: Sequence[Point], kind: str, told: str = "") -> Element:
    """The area between two lines, such as an interval around a curve."""
    joined = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in (*upper, *reversed(lower)))
    return _mark("path", f"band {kind}", told, None, d=f"M{joined}Z")


def dot(at: Point, radius: float, kind: str, told: str = "", trial: int | None = None) -> Element:
    """A filled circle."""
    x, y = at
    place = {"cx": coordinate(x), "cy": coordinate(y), "r": coordinate(radius)}
    return _mark("circle", f"area {kind}", told, trial, **place)


def cross(at: Point, radius: float, kind: str, told: str = "", trial: int | None = None) -> Element:
    """An x, such as where a training failed."""
    (x, y), r = at, radius
    strokes = ((x - r, y - r), (x + r, y + r)), ((x - r, y + r), (x + r, y - r))
    return pieces(strokes, kind, told, trial)


def bar(
    left: float, top: float, width: float, height: float, kind: str, told: str = "", trial: int | None = None
) -> Element:
    """A filled rectangle; also a cell of a heat map."""
    size = {"width": coordinate(max(width, 0)), "height": coordinate(max(height, 0))}
    return _mark("rect", f"area {kind}", told, trial, x=coordinate(left), y=coordinate(top), **size)


def words(at: Point, text: str, kind: str = "", anchor: str = "start", told: str = "", turned: float = 0) -> Element:
    """A line of text on its base line.

    Args:
        at: the place of its anchor.
        text: what it says.
        kind: its classes.
        anchor: `start`, `middle` or `end` of the text lies there.
        told: the whole of it, where it had to be shortened.
        turned: degrees around the anchor, clockwise.
    """
    x, y = at
    turn = {"transform": f"rotate({coordinate(turned)} {coordinate(x)} {coordinate(y)})"} if turned else {}
    classes = {"class": kind} if kind else {}
    placed = {"x": coordinate(x), "y": coordinate(y), "text-anchor": anchor, **classes, **turn}
    title = element("title", told) if told and told != text else None
    # A title before the text: what follows it in the tree is the text of the element all the same.
    return element("text", title, text, **placed)


def rule(start: Point, end: Point, kind: str) -> Element:
    """A straight line of a grid or an axis."""
    (x1, y1), (x2, y2) = start, end
    ends = {"x1": coordinate(x1), "y1": coordinate(y1), "x2": coordinate(x2), "y2": coordinate(y2)}
    return element("line", class_=kind, **ends)


def group(*marks: Element | None, kind: str = "") -> Element:
    """Several marks together."""
    return element("g", *marks, class_=kind) if kind else element("g", *marks)


def shade(share: float) -> str:
    """The class of a value from 0 (faint) to 1 (strong)."""
    return f"h{min(9, max(0, int(share * 10)))}"


def series(index: int) -> str:
    """The class of the colour of one of several things, by its index from 0."""
    return f"s{index % 8}"


def _mark(tag: str, kind: str, told: str, trial: int | None, **attributes: str) -> Element:
    belongs = {} if trial is None else {"data-trial": str(trial)}
    return element(tag, element("title", told) if told else None, class_=kind, **attributes, **belongs)
