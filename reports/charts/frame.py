"""The frame of a chart: where its plot lies, its axes with what is written at them, its grid, and its legend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cnnsearch.reports.charts.marks import Point, bar, rule, words
from cnnsearch.reports.charts.scales import Categories, Scale, Tick
from cnnsearch.reports.charts.words import NAME, SIZE, fitted, width
from cnnsearch.reports.markup import Element, element
from cnnsearch.spaces.values import Scalar

WIDTH = 720.0
"""Units that every chart is wide; shown so wide, a unit is a pixel."""
_MOST_LABEL = 150.0
_LINE = 16.0


@dataclass(frozen=True)
class Box:
    """A rectangle, from its top left."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height


@dataclass(frozen=True)
class Axis:
    """A scale and what it is of, such as `val_accuracy` or `seconds`."""

    scale: Scale
    title: str = ""


@dataclass(frozen=True)
class Frame:
    """A plot with its axes.

    Attributes:
        plot: where marks are drawn.
        x: grows to the right.
        y: grows upward.
    """

    plot: Box
    x: Axis
    y: Axis

    def x_at(self, value: Scalar) -> float:
        """The place of a value across."""
        return self.plot.left + self.x.scale.share(value) * self.plot.width

    def y_at(self, value: Scalar) -> float:
        """The place of a value upward."""
        return self.plot.bottom - self.y.scale.share(value) * self.plot.height

    def at(self, x: Scalar, y: Scalar) -> Point:
        """The place of two values."""
        return self.x_at(x), self.y_at(y)

    def surround(self) -> list[Element]:
        """Grid, axes, and what is written at them; drawn before the marks."""
        return [*self._upward(), *self._across(), *self._titles()]

    def _upward(self) -> Iterable[Element]:
        plot, room = self.plot, self.plot.left - 8
        for tick in self.y.scale.ticks(most_upward(plot.height)):
            at = plot.bottom - tick.share * plot.height
            yield rule((plot.left, at), (plot.right, at), "grid")
            text = fitted(tick.text, min(room, _MOST_LABEL))
            yield words((plot.left - 7, at + 4), text, "tick", "end", tick.text)

    def _across(self) -> Iterable[Element]:
        plot = self.plot
        yield rule((plot.left, plot.bottom), (plot.right, plot.bottom), "axis")
        for tick, text in across(self.x.scale, plot.width):
            at = plot.left + tick.share * plot.width
            yield rule((at, plot.bottom), (at, plot.bottom + 4), "axis")
            anchor, place = _kept_inside(at, text, plot)
            yield words((place, plot.bottom + 17), text, "tick", anchor, tick.text)

    def _titles(self) -> Iterable[Element]:
        plot = self.plot
        if self.y.title:
            yield words(
                (plot.left, plot.top - 9), fitted(self.y.title, plot.width, NAME), "name", "start", self.y.title
            )
        if self.x.title:
            text = fitted(self.x.title, plot.width, NAME)
            yield words((plot.right, plot.bottom + 34), text, "name", "end", self.x.title)


def _kept_inside(at: float, text: str, plot: Box) -> tuple[str, float]:
    """Anchor and place of a word under a tick, which must not reach over the drawing's right edge."""
    over = at + width(text) / 2 - (plot.right + 12)
    return ("end", plot.right + 12) if over > 0 else ("middle", at)


def most_upward(height: float) -> int:
    """How many values may stand at an axis of this height."""
    return max(2, int(height / 34))


def across(scale: Scale, room: float) -> list[tuple[Tick, str]]:
    """The values below an axis of this width with how they are written: as many as do not touch."""
    if isinstance(scale, Categories):
        return _names_across(scale, room)
    for most in range(max(2, int(room / 44)), 1, -1):
        ticks = scale.ticks(most)
        if _fit(ticks, room):
            break
    else:
        ticks = scale.ticks(2)[:1]
    return [(tick, tick.text) for tick in ticks]


def _fit(ticks: Sequence[Tick], room: float) -> bool:
    return all((b.share - a.share) * room > (width(a.text) + width(b.text)) / 2 + 8 for a, b in pairwise(ticks))


def _names_across(scale: Categories, room: float) -> list[tuple[Tick, str]]:
    """All names, shortened to their parts; where a part has no room for five letters, every second one, and so on."""
    ticks = scale.ticks(max(1, int(room / 46)))
    part = room / max(1, len(ticks))
    return [(tick, fitted(tick.text, part - 8)) for tick in ticks]


def framed(x: Axis, y: Axis, outer: Box) -> Frame:
    """A frame whose axes with all that is written at them fill a rectangle."""
    top = 24.0 if y.title else 10.0
    below = 40.0 if x.title else 24.0
    labels = y.scale.ticks(most_upward(outer.height - top - below))
    left = min(_MOST_LABEL, outer.width / 3, max((width(tick.text) for tick in labels), default=0)) + 10
    plot = Box(outer.left + left, outer.top + top, outer.width - left - 14, outer.height - top - below)
    return Frame(plot, x, y)


@dataclass(frozen=True)
class Key:
    """An entry of a legend: the classes of a mark and what they stand for."""

    kind: str
    text: str


def legend(keys: Sequence[Key], left: float, top: float, room: float) -> tuple[list[Element], float]:
    """Keys in as many lines as they take within a width, and how high these are together."""
    drawn: list[Element] = []
    x, y = left, top
    for key in keys:
        text = fitted(key.text, room - 22)
        wide = 18 + width(text) + 16
        if x > left and x + wide - 16 > left + room:
            x, y = left, y + _LINE
        drawn += [bar(x, y + 2, 12, 9, key.kind), words((x + 17, y + SIZE - 1), text, "", "start", key.text)]
        x += wide
    return drawn, (y - top + _LINE) if keys else 0.0


def drawing(parts: Iterable[Element | None], told: str, height: float, width_: float = WIDTH) -> Element:
    """The whole picture; `told` is for who does not see it."""
    return element(
        "svg",
        *parts,
        class_="chart",
        viewBox=f"0 0 {width_:g} {height:g}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
        **{"aria-label": told},
    )
