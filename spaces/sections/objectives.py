"""What trials are ranked by, and what they must keep to: the words of `search.objective` and `search.constraints`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from pydantic.json_schema import WithJsonSchema

from cnnsearch.spaces.nearest import among, nearest
from cnnsearch.spaces.sections.rules import KEY_RULE, broken, rejection, violation
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.values import shown

MEASURES = ("parameters", "latency", "model_size")
"""What is known of a model before it is trained: weights, seconds, bytes."""
METRICS = ("val_accuracy", "val_loss", "val_macro_f1", "val_auc")
"""What every epoch is measured by, or can be where it is asked for."""
WORDS = (*METRICS, *MEASURES)
KERAS_METRICS = (
    *("binary_accuracy", "binary_crossentropy", "categorical_accuracy", "categorical_crossentropy"),
    *("categorical_hinge", "concordance_correlation", "cosine_similarity", "f1_score", "f_beta_score"),
    *("false_negatives", "false_positives", "hinge", "kl_divergence", "log_cosh_error", "mean_absolute_error"),
    *("mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error"),
    *("pearson_correlation", "poisson", "precision", "r2_score", "recall", "root_mean_squared_error"),
    *("sparse_categorical_accuracy", "sparse_categorical_crossentropy", "sparse_top_k_categorical_accuracy"),
    *("squared_hinge", "top_k_categorical_accuracy", "true_negatives", "true_positives"),
)
"""The metrics of Keras that need no argument, by the snake case of their classes."""
_UNITS: Mapping[str, Mapping[str, float]] = {
    "parameters": {"": 1},
    "latency": {"us": 1e-6, "ms": 1e-3, "s": 1},
    "model_size": {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30},
}
_EXAMPLES = {"parameters": "<= 1e6", "latency": "<= 10ms", "model_size": "<= 5MB"}
_LIMIT = re.compile(r"\s*([<>=!]*)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\s\d]*)\s*")
_ZEROS = {"k": "e3", "K": "e3", "M": "e6", "G": "e9", "%": "e-2"}
"""What people write behind a number, as its exponent."""
_LONGEST = 100


class Goal(NamedTuple):
    """One thing that trials are ranked by: its name as it is logged, and whether `max` or `min` of it is sought."""

    metric: str
    direction: str


@dataclass(frozen=True)
class Limit:
    """What a model must keep to.

    Attributes:
        name: a metric such as `val_macro_f1`, or one of `MEASURES`.
        sign: `<=` or `>=`.
        bound: in weights, seconds or bytes; of a metric, its value.
    """

    name: str
    sign: str
    bound: float

    def violation(self, value: float | None) -> float:
        """By how much of the bound a value is on its wrong side; 0 where it keeps to it, or is not known."""
        if value is None:
            return 0.0
        over = value - self.bound if self.sign == "<=" else self.bound - value
        return max(0.0, over / (abs(self.bound) or 1.0))

    def complaint(self, value: float) -> str:
        """That a value breaks it: `latency 14.2 ms > 10 ms`."""
        sign = ">" if self.sign == "<=" else "<"
        found, bound = measured(self.name, value), measured(self.name, self.bound)
        if found == bound:  # rounded alike
            found, bound = f"{value:.10g}", f"{self.bound:.10g}"
        return f"{self.name} {found} {sign} {bound}"


def measured(name: str, value: float) -> str:
    """A value with its unit: `14.2 ms`, `4.9 MB`, `1,000,000`, `0.8123`."""
    if name == "parameters":
        return f"{value:,.0f}"
    if name == "latency":
        return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
    if name == "model_size":
        for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if value >= 0.9995 * size:
                return f"{value / size:.3g} {unit}"
        return f"{value:.0f} B"
    return f"{value:.4f}"


def parse_limit(name: str, text: str) -> Limit:
    """The limit in a text such as `<= 10ms`.

    Raises:
        PydanticCustomError: it is no limit for this name.
    """
    example = _EXAMPLES.get(name, ">= 0.8")
    found = _LIMIT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise broken(f"a limit is a sign, a number and its unit, got {shown(text)}", f'Write it like "{example}".')
    sign, number, unit = found.groups()
    if sign not in ("<=", ">="):
        rule = f"a limit begins with <= or >=, got {shown(sign or text)}"
        least = ">" in sign or (not sign and name not in MEASURES and direction_of(name) == "max")
        raise broken(rule, f'Write "{">=" if least else "<="} {number}{unit}".')
    units = _UNITS.get(name, {"": 1})
    if unit not in units:
        raise _wrong_unit(name, unit, f"{sign} {number}")
    bound = float(number) * units[unit]
    if not abs(bound) < float("inf") or (name in MEASURES and bound <= 0):
        raise broken(f"the bound of {name} is a finite number over 0, got {number}", f'Write it like "{example}".')
    return Limit(name, sign, bound)


def _wrong_unit(name: str, unit: str, before: str) -> Exception:
    units = [known for known in _UNITS.get(name, {}) if known]
    if not units:
        meant = f"{before}{_ZEROS.get(unit, '')}"
        return broken(f"a limit of {name} is a number without a unit, got {unit!r}", f'Write "{meant}".')
    got = repr(unit) if unit else "none"
    near = nearest(unit, units) if unit else ""
    return broken(f"a limit of {name} has a unit, got {got}", f"{near}The units are {', '.join(units)}.")


def known_metric(name: str) -> bool:
    """Whether epochs can be measured by it."""
    return name in METRICS or (name.startswith("val_") and name.removeprefix("val_") in KERAS_METRICS)


def check_metric(name: str) -> str:
    """A metric's name as it is logged, `val_` included.

    Raises:
        PydanticCustomError: there is none of this name.
    """
    if known_metric(name):
        return name
    every = (*METRICS, *(f"val_{metric}" for metric in KERAS_METRICS))
    if f"val_{name}" in every:
        raise broken(f"a metric of the validation part begins with val_, got {name!r}", f"Write val_{name}.")
    rule = f"a metric is one of ours or of Keras' that need no argument, got {name!r}"
    raise broken(rule, _cut_short(name, every) or among(name, every, "Metrics:"))


def _cut_short(word: str, known: Sequence[str]) -> str:
    """The one known word that another one begins: val_acc is nearer to val_accuracy than to val_auc."""
    begun = [name for name in known if name.startswith(word)]
    return f"Did you mean `{begun[0]}`? " if begun else ""


def _known_word(word: str) -> str:
    if word in WORDS:
        return word
    if known_metric(word):
        rule = f"an objective that is not one of {', '.join(WORDS)} has a direction, got {word!r} alone"
        raise broken(rule, f"Write {{metric: {word}, direction: max}}, or min.")
    rule = f"an objective is one of {', '.join(WORDS)} or a Keras metric with its direction, got {word!r}"
    raise broken(
        rule,
        f"{_cut_short(word, WORDS) or nearest(word, WORDS)}Any other is written {{metric: val_precision, direction: max}}.",
    )


class MetricObjective(Section):
    """A metric of Keras with its direction: `{metric: val_precision, direction: max}`."""

    metric: Annotated[str, AfterValidator(check_metric)]
    """`val_` and the snake case of a class in keras.metrics that needs no argument."""
    direction: Literal["max", "min"]
    """Whether more of it is better, or less."""


def _form(value: object) -> str:
    """What is meant: one word, a metric with its direction, or a list of objectives."""
    if isinstance(value, dict | MetricObjective):
        return "<mapping>"
    return "<list>" if isinstance(value, list) else "<word>"


def _several(objectives: list[Any]) -> list[Any]:
    if len(objectives) < 2:
        raise broken(f"several objectives are at least two, got {len(objectives)}", "Write one without brackets.")
    names = [goal_of(objective).metric for objective in objectives]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise broken(f"each objective is named once, got {twice} twice", "Take one away.")
    return objectives


Word = Annotated[str, AfterValidator(_known_word), Field(json_schema_extra={"enum": list(WORDS)})]
OneObjective = Annotated[
    Annotated[Word, Tag("<word>")] | Annotated[MetricObjective, Tag("<mapping>")], Discriminator(_form)
]
ObjectiveForms = Annotated[
    Annotated[Word, Tag("<word>")]
    | Annotated[MetricObjective, Tag("<mapping>")]
    | Annotated[list[OneObjective], AfterValidator(_several), Tag("<list>")],
    Discriminator(_form),
]


def goal_of(objective: str | MetricObjective) -> Goal:
    """What one objective asks for."""
    if isinstance(objective, MetricObjective):
        return Goal(objective.metric, objective.direction)
    return Goal(objective, direction_of(objective))


def direction_of(name: str) -> str:
    """Whether more (`max`) or less (`min`) of a metric or measure is better, as far as its name says it."""
    return "min" if name in MEASURES or name.endswith(("loss", "error")) else "max"


def goals_of(objective: str | MetricObjective | list[str | MetricObjective]) -> tuple[Goal, ...]:
    """What one or several objectives ask for, in their order."""
    return tuple(map(goal_of, objective if isinstance(objective, list) else [objective]))


def _texts(limits: object) -> object:
    """Numbers where a text is meant get a rule of their own: they lack the side."""
    if isinstance(limits, dict):
        for name, limit in limits.items():
            if isinstance(limit, int | float) and not isinstance(limit, bool):
                rule = f"a limit says on which side of it a model stays, got {shown(limit)}"
                raise rejection("constraints", [violation((name,), rule, limit, f'Write "<= {shown(limit)}" or ">=".')])
    return limits


def _checked_limits(limits: dict[str, str]) -> dict[str, str]:
    wrong = []
    for name, text in limits.items():
        if name not in MEASURES and not known_metric(name):
            every = (*WORDS, *(f"val_{metric}" for metric in KERAS_METRICS))
            rule = f"a constraint is on {', '.join(MEASURES)} or a metric, got {name!r}"
            wrong.append(
                violation((name,), rule, text, _cut_short(name, every) or among(name, every, "Metrics:"), KEY_RULE)
            )
            continue
        try:
            parse_limit(name, text)
        except ValueError as error:
            context = getattr(error, "context", None) or {}
            wrong.append(violation((name,), context.get("rule", str(error)), text, context.get("advice", "")))
    if wrong:
        raise rejection("constraints", wrong)
    return {name: text.strip() for name, text in limits.items()}


_SCHEMA = {
    "type": "object",
    "propertyNames": {"pattern": f"^({'|'.join(MEASURES)}|val_[a-z0-9_]+)$"},
    "additionalProperties": {"type": "string", "pattern": r"^\s*(<=|>=)\s*[-+]?[0-9.]"},
}
Constraints = Annotated[
    dict[str, str], BeforeValidator(_texts), AfterValidator(_checked_limits), WithJsonSchema(_SCHEMA)
]
"""Limits as texts, by what they limit."""


def limits_of(constraints: Mapping[str, str]) -> tuple[Limit, ...]:
    """The limits in their texts."""
    return tuple(parse_limit(name, text) for name, text in constraints.items())
