"""Writes plain documents as YAML."""

import io
import re
from collections.abc import Mapping
from itertools import starmap
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.emitter import Emitter
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from cnnsearch.spaces.values import Kinds, Stack

_KEPT: dict[tuple[str, str], str] = {}
_MOST_KEPT = 1000
_BARE = re.compile(r"[A-Za-z_./][\w./-]*(:[\w./-]+)*", re.ASCII)


class _Representer(SafeRepresenter):
    """Writes shared values out instead of pointing to the first, and quotes every text that is more than a word.

    Left to itself, the emitter writes some texts bare that the parser does not read back, such as `?0` in braces.
    """

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - ruamel's own signature
        return True

    def represent_text(self, text: str) -> ScalarNode:
        """A word as it is (quoted where it would be read as a number, say), another text in double quotes."""
        style = None if _BARE.fullmatch(text) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Representer.add_representer(str, _Representer.represent_text)
for _marked in (Kinds, Stack):
    _Representer.add_representer(_marked, SafeRepresenter.represent_dict)


class _Emitter(Emitter):
    """Keeps a quoted text on one line: folded, it would lose some of the tabs and spaces at its folds."""

    def write_double_quoted(self, text: str, split: bool = True) -> None:  # noqa: ARG002 - ruamel's own signature
        """Write a text in double quotes."""
        super().write_double_quoted(text, split=False)


def as_yaml(tree: Mapping[str, Any], comment: str = "") -> str:
    """A plain document as YAML: innermost lists and mappings on one line, keys in their order, under a comment."""
    lines = ("".join(char if char.isprintable() else " " for char in line) for line in comment.splitlines())
    above = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    return above + ("".join(starmap(_section, tree.items())) or "{}\n")


def _section(key: str, value: object) -> str:
    """One entry of a document. The configurations of one search have most in common, so what was written is kept."""
    asked = key, repr(value)
    text = _KEPT.get(asked)
    if text is None:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        text = _KEPT[asked] = _dumped({key: value}, flow=None if isinstance(value, Mapping | list | tuple) else False)
    return text


def _dumped(tree: Mapping[str, Any], flow: bool | None) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer, yaml.Emitter = _Representer, _Emitter
    yaml.default_flow_style = flow
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 160
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()
