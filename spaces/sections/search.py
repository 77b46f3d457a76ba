"""The sections search and keep: which configurations are tried, and what stays of them."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from cnnsearch.spaces.duration import Duration
from cnnsearch.spaces.sections.fidelity import Fidelity
from cnnsearch.spaces.sections.numbers import Positive, Seed
from cnnsearch.spaces.sections.pruners import Asha, Pruner
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.sections.samplers import Sampler, Tpe
from cnnsearch.spaces.sections.section import Section
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
EFFORT = (*_LIMITS, "device", "per_device", "confirm")
"""The keys of `search` that say how much is done and how fast, not what is looked for."""


class Confirm(Section):
    """The best trials' configurations are trained again with new seeds before one of them is called the best."""

    top: Annotated[int, Field(ge=1, le=100)] = 3
    """How many of the best trials."""
    seeds: Annotated[int, Field(ge=1, le=100)] = 3
    """How many new seeds for each; an interval needs two or more."""


class Search(Section):
    """Which configurations are tried, how many, and by what they are ranked."""

    sampler: Sampler = Sampler(tpe=Tpe())
    """How the next configuration is chosen; none is tried twice."""
    pruner: Pruner = Pruner(asha=Asha())
    """Which trials end early for being behind."""
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
    """How long one trial may take; it then ends after the epoch it is in and keeps its score. null for no limit."""
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
    confirm: Confirm | None = None
    """Names the best trial by retrainings with new seeds, since the score of the search is the best of many, and
    therefore too good: `{top: 3, seeds: 3}`. `time` has room for them; null for none."""
    objective: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    """What trials are ranked by."""
    seed: Seed = 42
    """Makes the draws repeatable, where one trial runs at a time."""
    start_from: Annotated[list[dict[str, Any]], AfterValidator(_nothing_searched)] = Field(default=[])
    """Configurations tried first, whole or in part: `[{model: {scratch: {blocks: 3}}}]`; the sampler fills the rest."""


class Keep(Section):
    """What stays on disk of the trials."""

    checkpoints: Positive = 3
    """Models of so many best trials."""
