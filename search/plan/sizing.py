"""What runs in a child process to find a space's smallest, typical and largest models; nothing in it is trained."""

import itertools
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cnnsearch.search.model.backbones import without_weights
from cnnsearch.search.model.build import build_network
from cnnsearch.search.model.copies import has_lasting_features
from cnnsearch.search.model.cut import cut
from cnnsearch.search.model.optimizer import optimizer_of
from cnnsearch.search.model.phase_size import PhaseSize, phase_size
from cnnsearch.search.model.size import outlined
from cnnsearch.search.plan.candidates import (
    Pick,
    Values,
    chance,
    completed,
    corners,
    highest,
    is_ordered,
    options,
    shapes_model,
    why_refused,
)
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done, Sized
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.phases import phases
from cnnsearch.spaces.space import Parameter, Space
from cnnsearch.spaces.values import Scalar

_PASSES = 3
"""Over all parameters, in one corner."""
_CHANCES = 20
"""For each model wanted from chance draws, as many draws at most: most of a space may be impossible."""


@dataclass(frozen=True)
class SizeJob:
    """What the process is told.

    Attributes:
        space: whose models are built.
        classes: how many classes the labels have.
        draws: how many possible chance draws.
        seconds: how long it may look on after the first corners.
    """

    space: Space
    classes: int
    draws: int
    seconds: float


def run_sizes(line: Line, job: SizeJob) -> None:
    """Tell the sizes of all models that are built: chance draws, the corners of each branch, and what lies beyond."""
    scales = _Scales(line, job, time.monotonic() + job.seconds)
    starts = [(completed(job.space, *way), way) for way in corners(job.space)]
    for values, _ in starts:
        scales.parameters(values)
    scales.draw()
    for _, (fixed, pick) in _furthest_first(starts, scales.parameters):
        scales.climb(fixed, pick)
        if scales.late:
            break
    line.tell(Done())


_Start = tuple[Values, tuple[Values, Pick]]


def _furthest_first(starts: list[_Start], parameters: Callable[[Values], int | None]) -> list[_Start]:
    """The corners in the order in which they promise the least and the most weights."""
    low, high = starts[::2], starts[1::2]
    low.sort(key=lambda start: parameters(start[0]) or 0)
    high.sort(key=lambda start: -(parameters(start[0]) or 0))
    return [start for pair in zip(low, high, strict=True) for start in pair]


@dataclass
class _Scales:
    """Builds models in outline and tells their sizes; what was built once is remembered."""

    line: Line
    job: SizeJob
    deadline: float
    known: dict[str, tuple[tuple[PhaseSize, ...], str]] = field(default_factory=dict)

    @property
    def late(self) -> bool:
        return time.monotonic() > self.deadline

    def parameters(self, values: Values, *, drawn: bool = False) -> int | None:
        """The number of weights of the model of these values; None where there is no such model."""
        key = json.dumps({name: value for name, value in values.items() if drawn or shapes_model(name)}, sort_keys=True)
        new = key not in self.known
        if new:
            self.known[key] = self._measured(values)
        found, reason = self.known[key]
        if new or drawn:
            self.line.tell(Sized(values, found, reason, drawn))
        return found[0].size.parameters if found else None

    def _measured(self, values: Values) -> tuple[tuple[PhaseSize, ...], str]:
        reason = why_refused(self.job.space, values)
        if reason is not None:
            return (), reason
        configuration = without_weights(self.job.space.configuration(values))
        try:
            return tuple(self._phase(phase) for phase in phases(configuration)), ""
        except (CnnSearchError, ValueError) as error:
            return (), str(error).splitlines()[0]

    def _phase(self, configuration: Configuration) -> PhaseSize:
        with outlined():
            network = build_network(configuration, self.job.classes)
            parts = cut(network)
        kept = has_lasting_features(configuration)
        return phase_size(network, optimizer_of(configuration, steps_per_epoch=1), parts, kept=kept)

    def draw(self) -> None:
        """Chance draws; at least a few, however late."""
        found = 0
        for values in itertools.islice(chance(self.job.space), self.job.draws * _CHANCES):
            found += self.parameters(values, drawn=True) is not None
            if found >= self.job.draws or (self.late and found):
                return

    def climb(self, fixed: Values, pick: Pick) -> None:
        """Go on in a corner's direction, one value after the other, until no value leads further."""
        sign, fixed, given = 1 if pick is highest else -1, dict(fixed), set(fixed)
        best, gained = self.parameters(completed(self.job.space, fixed, pick)), True
        for _ in range(_PASSES):
            if not gained:
                return
            gained = False
            for parameter, value in self._changes(fixed, given, pick):
                if self.late:
                    return
                found = self.parameters(completed(self.job.space, {**fixed, parameter.name: value}, pick))
                gain = _gain(sign, best, found)
                # What makes no difference yet may make one later: a flattened map of one pixel, with fewer blocks.
                if gain > 0 or (gain == 0 and not is_ordered(parameter.domain)):
                    fixed[parameter.name], best = value, found
                    gained = True

    def _changes(self, fixed: Values, given: set[str], pick: Pick) -> Iterator[tuple[Parameter, Scalar]]:
        """Every other value of every active parameter that the corner leaves open; `fixed` grows meanwhile."""
        for parameter in self.job.space.parameters:
            if parameter.name in given or not shapes_model(parameter.name):
                continue
            for value in options(parameter.domain):
                current = completed(self.job.space, fixed, pick)
                if parameter.name in current and current[parameter.name] != value:
                    yield parameter, value


def _gain(sign: int, best: int | None, found: int | None) -> float:
    """How much further a model lies in the direction of the sign."""
    if found is None:
        return -math.inf
    return math.inf if best is None else sign * (found - best)
