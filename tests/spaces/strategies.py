"""Makes valid space documents of all shapes, as plain trees: every key and form, conditions, first configurations."""

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

Tree = dict[str, Any]
Values = st.SearchStrategy[Any]
ACTIVATIONS = ["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh", "mish"]
OWN_NAMES = ["a", "b-2", "_c", "blocks", "units"]
MOST_KEYS = 4


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


# Searched values.


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
    """An int range whose steps lead from one end to the other."""
    first = draw(st.integers(low, high))
    step = draw(st.integers(1, 3))
    last = first + step * draw(st.integers(0, (high - first) // step))
    node: Tree = {"int": [first, last]}
    if step > 1 or draw(st.booleans()):
        node["step"] = step
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


# The sections.


@st.composite
def entries(draw: st.DrawFn, values: Values, most: int, word_: str) -> Any:
    """One value for all blocks or layers, one drawn anew for each, or a list of them."""
    value = draw(values)
    if is_searched(value) and draw(st.booleans()):
        return {**value, "per": word_}
    if most and draw(st.integers(0, 3)) == 3:
        return draw(st.lists(values, min_size=most, max_size=most))
    return value


def most_of(count: Any) -> int:
    """The largest that a fixed or searched number may be."""
    return max(count.get("choice") or count["int"]) if isinstance(count, dict) else int(count)


growth = section({"start": whole(1, 16), "growth": number(0.5, 2.5), "most": whole(1, 64)}, ("start",))
BLOCK: dict[str, Values] = {
    "convs": whole(1, 2),
    "conv": word("plain", "separable", "depthwise_separable"),
    "filters": whole(1, 32),
    "kernel_size": whole(1, 5),
    "strides": whole(1, 2),
    "dilation": whole(1, 2),
    "padding": word("same", "valid"),
    "activation": word(*ACTIVATIONS),
    "batch_norm": flag,
    "norm": word("none", "batch", "layer", "group"),
    "norm_place": word("before_activation", "after_activation", "before_conv"),
    "norm_groups": whole(1, 8),
    "residual": flag,
    "squeeze_excite": whole(0, 4),
    "custom": word(None, "mine.blocks:fire"),
    "pool": word("max", "average", "none"),
    "pool_size": whole(2, 3),
    "pool_stride": or_null(whole(1, 2), st.integers(1, 2)),
    "pool_padding": word("same", "valid"),
    "dropout": rate,
    "dropout_kind": word("plain", "spatial"),
}


@st.composite
def scratches(draw: st.DrawFn, left_out: tuple[str, ...] = ("custom",)) -> Tree:
    """A scratch model of few filters."""
    tree: Tree = {"blocks": draw(whole(1, 4))} if draw(st.booleans()) else {}
    most = most_of(tree.get("blocks", 3))
    keys = sorted(set(BLOCK) - set(left_out))
    taken = draw(st.sets(st.sampled_from(keys), max_size=MOST_KEYS))
    for key in sorted(taken - ({"norm"} if "batch_norm" in taken else set())):
        tree[key] = draw(growth if key == "filters" and draw(st.booleans()) else entries(BLOCK[key], most, "block"))
    return tree | draw(section({"l2": number(0.0, 0.1)}))


anything = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2).map(lambda x: x + 0.0) | st.sampled_from("xy")
)
arguments = st.dictionaries(st.sampled_from(["width", "depth", "rate"]), anything | word("x", "y", 3) | whole(1, 9))
customs = st.just("mine:net") | section({"function": st.just("mine.nets:Net"), "arguments": arguments}, ("function",))
backbones = section({"weights": word("imagenet", None, "w.h5"), "trainable_from": word("none", "all", "block5")})
mobilenets = section(
    {"weights": word(None, "w.h5"), "alpha": word(0.25, 0.5, 0.75, 1.0) | st.just({"float": [0.5, 1.0], "step": 0.25})}
)
NETWORKS: dict[str, Values] = {"scratch": named(scratches()), "vgg16": named(backbones), "mobilenet": named(mobilenets)}
NETWORKS_AND_CODE = {**NETWORKS, "scratch": named(scratches(())), "custom": named(customs)}

_MOVED: dict[str, Values] = {"learning_rate": number(1e-6, 1.0), "weight_decay": share}
_ADAM = named(section({**_MOVED, "beta_1": rate, "beta_2": rate, "epsilon": number(1e-9, 1.0)}))
OPTIMIZERS: dict[str, Values] = {
    "sgd": named(section({**_MOVED, "momentum": rate, "nesterov": flag})),
    "rmsprop": section({**_MOVED, "rho": rate, "momentum": rate, "epsilon": number(1e-9, 1.0), "centered": flag}),
    "adam": _ADAM,
    "adamw": _ADAM,
    "nadam": _ADAM,
    "adagrad": section({**_MOVED, "initial_accumulator_value": rate, "epsilon": number(1e-9, 1.0)}),
    "lion": section({**_MOVED, "beta_1": number(0.1, 0.9), "beta_2": rate}),
}
warmup = number(0.0, 5.0)
SCHEDULES: dict[str, Values] = {
    "constant": section({"warmup": warmup}),
    "cosine": named(section({"warmup": warmup, "end": share})),
    "inverse_time": section({"warmup": warmup, "decay": or_null(number(1e-6, 0.1), st.just(0.01))}),
    "step": section({"warmup": warmup, "every": whole(1, 9), "factor": number(0.1, 0.9)}),
}

layers = whole(1, 32) | section({"units": whole(1, 32), "dropout": rate, "activation": word(*ACTIVATIONS)}, ("units",))


@st.composite
def dense_stacks(draw: st.DrawFn) -> Tree:
    """Dense layers, how many of which may be searched."""
    tree: Tree = {"layers": draw(whole(0, 3))} if draw(st.booleans()) else {}
    most = most_of(tree.get("layers", 1))
    values = {"units": whole(1, 32), "dropout": rate, "activation": word(*ACTIVATIONS)}
    taken = {"units", *draw(st.sets(st.sampled_from(sorted(values))))}
    return tree | {key: draw(entries(values[key], most, "layer")) for key in sorted(taken)}


dense = (
    st.lists(layers, max_size=2)
    | dense_stacks()
    | choices(st.sampled_from([[], [8], [8, {"units": 4, "dropout": 0.5}], {"layers": 2, "units": 4}]))
    | st.fixed_dictionaries(
        {"choice": st.fixed_dictionaries({"flat": st.lists(layers, max_size=2), "deep": dense_stacks()})}
    )
)
heads = section(
    {
        "pooling": word("flatten", "average", "max"),
        "dropout": rate,
        "dense": dense,
        "output": word("softmax", "sigmoid"),
        "l2": number(0.0, 0.1),
    }
)
flips = dict.fromkeys(["horizontal_flip", "vertical_flip"], flag)
NAMES = "rotation zoom shear translation contrast brightness saturation hue erasing rand_augment"
strengths = dict.fromkeys(NAMES.split(), share)
augments = section({**flips, **strengths, "mixup": number(0.0, 8.0), "cutmix": number(0.0, 8.0)})
stopping = named(section({"monitor": st.sampled_from(["val_loss", "val_accuracy"]), "patience": whole(1, 5)}))
trainings = section(
    {
        "epochs": whole(1, 9),
        "batch_size": whole(1, 64) | st.just({"int": [1, 10**9]}),
        "steps_per_epoch": or_null(whole(1, 9), st.integers(1, 9)),
        "loss": word("crossentropy", "binary_crossentropy", "focal"),
        "label_smoothing": rate,
        "class_weights": word("none", "balanced", {"cat": 1.0, "dog.1": 2.5}, {"yes": 0}),
        "clip_norm": or_null(number(0.1, 5.0), st.just(1.0)),
        "ema": or_null(number(0.1, 0.9), st.just(0.99)),
        "schedule": kinds(SCHEDULES, 2),
        "early_stopping": st.none()
        | stopping
        | st.just({"choice": [None, {"patience": 2}]})
        | st.fixed_dictionaries({"choice": st.fixed_dictionaries({"none": st.none(), "some": stopping})}),
        "seed": st.none() | st.integers(0, 9),
    }
)
searches = section(
    {
        "sampler": st.sampled_from(
            ["tpe", "random", "evolution", {"evolution": {"population": 9}}, {"tpe": {"startup": 3}}]
        ),
        "pruner": st.sampled_from(
            [
                "asha",
                "median",
                "none",
                {"percentile": {"percentile": 40.0}},
                {"threshold": {"lower": 0.6}},
                {"patient": {}},
            ]
        ),
        "time": st.sampled_from(["90s", "1h30m", 0.5, 7200, None]),
        "seed": st.just(0),
    }
)
image_sizes = (
    st.integers(32, 64) | st.just([32, 48]) | choices(st.sampled_from([32, [32, 40], 64])) | whole_ranges(32, 64)
)
data = section(
    {
        "source": st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20),
        "image_size": image_sizes,
        "color": st.sampled_from(["rgb", "gray"]),
        "split": st.just({"seed": 7}),
    },
    ("source",),
)


def whole_documents(networks: Mapping[str, Values]) -> Values:
    """Documents of all sections, without conditions."""
    return section(
        {
            "version": st.just(1),
            "data": data,
            "augment": named(augments, 2),
            "model": kinds(networks),
            "head": named(heads, 2),
            "optimizer": kinds(OPTIMIZERS, 2),
            "training": trainings,
            "search": searches,
            "keep": st.just({"checkpoints": 1}),
        },
        ("data", "model"),
    )


# Conditions, and configurations to start from.

REFUSALS = (  # what a made document may be refused for
    "some draw must leave a pixel",
    "takes images of",
    "a conv is dilated or strided",
    "a residual block keeps height and width",
    "values cannot depend on each other in a circle",
    "it changes colours, got data.color gray",
)


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
