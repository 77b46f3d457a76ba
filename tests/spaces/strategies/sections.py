"""Makes the sections of a space document, every key and form, and whole documents without conditions."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from cnnsearch.spaces.values import is_searched

from .values import (
    MOST_KEYS,
    Tree,
    Values,
    choices,
    flag,
    kinds,
    named,
    number,
    or_null,
    rate,
    section,
    share,
    whole,
    whole_ranges,
    word,
)

ACTIVATIONS = ["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh", "mish"]


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
