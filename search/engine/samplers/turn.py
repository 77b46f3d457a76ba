"""What a sampler is made from, anew for each trial: so a search that was killed draws what it would have drawn."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from optuna.samplers import BaseSampler

from cnnsearch.search.engine.parameters import SearchSpace
from cnnsearch.spaces.values import Scalar


@dataclass(frozen=True)
class Turn:
    """A trial to be drawn.

    Attributes:
        space: what it is drawn from.
        seed: the search's.
        number: the trial's; how many there are so far.
        is_tried: whether a trial has had these values before.
    """

    space: SearchSpace
    seed: int
    number: int
    is_tried: Callable[[Mapping[str, Scalar]], bool]

    @property
    def random(self) -> random.Random:
        """Chance of this trial's own, the same whenever it is drawn."""
        return random.Random(f"{self.seed}:{self.number}")

    @property
    def own_seed(self) -> int:
        """The same as a number under 2**32."""
        return self.random.getrandbits(32)


@dataclass(frozen=True)
class Method:
    """A way to choose.

    Attributes:
        sampler: makes the sampler for a turn.
        memory: how many of the earlier trials it is shown, the best and the latest; None for all.
        knows_scales: whether it draws a range on every scale that there is, or on Optuna's alone.
    """

    sampler: Callable[[Turn], BaseSampler]
    memory: int | None = None
    knows_scales: bool = False
