"""Makes valid space documents of all shapes, as plain trees: with conditions and first configurations."""

import random
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from pydantic import ValidationError

from cnnsearch.spaces.consistency import inconsistencies
from cnnsearch.spaces.document import Document
from cnnsearch.spaces.draws import draw as drawn_by_chance
from cnnsearch.spaces.errors import Problem, SpaceError
from cnnsearch.spaces.reading.explain import dotted
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Domain, FloatRange, IntRange, is_searched, label, options_of, value_of

from .sections import NETWORKS, NETWORKS_AND_CODE, OPTIMIZERS, SCHEDULES, whole_documents
from .values import Tree, Values

REFUSALS = (  # what a made document may be refused for
    "some draw must leave a pixel",
    "takes images of",
    "a conv is dilated or strided",
    "a residual block keeps height and width",
    "values cannot depend on each other in a circle",
    "it changes colours, got data.color gray",
)


def read(tree: object) -> Space:
    """The space that a tree describes, functions of one's own allowed; without the way through a text, which is slow.

    Raises:
        SpaceError: it breaks rules.
    """
    try:
        document = Document.model_validate(tree)
    except ValidationError as error:
        raise SpaceError([Problem(dotted(wrong["loc"]), wrong["msg"]) for wrong in error.errors()]) from None
    problems = [Problem(dotted(found.place), found.rule) for found in inconsistencies(document, allow_code=True)]
    if problems:
        raise SpaceError(problems)
    return Space("made", document)


def read_or_refused(tree: Tree) -> Space | None:
    """The space of a tree; None where it is refused, as it may be, for what only all of it together can say.

    Raises:
        SpaceError: it is refused for something else.
    """
    try:
        return read(tree)
    except SpaceError as error:
        if all(any(rule in problem.rule for rule in REFUSALS) for problem in error.problems):
            return None
        raise


def conditional(node: Any, key: str = "") -> Iterator[Tree]:
    """The searched nodes of a raw tree on which a `when` may stand."""
    if is_searched(node) and key not in ("blocks", "layers"):
        yield node
    for name, child in node.items() if isinstance(node, dict) else ():
        if name not in ("otherwise", "when"):
            yield from conditional(child, name)
    for child in node if isinstance(node, list) else ():
        yield from conditional(child)


def fallback(node: Tree) -> list[Any]:
    """A fixed value for where a node's condition does not hold, in a list; an empty one where none is known."""
    if "choice" not in node:
        return node.get("int", node.get("float"))[:1]
    if isinstance(node["choice"], list):
        return node["choice"][:1]
    return [name for name in node["choice"] if name in {*NETWORKS, *OPTIMIZERS, *SCHEDULES}][:1]


def _holds(domain: Domain, option: Any) -> bool:
    try:
        value_of(domain, label(option))
    except ValueError:
        return False
    return True


def comparable(space: Space) -> dict[str, list[Any]]:
    """What a `when` may look at: searched values that can be listed, and fixed scalars; with some of their values."""
    found: dict[str, list[Any]] = {}

    def walk(node: Any, name: str) -> None:
        if is_searched(node):
            node = node.get("choice")
            children = node.items() if isinstance(node, Mapping) else ()
        elif isinstance(node, Mapping):
            children = node.items()
        else:
            children = ()
            if not isinstance(node, list):
                found[name] = [node, "else"]
        for key, child in children:
            if not (isinstance(child, Mapping) and "per" in child) and "." not in key and name != "search":
                walk(child, f"{name}.{key}" if name else key)

    walk(space.tree, "")
    for parameter in space.parameters:
        if not isinstance(parameter.domain, FloatRange):
            options = [*range(1, 5), 32] if isinstance(parameter.domain, IntRange) else options_of(parameter.domain)
            found[parameter.name] = [label(option) for option in options if _holds(parameter.domain, option)]
    return {name: values for name, values in found.items() if values}


@st.composite
def conditioned(draw: st.DrawFn, tree: Tree, space: Space) -> Tree:
    """The tree with a `when` on up to three values, of those that do not go round in a circle."""
    targets = comparable(space)
    for _ in range(draw(st.integers(0, 3))):
        more = deepcopy(tree)
        nodes = [node for node in conditional(more) if "when" not in node]
        if not nodes:
            break
        node = draw(st.sampled_from(nodes))
        name = draw(st.sampled_from(sorted(targets)))
        values = draw(st.lists(st.sampled_from(targets[name]), min_size=1, max_size=2))
        node["when"] = {name: values[0] if len(values) == 1 and draw(st.booleans()) else values}
        if draw(st.booleans()) and (other := fallback(node)):
            node["otherwise"] = other[0]
        try:
            read(more)
        except SpaceError as error:
            known = (*REFUSALS, "needs one for where")
            if not all(any(rule in problem.rule for rule in known) for problem in error.problems):
                raise
            continue
        tree = more
    return tree


@st.composite
def parts(draw: st.DrawFn, node: Any, keep: bool = False) -> Any:
    """A part of a configuration: some of its keys, and of theirs."""
    if not isinstance(node, dict) or not node:
        return node
    names = sorted(node) if len(node) == 1 or keep else sorted(draw(st.sets(st.sampled_from(sorted(node)), max_size=3)))
    return {name: draw(parts(node[name])) for name in names}


@st.composite
def documents(draw: st.DrawFn, networks: Mapping[str, Values] = NETWORKS_AND_CODE) -> Tree:
    """A valid document."""
    tree = draw(whole_documents(networks))
    space = read_or_refused(tree)
    assume(space is not None)
    tree = draw(conditioned(tree, space))
    if draw(st.integers(0, 3)) == 3:
        space = read(tree)
        configuration = plain(space.configuration(drawn_by_chance(space, random.Random(draw(st.integers(0, 9))))))
        taken = {name: configuration[name] for name in ("augment", "model", "head", "optimizer", "training")}
        start = draw(parts(taken, keep=draw(st.booleans())))
        tree = {**tree, "search": {**tree.get("search", {}), "start_from": [start]}}
    return tree


spaces: st.SearchStrategy[Space] = documents().map(read)
