"""What trials are ranked by: the words of `search.objective`, and the metrics that a space may name anywhere."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Discriminator, Field, Tag

from cnnsearch.spaces.nearest import among, nearest
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.sections.section import Section

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


class Goal(NamedTuple):
    """One thing that trials are ranked by: its name as it is logged, and whether `max` or `min` of it is sought."""

    metric: str
    direction: str


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
    raise broken(rule, cut_short(name, every) or among(name, every, "Metrics:"))


def cut_short(word: str, known: Sequence[str]) -> str:
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
    meant = cut_short(word, WORDS) or nearest(word, WORDS)
    raise broken(rule, f"{meant}Any other is written {{metric: val_precision, direction: max}}.")


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
