"""What lies beside a model to be shown: lists and small pictures, read with care: anybody may have made them."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cnnsearch.reports.markup import Element, element

_KINDS = {".jpg": "image/jpeg", ".png": "image/png"}
_MOST_BYTES = 1_000_000
"""Of a picture; ours have some ten thousand."""


def mappings(told: object) -> list[Mapping[str, Any]]:
    """Those of a list that are mappings; none of what is no list."""
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def picture(folder: Path, name: object, told: str, **attributes: str) -> Element | None:
    """A picture of a folder, within the page; None where it is not there, or is no picture of ours."""
    path = folder / str(name)
    kind = _KINDS.get(path.suffix)
    if kind is None or path.parent != folder:
        return None
    try:
        content = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
    except (OSError, ValueError):
        return None
    if not content:
        return None
    source = f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
    return element("img", src=source, alt=told, loading="lazy", **attributes)


def figure(shown: Element | None, *caption: Element | str | None) -> Element | None:
    """A picture with what it is below; None without a picture."""
    return None if shown is None else element("figure", shown, element("figcaption", *caption))


def shape_text(shape: Iterable[object]) -> str:
    """A shape as people write it, such as `96 \u00d7 96 \u00d7 3`."""
    return " \u00d7 ".join(map(str, shape))


def shown(parts: Iterable[Element | None]) -> list[Element]:
    """Those that are there."""
    return [part for part in parts if part is not None]
