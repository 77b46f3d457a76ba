"""HTML as a tree of elements: text from data becomes text, whatever is in it, since nothing here reads markup."""

from xml.etree import ElementTree as ET

from cnnsearch.reports.inert import visible

Element = ET.Element
Child = Element | str | None
"""What stands in an element: another one, text, or nothing."""


def element(tag: str, *children: Child, **attributes: str) -> Element:
    """An element; an attribute such as `class_` loses its underscore. Control characters are spelled out."""
    made = ET.Element(tag, {name.rstrip("_"): visible(value) for name, value in attributes.items()})
    for child in children:
        if isinstance(child, str):
            _append_text(made, visible(child))
        elif child is not None:
            made.append(child)
    return made


def _append_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def page(head: Element, body: Element) -> str:
    """A whole HTML document in English."""
    root = element("html", head, body, lang="en")
    return "<!DOCTYPE html>\n" + ET.tostring(root, encoding="unicode", method="html") + "\n"
