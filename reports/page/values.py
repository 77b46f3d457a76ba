"""Small parts that all sections are made of: numbers that carry their exact value, pairs, lists, tables."""

from collections.abc import Iterable, Mapping, Sequence

from cnnsearch.reports.markup import Child, Element, element


def number(text: str, value: float) -> Element:
    """A number as a person reads it, which carries the value itself."""
    return element("b", text, **{"data-value": str(value)})


def pairs(told: Mapping[str, Child]) -> Element:
    """Names and what belongs to them."""
    rows = ((element("dt", name), element("dd", value)) for name, value in told.items())
    return element("dl", *(part for row in rows for part in row))


def items(texts: Iterable[Child], class_: str = "") -> Element:
    """A list."""
    return element("ul", *(element("li", text) for text in texts), class_=class_)


def grid(headings: Sequence[str], rows: Iterable[Sequence[Child]], told: str) -> Element:
    """A small table; `told` says what it is of."""
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    lines = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    region = element("div", element("table", element("thead", head), element("tbody", *lines)), class_="scroll")
    for name, value in {"tabindex": "0", "role": "region", "aria-label": told}.items():
        region.set(name, value)
    return region


def folded(title: str, *body: Element) -> Element:
    """Parts that are shown when somebody asks for them."""
    return element("details", element("summary", title), *body)


def verbatim(text: str) -> Element:
    """Text as it stands in a file, its lines kept."""
    lines = element("pre")
    for line in text.splitlines():
        lines.append(element("code", line))
        lines[-1].tail = "\n"
    return lines


def joined(words: Sequence[str]) -> str:
    """`2 oom, 1 nan and 1 crash`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""
