"""Draws the trials of a study: each configuration once, the same ones whether or not the search was killed between."""

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from cnnsearch.search.engine.in_vain import InVain
from cnnsearch.search.engine.parameters import SearchSpace
from cnnsearch.search.engine.rivals import Beaten, Next, Rivals
from cnnsearch.search.engine.samplers.turn import Method, Turn
from cnnsearch.search.engine.tried import Tried
from cnnsearch.search.records import Failure, Status, TrialRecord
from cnnsearch.search.study.quiet import without_experimental_warnings
from cnnsearch.search.study.stored_trial import FIXED
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.search.study.view import Memory, View, new_trial
from cnnsearch.spaces.draws import completed, walked
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.listing import configurations
from cnnsearch.spaces.neighbours import mutated
from cnnsearch.spaces.parameters import Parameter
from cnnsearch.spaces.values import Scalar, has, nth

_PROPOSALS = 10
"""Draws of a sampler that were all tried before, until their neighbours are taken instead."""
_STEPS = 100
"""Steps from neighbour to neighbour, until the untried ones are listed."""
_LISTED = 1_000_000
"""Configurations that are listed at most to find an untried one; of more, some are drawn."""
_CHANCES = 1_000
_IMPOSSIBLE = 1000
"""How many impossible configurations in a row are drawn before the space counts as exhausted, or as impossible."""

OUTLINED = ("parameters", "model_size")
"""What is known of a model by its outline."""
Outline = Callable[[Mapping[str, Scalar]], tuple[int, int] | None]
"""How many weights the model of these values has, and their bytes; None where only its own process can tell."""
Reject = Callable[[Mapping[str, Scalar]], str | None]
"""Says why the model of these values cannot exist; None where it can."""


@dataclass(frozen=True)
class Drawn:
    """A trial of the study: its number, and its values, those of fixed parameters included."""

    number: int
    values: dict[str, Scalar]


@dataclass(frozen=True)
class Refused:
    """A draw that is no trial: its model cannot exist or breaks a constraint, or another worker was faster."""

    why: str


class Draws:
    """Asks a sampler for a study's trials.

    Args:
        study: where the trials are written.
        method: how they are chosen.
        seed: decides, with a trial's number, what is left to chance.
        reject: says of drawn values why their model cannot exist.
        outline: says what is known of their model before it is built, where constraints ask for it.
        rivals: other workers that draw from the same study; None where there are none.
    """

    def __init__(
        self,
        study: TrialStudy,
        method: Method,
        seed: int,
        reject: Reject | None = None,
        outline: Outline | None = None,
        rivals: Rivals | None = None,
    ) -> None:
        self._study, self._method, self._seed, self._reject, self._outline = study, method, seed, reject, outline
        self._rivals = rivals
        self._tried: Tried | None = None
        self._memory = Memory(study.directions, method.memory)
        self._in_vain = InVain(study.objectives, _IMPOSSIBLE)
        self.exhausted: str | None = None
        """Why there is no trial any more, as the beginning of a sentence; None where there may be."""

    def possible(self, space: SearchSpace) -> Drawn | Refused | None:
        """One draw: the next trial, if its model can exist within the constraints that are known before it is built.

        One that is refused is told to the study, and costs nothing: another may be drawn.

        Gives None where every configuration was tried, where so many were refused in a row that there is little hope,
        or where other workers have begun the last trials.

        Raises:
            CnnSearchError: no model can exist, as far as was looked.
        """
        try:
            drawn, refused = self._judged(space)
        except Beaten as beaten:
            return None if self._is_over_after(beaten) else Refused(beaten.why)
        if drawn is None:
            self._check_possible(f"none: {space.all_of_it} tried. The last: ")
            self.exhausted = f"{space.all_of_it} tried"
            return None
        if refused is None:
            self._in_vain.clear()
            self.exhausted = None
            return drawn
        self._in_vain.add(refused)
        if not self._in_vain.are_enough:
            return Refused(refused.message or refused.reason)
        self._check_possible(f"{_IMPOSSIBLE} impossible draws in a row, the last: ")
        self.exhausted = str(self._in_vain)
        return None

    def _check_possible(self, found: str) -> None:
        """One trial that was more than drawn is enough: then the search has merely come to its end."""
        records = self._study.records()
        if all(trial.costs_nothing for trial in records):
            last = "; ".join(trial.message or trial.reason for trial in records[-1:])
            raise CnnSearchError(f"space: a model must be possible, got {found}{last}")

    def _is_over_after(self, beaten: Beaten) -> bool:
        """Whether there is nothing to draw any more, now that another worker was faster."""
        if self._rivals is None:
            return False
        self._rivals.withdraw(beaten)
        return self._rivals.turn() is not Next.DRAW

    def _refused(self, drawn: Drawn) -> TrialRecord | None:
        """How a trial ends whose model cannot exist or breaks a constraint; None where it may go on."""
        values = self._tried.space.named(drawn.values) if self._tried else drawn.values
        why = self._reject(values) if self._reject else None
        if why is not None:
            return TrialRecord(drawn.number, drawn.values, Status.FAILED, Failure.IMPOSSIBLE, why)
        objectives = self._study.objectives
        if self._outline is None or not any(limit.name in OUTLINED for limit in objectives.limits):
            return None
        parameters, model_size = self._outline(values) or (None, None)
        record = TrialRecord(drawn.number, drawn.values, Status.RUNNING, parameters=parameters, model_size=model_size)
        judged = objectives.judged(record)
        return judged if judged.status is Status.INFEASIBLE else None

    def _judged(self, space: SearchSpace) -> tuple[Drawn | None, TrialRecord | None]:
        """The next trial, and how it ends if its model cannot exist; the study knows of it then.

        All of it is written in one step: a trial that a full disk had left half drawn would wait for its ending for
        ever, as nobody runs it.
        """
        attempts = count()

        def attempt() -> tuple[Drawn | None, TrialRecord | None]:
            if next(attempts):
                self._tried = None  # it knows of a trial that the attempt before did not get written
            drawn = self.next(space)
            refused = self._refused(drawn) if drawn else None
            if refused:
                self._study.tell(refused)
            return drawn, refused

        try:
            return self._study.together(attempt)
        except Beaten:
            raise
        except BaseException:
            self._tried = None  # as above: a full disk may show itself only where the whole step is written
            raise

    def next(self, space: SearchSpace) -> Drawn | None:
        """The next trial: one that waits in line, or a new one; None where every configuration was tried."""
        if self._tried is None or self._tried.space is not space:
            self._tried = Tried(space, [trial for trial in self._study.records() if trial.values])
            self._doubt_scales(space)
            if self._rivals:
                self._rivals.fresh()
        trials = self._study.trials()
        self._hear_of(trials, self._tried)
        waiting = self._study.pop_waiting(trials)
        drawn = self._new(self._tried, trials) if waiting is None else self._completed(self._tried, waiting, trials)
        if drawn:
            self._tried.begun(drawn.values)
        return drawn

    def _doubt_scales(self, space: SearchSpace) -> None:
        if space.reversed_ranges and not self._method.knows_scales:
            warnings.warn(
                f"{', '.join(space.reversed_ranges)}: Optuna has no reverse_log, so this sampler draws evenly. "
                "Take gp, random, qmc, evolution or local, which keep to it.",
                stacklevel=2,
            )

    def ended(self, ending: TrialRecord) -> None:
        """To be told of the ending of each trial."""
        if self._tried and not self._rivals:
            self._tried.ended(self._study.trials()[ending.number].params, ending)

    def _hear_of(self, trials: Sequence[FrozenTrial], tried: Tried) -> None:
        """Take note of the trials that other workers have begun and ended."""
        for record in self._rivals.fresh() if self._rivals else ():
            tried.begun(record.values)
            tried.ended(record.values, record)
        for trial in self._rivals.open(trials) if self._rivals else ():
            if trial.params and not trial.state.is_finished():
                tried.begun(trial.params)

    def _new(self, tried: Tried, trials: list[FrozenTrial]) -> Drawn | None:
        draft = self._draft(tried, new_trial(len(trials)), trials)
        values = _untried(draft, draft.proposals({}))
        if values is None:
            return None
        number = self._study.begin(_stored(tried.space, values), tried.space.distributions, draft.view.notes)
        if self._rivals:
            self._rivals.give_way(tried.space, number, values, is_new=True)
        return Drawn(number, values)

    def _completed(self, tried: Tried, waiting: FrozenTrial, trials: list[FrozenTrial]) -> Drawn | None:
        """A trial in line, with what its values leave open; where others had them all, it is drawn like a new one."""
        space, known = tried.space, waiting.params
        if space.draws(known):  # it was interrupted
            return Drawn(waiting.number, walked(space.plan, lambda parameter: _known(parameter, known)))
        given = space.offered(waiting.system_attrs.get(FIXED, {}))
        draft = self._draft(tried, new_trial(waiting.number), trials)
        starts = islice(draft.proposals({**given, **known}), 1 if space.draws(given) else _PROPOSALS)
        values = next((v for v in starts if not tried(v)), None) or _untried(draft, draft.proposals(known))
        if values is None:
            why = "its configuration was tried before, as was every other"
            self._study.tell(TrialRecord(waiting.number, {}, Status.FAILED, Failure.IMPOSSIBLE, why))
            return None
        self._study.complete(waiting, _stored(space, values), space.distributions, draft.view.notes)
        if self._rivals:
            self._rivals.give_way(space, waiting.number, values, is_new=False)
        return Drawn(waiting.number, values)

    def _draft(self, tried: Tried, trial: FrozenTrial, trials: list[FrozenTrial]) -> "_Draft":
        turn = Turn(tried.space, self._seed, trial.number, tried)
        with without_experimental_warnings():
            sampler = self._method.sampler(turn)
        self._study.use(sampler)
        study, view = self._study.shown(self._memory.of(trials))
        return _Draft(turn, sampler, trial, study, view)


@dataclass(frozen=True)
class _Draft:
    """A trial in the making."""

    turn: Turn
    sampler: BaseSampler
    trial: FrozenTrial
    study: optuna.Study
    view: View

    def proposals(self, given: Mapping[str, Scalar]) -> Iterator[dict[str, Scalar]]:
        """What the sampler draws beside given values, again and again."""
        self.sampler.before_trial(self.study, self.trial)
        while True:
            self.trial.params, self.trial.distributions = {}, {}
            asked = self.sampler.infer_relative_search_space(self.study, self.trial)
            together = self.sampler.sample_relative(self.study, self.trial, asked)
            yield walked(self.turn.space.plan, lambda parameter, t=together: self._value(parameter, {**t, **given}))  # type: ignore[misc]

    def _value(self, parameter: Parameter, known: Mapping[str, Scalar]) -> Scalar:
        name, space = parameter.name, self.turn.space
        distribution = space.distributions.get(name)
        if distribution is None:
            return nth(parameter.domain, 0)
        if name in known and has(parameter.domain, known[name]):
            value = known[name]
        elif distribution.single():
            value = nth(parameter.domain, 0)
        else:
            value = self.sampler.sample_independent(self.study, self.trial, name, distribution)
        value = space.on_grid(name, value)
        self.trial.params = {**self.trial.params, name: value}
        self.trial.distributions = {**self.trial.distributions, name: distribution}
        return value


def _untried(draft: _Draft, proposals: Iterator[dict[str, Scalar]]) -> dict[str, Scalar] | None:
    """The first proposal that was not tried, else a neighbour, else any configuration; None where there is none."""
    turn = draft.turn
    values: dict[str, Scalar] | None = None
    for values in islice(proposals, _PROPOSALS):
        if not turn.is_tried(values):
            return values
    source = turn.random
    for _ in range(_STEPS):
        values = mutated(turn.space.plan, values, source) if values else None
        if values is None or not turn.is_tried(values):
            break
    return values if values and not turn.is_tried(values) else _any_untried(turn, source)


def _any_untried(turn: Turn, source: random.Random) -> dict[str, Scalar] | None:
    """One that was not tried, evenly out of all of them; None where every one was."""
    plan, count = turn.space.plan, turn.space.cardinality
    if count is None or count > _LISTED:
        some = (completed(plan, {}, source) for _ in range(_CHANCES))
        return next((values for values in some if not turn.is_tried(values)), None)
    left = [place for place, values in enumerate(configurations(plan)) if not turn.is_tried(values)]
    return next(islice(configurations(plan), source.choice(left), None)) if left else None


def _known(parameter: Parameter, params: Mapping[str, Scalar]) -> Scalar:
    return params[parameter.name] if parameter.name in params else nth(parameter.domain, 0)


def _stored(space: SearchSpace, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What a study keeps of a trial's values."""
    return {name: value for name, value in values.items() if name in space.distributions}
