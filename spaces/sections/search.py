"""The sections search and keep: which configurations are tried, and what stays of them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from cnnsearch.spaces.duration import Duration
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


class Search(Section):
    """Which configurations are tried, how many, and by what they are ranked."""

    sampler: Sampler = Sampler(tpe=Tpe())
    """How the next configuration is chosen; none is tried twice."""
    pruner: Pruner = Pruner(asha=Asha())
    """Which trials end early for being behind."""
    trials: Positive = 20
    """How many configurations are tried."""
    time: Duration | None = None
    """How long at most: `90s`, `30m`, `2h`, `1h30m`; null for no limit."""
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
