"""Makes values of a space document, fixed and searched, and mappings of them."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Tree = dict[str, Any]
Values = st.SearchStrategy[Any]
OWN_NAMES = ["a", "b-2", "_c", "blocks", "units"]
MOST_KEYS = 4


@st.composite
def choices(draw: st.DrawFn, options: Values) -> Tree:
    """A choice of one to three different options, sometimes with a prior."""
    listed = draw(st.lists(options, min_size=1, max_size=3, unique_by=repr))
    return draw(with_prior({"choice": listed}, st.sampled_from(listed)))


@st.composite
def with_prior(draw: st.DrawFn, node: Tree, priors: Values) -> Tree:
    """The node, sometimes with one of these priors."""
    return {**node, "prior": draw(priors)} if draw(st.integers(0, 4)) == 4 else node


@st.composite
def whole_ranges(draw: st.DrawFn, low: int, high: int) -> Tree:
    """An int range, sometimes on a log scale, whose steps lead from one end to the other."""
    first = draw(st.integers(low, high))
    step = draw(st.integers(1, 3))
    last = first + step * draw(st.integers(0, (high - first) // step))
    node: Tree = {"int": [first, last]}
    if step > 1 or draw(st.booleans()):
        node["step"] = step
    elif first > 0 and draw(st.booleans()):
        node["scale"] = "log"
    return draw(with_prior(node, st.sampled_from([first, last])))


@st.composite
def ranges(draw: st.DrawFn, low: float, high: float) -> Tree:
    """A float range: linear, stepped, or on a log scale."""
    ends = sorted(draw(st.lists(st.floats(low, high).map(abs), min_size=2, max_size=2)))
    kinds = ["linear", "step", "log"] if ends[0] > 0 else ["linear", "step"]
    node: Tree = {"float": ends}
    match draw(st.sampled_from(kinds)):
        case "log":
            node["scale"] = "log"
        case "step":
            start, count = 0.0 if low == 0 else low, draw(st.integers(1, 5))
            step = (high - start) / 10
            node = {"float": [start, start + count * step], "step": step}
    return draw(with_prior(node, st.sampled_from(node["float"])))


def whole(low: int, high: int) -> Values:
    """A whole number, fixed or searched."""
    numbers = st.integers(low, high)
    return numbers | choices(numbers) | whole_ranges(low, high)


def number(low: float, high: float) -> Values:
    """A number, fixed or searched."""
    numbers = st.floats(low, high).map(abs)
    return numbers | choices(numbers) | ranges(low, high)


def word(*words: Any) -> Values:
    """One of some words, fixed or searched."""
    return st.sampled_from(words) | choices(st.sampled_from(words))


def or_null(values: Values, fixed: Values) -> Values:
    """A value or null, fixed or searched."""
    return values | st.none() | choices(fixed | st.none())


flag = word(True, False)
rate = number(0.0, 0.9)
share = number(0.0, 1.0)


@st.composite
def section(draw: st.DrawFn, values: Mapping[str, Values], needed: tuple[str, ...] = ()) -> Tree:
    """A mapping of a few of these keys, and of all that are needed."""
    others = st.sets(st.sampled_from(sorted(values)), max_size=MOST_KEYS)
    return {key: draw(values[key]) for key in sorted({*needed, *draw(others)})}


@st.composite
def named(draw: st.DrawFn, sections: Values, depth: int = 1) -> Any:
    """A section, or a choice over several under names of their own."""
    if not depth or draw(st.integers(0, 3)) < 3:
        return draw(sections)
    names = draw(st.lists(st.sampled_from(OWN_NAMES), min_size=1, max_size=2, unique=True))
    return {"choice": {name: draw(named(sections, depth - 1)) for name in names}}


@st.composite
def kinds(draw: st.DrawFn, known: Mapping[str, Values], depth: int = 3, *, inside: bool = False) -> Any:
    """One of several kinds: by its bare name, with its section, or a choice; choices nest up to the depth."""
    names = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=3, unique=True))
    form = draw(st.sampled_from(["kind", "names", "choice", "choice"] if depth else ["kind"]))
    bare = [name for name in names if name != "custom"]
    if form == "names" and bare:
        return draw(with_prior({"choice": bare}, st.sampled_from(bare)))
    if form == "choice":
        found = {
            name: draw(st.none() if name in bare and draw(st.integers(0, 5)) == 5 else known[name]) for name in names
        }
        own = draw(st.lists(st.sampled_from(OWN_NAMES), max_size=2, unique=True)) if depth > 1 else []
        found |= {name: draw(kinds(known, depth - 1, inside=True)) for name in own}
        return draw(with_prior({"choice": found}, st.sampled_from(sorted(found))))
    if not inside and names[0] in bare and draw(st.booleans()):
        return names[0]
    return {names[0]: draw(known[names[0]])}
