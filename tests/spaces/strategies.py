"""Makes valid space documents of all shapes, as plain trees."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.written import as_yaml

Tree = dict[str, Any]
ACTIVATIONS = ["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh"]


def choices(options: st.SearchStrategy[Any]) -> st.SearchStrategy[Tree]:
    """A choice of one to three different options."""
    return st.fixed_dictionaries({"choice": st.lists(options, min_size=1, max_size=3, unique_by=repr)})


@st.composite
def whole_ranges(draw: st.DrawFn, low: int, high: int) -> Tree:
    """An int range whose steps lead from one end to the other."""
    first = draw(st.integers(low, high))
    step = draw(st.integers(1, 3))
    last = first + step * draw(st.integers(0, (high - first) // step))
    node: Tree = {"int": [first, last]}
    if step > 1 or draw(st.booleans()):
        node["step"] = step
    return node


@st.composite
def ranges(draw: st.DrawFn, low: float, high: float) -> Tree:
    """A float range: linear, stepped, or on a log scale."""
    ends = sorted(draw(st.lists(st.floats(low, high), min_size=2, max_size=2)))
    kinds = ["linear", "step", "log"] if ends[0] > 0 else ["linear", "step"]
    match draw(st.sampled_from(kinds)):
        case "log":
            return {"float": ends, "scale": "log"}
        case "step":
            start, count = 0.0 if low == 0 else low, draw(st.integers(1, 5))
            step = (high - start) / 10
            return {"float": [start, start + count * step], "step": step}
        case _:
            return {"float": ends}


def whole(low: int, high: int) -> st.SearchStrategy[Any]:
    """A whole number, fixed or searched."""
    numbers = st.integers(low, high)
    return numbers | choices(numbers) | whole_ranges(low, high)


def number(low: float, high: float) -> st.SearchStrategy[Any]:
    """A number, fixed or searched."""
    numbers = st.floats(low, high).map(abs)
    return numbers | choices(numbers) | ranges(low, high)


def word(*words: str) -> st.SearchStrategy[Any]:
    """One of some words, fixed or searched."""
    return st.sampled_from(words) | choices(st.sampled_from(words))


flag = st.booleans() | choices(st.booleans())
rate = number(0.0, 0.9)


@st.composite
def per_block(draw: st.DrawFn, values: st.SearchStrategy[Any], most: int) -> Any:
    """One value for all blocks, one drawn anew for each, or a list of them."""
    value = draw(values)
    if isinstance(value, dict) and draw(st.booleans()):
        return {**value, "per": "block"}
    return draw(st.lists(values, min_size=most, max_size=most)) if draw(st.booleans()) else value


@st.composite
def scratches(draw: st.DrawFn) -> Tree:
    """A scratch model that fits into 32 pixels in every draw."""
    blocks = draw(whole(1, 4))
    counts = blocks.get("choice") or blocks["int"] if isinstance(blocks, dict) else [blocks]
    values = {
        "convs": whole(1, 2),
        "filters": whole(1, 64),
        "kernel_size": whole(1, 5),
        "activation": word(*ACTIVATIONS),
        "batch_norm": flag,
        "pool": word("max", "average", "none"),
        "dropout": rate,
    }
    taken = draw(st.sets(st.sampled_from(sorted(values))))
    return {"blocks": blocks, **{key: draw(per_block(values[key], max(counts))) for key in sorted(taken)}}


backbones = st.fixed_dictionaries({}, optional={"weights": st.sampled_from(["imagenet", None, "w.h5"])})
mobilenets = st.fixed_dictionaries({}, optional={"alpha": choices(st.sampled_from([0.25, 0.5, 0.75, 1.0]))})
adaptive = st.fixed_dictionaries({}, optional={"learning_rate": number(1e-6, 1.0)})
sgd = st.fixed_dictionaries({}, optional={"learning_rate": number(1e-6, 1.0), "momentum": rate, "nesterov": flag})


@st.composite
def branches(draw: st.DrawFn, known: dict[str, st.SearchStrategy[Tree]]) -> Tree:
    """One branch, or a choice over some."""
    names = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, unique=True))
    found = {name: draw(known[name]) for name in names}
    return {"choice": found} if len(found) > 1 or draw(st.booleans()) else found


dense = whole(1, 64) | st.fixed_dictionaries({"units": whole(1, 64)}, optional={"dropout": rate})
image_sizes = (
    st.integers(32, 64) | st.just([32, 48]) | choices(st.sampled_from([32, [32, 40], 64])) | whole_ranges(32, 64)
)
documents: st.SearchStrategy[Tree] = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries(
            {"source": st.text(min_size=1, max_size=20)}, optional={"image_size": image_sizes}
        ),
        "model": branches({"scratch": scratches(), "vgg16": backbones, "mobilenet": mobilenets}),
    },
    optional={
        "version": st.just(1),
        "augment": st.fixed_dictionaries({}, optional={"horizontal_flip": flag, "zoom": number(0.0, 1.0)}),
        "head": st.fixed_dictionaries(
            {},
            optional={
                "pooling": word("flatten", "average", "max"),
                "dense": st.lists(dense, max_size=2) | choices(st.sampled_from([[], [8], [8, 4]])),
            },
        ),
        "optimizer": branches({"sgd": sgd, "adam": adaptive, "rmsprop": adaptive}) | st.sampled_from(["sgd", "adam"]),
        "training": st.fixed_dictionaries(
            {}, optional={"batch_size": whole(1, 64), "early_stopping": st.none() | st.just({"patience": 2})}
        ),
        "search": st.fixed_dictionaries(
            {}, optional={"time": st.sampled_from(["90s", "1h30m", 0.5, 7200]), "seed": st.just(0)}
        ),
    },
)
spaces: st.SearchStrategy[Space] = documents.map(lambda tree: loads_space(as_yaml(tree), "made"))


@st.composite
def broken_documents(draw: st.DrawFn) -> Tree:
    """A valid document in which up to three nodes were dropped, swapped or given another type."""
    tree = deepcopy(draw(documents))  # parts of it belong to the strategies
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
                holder[key] = draw(
                    st.sampled_from([None, True, -1, 10**30, 1e-9, float("nan"), "x", "16", [], {}, [[]]])
                )
    return tree


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
