"""The sections search and keep: which configurations are tried, and what stays of them."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from cnnsearch.spaces.duration import Duration
from cnnsearch.spaces.sections.constraints import Constraints, Limit, limits_of
from cnnsearch.spaces.sections.fidelity import Fidelity
from cnnsearch.spaces.sections.numbers import Positive, Seed
from cnnsearch.spaces.sections.objectives import MEASURES, Goal, ObjectiveForms, direction_of, goals_of
from cnnsearch.spaces.sections.pruners import Patient, Pruner
from cnnsearch.spaces.sections.rules import broken, rejection, violation
from cnnsearch.spaces.sections.samplers import Gp, Sampler
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.sections.sharing import Artifacts, Storage, StudyName
from cnnsearch.spaces.values import contains_searched, shown


def _nothing_searched(starts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for start in starts:
        if contains_searched(start):
            raise broken(f"a configuration to start from has fixed values only, got {shown(start)}")
    return starts


def _known_device(device: str) -> str:
    if not re.fullmatch(DEVICES, device):
        rule = f"a device is auto, cpu, gpu, or GPUs by their numbers, got {shown(device)}"
        raise broken(rule, "Write gpu:0 or gpu:0,1.")
    return device


DEVICES = r"auto|cpu|gpu(:[\w-]+(,[\w-]+)*)?"
Device = Annotated[str, AfterValidator(_known_device), Field(json_schema_extra={"pattern": f"^({DEVICES})$"})]


def _form_of_count(value: object) -> str:
    return "<word>" if isinstance(value, str) else "<count>"


def _known_word(value: object) -> object:
    if isinstance(value, str) and value != "auto":
        rule = f"trials on a device are a whole number from 1 to 64, or auto, got {shown(value)}"
        raise broken(rule, "Write per_device: 2, or per_device: auto.")
    return value


PerDevice = Annotated[
    Annotated[Literal["auto"], Tag("<word>")] | Annotated[int, Field(ge=1, le=64), Tag("<count>")],
    Discriminator(_form_of_count),
    BeforeValidator(_known_word),
]

_LIMITS = ("trials", "time", "epochs", "stop_at", "trial_time", "max_failures_in_a_row")
_PLACES = ("storage", "study", "artifacts")
EFFORT = (*_LIMITS, *_PLACES, "device", "per_device", "confirm")
"""The keys of `search` that say how much is done, how fast and where, not what is looked for."""


_OTHERS = "Leave it out, or rank by one metric and put the others under constraints."
_OF_ONE_METRIC = {
    "fidelity": ("at a fidelity trials are compared by the one metric they are ranked by", _OTHERS),
    "pruner": ("a pruner compares trials by the one metric they are ranked by", "Use pruner: none."),
    "stop_at": ("stop_at is a value of the one metric that trials are ranked by", _OTHERS),
    "confirm": ("confirm names the best trial by the one metric that trials are ranked by", _OTHERS),
}
"""What only a search by one metric can have: the rule, and what else to do."""


class Confirm(Section):
    """The best trials' configurations are trained again with new seeds before one of them is called the best."""

    top: Annotated[int, Field(ge=1, le=100)] = 3
    """How many of the best trials."""
    seeds: Annotated[int, Field(ge=1, le=100)] = 3
    """How many new seeds for each; an interval needs two or more."""


class Search(Section):
    """Which configurations are tried, how many, and by what they are ranked."""

    sampler: Sampler = Sampler(gp=Gp())
    """How the next configuration is chosen; none is tried twice."""
    pruner: Pruner = Pruner(patient=Patient())
    """Which trials end early for being behind. Where nothing is said: `asha` with a `fidelity`, and none where trials
    are not ranked by one metric."""
    fidelity: Fidelity | None = None
    """What is made cheaper for trials until the pruner has compared them: `{data: [0.1, 1.0]}`, `{image_size: [32,
    64]}` or `{epochs: [3, 30]}`; null for epochs, with a first look by the pruner's own rule."""
    trials: Positive = 20
    """How many configurations are tried."""
    time: Duration | None = None
    """How long at most, the final model's evaluation included: `90s`, `30m`, `2h`, `1h30m`; null for no limit."""
    epochs: Positive | None = None
    """How many epochs all trials together may take; null for no limit."""
    stop_at: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """The search ends when a trial's objective is as good as this, such as 0.97; null for never."""
    trial_time: Duration | None = None
    """How long one trial may take, less the decoding of images and the making of features; it then ends after the epoch
    it is in and keeps its score. null for no limit."""
    max_failures_in_a_row: Positive | None = 5
    """The search ends when so many trials failed one after the other; null for never."""
    device: Device = "auto"
    """Where trials run: `auto` takes every GPU, or the CPU where there is none; `cpu`; `gpu` for every GPU; `gpu:0,1`
    for these."""
    per_device: PerDevice = 1
    """Trials side by side on each GPU, or on the CPU where there is none. Small ones, such as heads on kept features,
    leave most of a device idle; large ones may not fit beside each other. `auto` begins with one and adds as many as
    fit into memory and make the search faster by a tenth."""
    strategy: Literal["trials", "data_parallel"] = "trials"
    """What several devices are for: `trials` runs one on each; `data_parallel` one at a time on all of them together,
    each with its share of every batch."""
    storage: Storage | None = None
    """Where the study is kept for several machines, such as `postgresql://user@host/database`: each runs `cnnsearch
    worker` with it. No password here: PGPASSWORD, `~/.pgpass` and CNNSEARCH_STORAGE keep it. null for a file of the
    run."""
    study: StudyName | None = None
    """The study's name in `storage`; null for the run's name."""
    artifacts: Artifacts | None = None
    """A folder that all machines see, or `s3://bucket/prefix`: the best models, logs and histories of all machines go
    there. null leaves them in the run folder of the machine that trained them."""
    confirm: Confirm | None = None
    """Names the best trial by retrainings with new seeds, since the score of the search is the best of many, and
    therefore too good: `{top: 3, seeds: 3}`. `time` has room for them; null for none."""
    objective: ObjectiveForms = "val_accuracy"
    """What trials are ranked by: a word, any metric of Keras with its direction as in
    `{metric: val_precision, direction: max}`, or a list of several of these, which gives a Pareto front."""
    constraints: Constraints = Field(default={})
    """What models must keep to: `{parameters: "<= 1e6", latency: "<= 10ms", model_size: "<= 5MB",
    val_macro_f1: ">= 0.8"}`. Others are infeasible, and never ranked."""
    seed: Seed = 42
    """Makes the draws repeatable, where one trial runs at a time."""
    start_from: Annotated[list[dict[str, Any]], AfterValidator(_nothing_searched)] = Field(default=[])
    """Configurations tried first, whole or in part: `[{model: {scratch: {blocks: 3}}}]`; the sampler fills the rest."""

    @model_validator(mode="before")
    @classmethod
    def _pruner_by_default(cls, value: Any) -> Any:  # noqa: ANN401 - before validation, anything
        """A pruner compares one metric, so there is none for several; and rungs are there to be climbed by few."""
        if not isinstance(value, dict) or "pruner" in value:
            return value
        if not _is_one_metric(value.get("objective")):
            return {**value, "pruner": "none"}
        return {**value, "pruner": "asha"} if value.get("fidelity") is not None else value

    @model_validator(mode="after")
    def _what_wants_one_metric(self) -> Self:
        ranked = ", ".join(goal.metric for goal in self.goals)
        for key, found in self._asked_of_one_metric.items() if not self._ranks_by_one_metric else ():
            if found is not None:
                rule, advice = _OF_ONE_METRIC[key]
                raise rejection("Search", [violation((key,), f"{rule}, got objective {ranked}", found, advice)])
        if len(self.goals) > 1 and self.sampler.cmaes is not None:
            rule = f"cmaes ranks by one objective, got {len(self.goals)}"
            raise rejection("Search", [violation(("sampler",), rule, "cmaes", "Use gp, nsga2 or nsga3.")])
        return self

    @property
    def _asked_of_one_metric(self) -> dict[str, Any]:
        """What is asked for that only a search by one metric has; None where it is not."""
        return {
            "fidelity": self.fidelity and self.fidelity.kind,
            "pruner": None if self.pruner.none is not None else self.pruner.kind,
            "stop_at": self.stop_at,
            "confirm": self.confirm and self.confirm.model_dump(),
        }

    @property
    def _ranks_by_one_metric(self) -> bool:
        return len(self.goals) == 1 and self.goals[0].metric not in MEASURES

    @property
    def goals(self) -> tuple[Goal, ...]:
        """What trials are ranked by, the main objective first."""
        return goals_of(self.objective)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What models must keep to."""
        return limits_of(self.constraints)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of the validation part that objectives and constraints name, with `val_`."""
        names = [*(goal.metric for goal in self.goals), *(limit.name for limit in self.limits)]
        return tuple(dict.fromkeys(name for name in names if name not in MEASURES))

    def direction(self, metric: str) -> str:
        """Whether more (`max`) or less (`min`) of a metric is better, as it is named or its name says."""
        said = {limit.name: "min" if limit.sign == "<=" else "max" for limit in self.limits}
        said |= {goal.metric: goal.direction for goal in self.goals}
        return said.get(metric, direction_of(metric))


def _is_one_metric(objective: Any) -> bool:  # noqa: ANN401 - before validation, anything
    return objective not in MEASURES if isinstance(objective, str) else not isinstance(objective, list)


class Keep(Section):
    """What stays on disk of the trials."""

    checkpoints: Positive = 3
    """Models of so many best trials."""
