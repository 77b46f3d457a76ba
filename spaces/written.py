"""Writes plain documents as YAML."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter


class _Representer(SafeRepresenter):
    """Writes shared values out instead of pointing to the first."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - ruamel's own signature
        return True


def as_yaml(tree: Mapping[str, Any], comment: str = "") -> str:
    """A plain document as YAML: innermost lists and mappings on one line, keys in their order, under a comment."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 160
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(tree, stream)
    lines = ("".join(char if char.isprintable() else " " for char in line) for line in comment.splitlines())
    return "".join(f"# {line}".rstrip() + "\n" for line in lines) + stream.getvalue()
