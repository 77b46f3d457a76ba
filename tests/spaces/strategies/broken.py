"""Makes space documents that are nearly valid."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from .documents import documents
from .values import Tree


@st.composite
def broken_documents(draw: st.DrawFn) -> Tree:
    """A valid document in which up to three nodes were dropped, swapped or given another type."""
    tree = deepcopy(draw(documents()))  # parts of it belong to the strategies
    for _ in range(draw(st.integers(1, 3))):
        holders = list(_holders(tree))
        holder, key = draw(st.sampled_from(holders))
        other, other_key = draw(st.sampled_from(holders))
        match draw(st.sampled_from(["drop", "swap", "retype"])):
            case "drop":
                del holder[key]
            case "swap":
                holder[key] = other[other_key] if not _is_inside(holder, other[other_key]) else None
            case "retype":
                holder[key] = deepcopy(draw(st.sampled_from(WRONG)))  # a later round may break into it
    return tree


WRONG: list[Any] = [
    *[None, True, -1, 10**30, 10**390, 1e-9, float("nan"), float("inf"), "x", "16", "", "adam", "a.b", [], {}, [[]]],
    *[{"choice": []}, {"choice": {}}, {"choice": {"a": None}}, {"int": [1, 10**390]}, {"float": [0, "model.scratch"]}],
    *[{"choice": [1, 1.0]}, {"int": [3, 4], "when": {"model": "scratch"}, "otherwise": {"int": [1, 2]}}],
    *[{"when": {}}, {"start": {"int": [1, 2], "when": {"model": []}}}, [{"choice": [1, {"int": [1, 2]}]}]],
]


def _holders(node: Any) -> Any:
    for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key
        yield from _holders(node[key])
    if not node:
        yield {"spare": 1}, "spare"


def _is_inside(part: Any, node: Any) -> bool:
    if part is node:
        return True
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return any(_is_inside(part, child) for child in children)
