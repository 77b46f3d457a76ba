"""A study as a sampler sees it while it draws a trial: every trial in memory, none of its notes written yet.

Samplers ask a study for all trials many times for one draw, and leave notes at the trial that they draw for. So that
neither costs a database's time, they are shown the trials as they stood when the draw began; their notes are kept until
the trial is written, whole and at once.
"""

from bisect import insort
from collections.abc import Callable, Container, Iterable, Sequence
from copy import deepcopy as deep_copy
from datetime import datetime
from itertools import groupby, islice
from math import inf
from operator import attrgetter, itemgetter
from typing import Any

import optuna
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.fronts import fronts
from cnnsearch.search.study.stored_trial import cost_nothing, work_of

NEW = -1
"""Stands for the id of a trial that is not written yet."""


def new_trial(number: int) -> FrozenTrial:
    """A trial that nothing is known of."""
    now = datetime.now()
    return FrozenTrial(number, TrialState.RUNNING, None, now, None, {}, {}, {}, {}, {}, NEW)


class Memory:
    """Which trials of one study a sampler is shown: all, or those that run, the best and the latest.

    Where limits are tight, hundreds of draws cost nothing and end before any training. They say where not to look, but
    they must not crowd out the others: they get a quarter of the room, and what those leave of it.

    A trial that has ended is never changed, so each is looked at once: asking takes no longer with ten thousand.

    Args:
        directions: whether more is better, for each objective.
        most: how many trials at most, beside those that run; None for all.
    """

    def __init__(self, directions: Sequence[StudyDirection], most: int | None) -> None:
        self._most = most
        self._paid, self._free = _Ended(directions), _Ended(directions)
        self._open: list[int] = []
        """The numbers of the trials that had not ended when they were looked at."""
        self._looked_at = 0

    def of(self, trials: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
        """Those to be shown of all trials, in their order."""
        if self._most is None or len(trials) <= self._most:
            return trials
        self._look(trials)
        running = [trials[number] for number in self._open if trials[number].state is TrialState.RUNNING]
        half, quarter, room = self._most // 2, self._most // 4, self._most - len(running)
        drawn = max(quarter, room - len(self._paid))
        free = self._free.kept(drawn, drawn // 2)
        paid = self._paid.kept(max(half + quarter, room - len(free)), half)
        return sorted([*running, *paid, *free], key=_number)

    def _look(self, trials: Sequence[FrozenTrial]) -> None:
        """Take note of those that have ended since."""
        looked_at = [trials[number] for number in (*self._open, *range(self._looked_at, len(trials)))]
        for trial in looked_at:
            if trial.state.is_finished():
                (self._free if cost_nothing(trial) else self._paid).add(trial)
        self._open = [trial.number for trial in looked_at if not trial.state.is_finished()]
        self._looked_at = len(trials)


class _Ended:
    """Ended trials, in the order of their numbers and ranked.

    Args:
        directions: whether more is better, for each objective.
    """

    def __init__(self, directions: Sequence[StudyDirection]) -> None:
        self._directions = directions
        self._trials: list[FrozenTrial] = []
        self._ranked: list[tuple[_Key, FrozenTrial]] = []

    def __len__(self) -> int:
        return len(self._trials)

    def add(self, trial: FrozenTrial) -> None:
        insort(self._trials, trial, key=_number)
        # A trial that was pruned has a score of its first epochs: it passes for latest, never for one of the best.
        if (trial.state is TrialState.COMPLETE and trial.values is not None) or is_beyond(trial):
            insort(self._ranked, (_key(trial, _losses(trial, self._directions)), trial), key=itemgetter(0))

    def kept(self, most: int, best: int) -> list[FrozenTrial]:
        """At most so many of them: the latest, and so many of the best among those before."""
        cut = len(self) - most + best if len(self) > most else 0
        before = self._trials[cut].number if cut < len(self) else inf
        earlier: Iterable[FrozenTrial] = (trial for _, trial in self._ranked if trial.number < before)
        if len(self._directions) > 1:  # a front changes with every trial
            earlier = best_first(earlier, self._directions)
        return [*islice(earlier, best), *self._trials[cut:]]


_number: Callable[[FrozenTrial], int] = attrgetter("number")


def is_beyond(trial: FrozenTrial) -> bool:
    """Whether a trial has ended without a value for being beyond its limits: mostly before any training."""
    return trial.state is TrialState.PRUNED and trial.values is None and _broken(trial) > 0


def has_rank(trial: FrozenTrial, directions: Sequence[StudyDirection]) -> bool:
    """Whether it is known how good an ended trial is: by its values, or by how far it is beyond its limits.

    A trial that was pruned has the one value of its last epoch: with several objectives that is none.
    """
    return is_beyond(trial) if trial.values is None else len(trial.values) == len(directions)


def best_first(trials: Iterable[FrozenTrial], directions: Sequence[StudyDirection]) -> list[FrozenTrial]:
    """Trials that have a rank: those within all constraints first, then those of a higher rung, then by fronts.

    The others are ranked by how far they are beyond their limits, trained or not. Of equals the earlier one is first.
    """
    return [trial for _, trial in _keyed(trials, directions)]


def equals_together(trials: Iterable[FrozenTrial], directions: Sequence[StudyDirection]) -> list[list[FrozenTrial]]:
    """The same trials, ranked, those of one rank together: of equal scores, or with several objectives of one front."""
    several = len(directions) > 1

    def rank(keyed: "tuple[_Key, FrozenTrial]") -> tuple[Any, ...]:
        broken, work, place, losses, _ = keyed[0]
        return broken, work, place, () if several else losses

    return [[trial for _, trial in equal] for _, equal in groupby(_keyed(trials, directions), rank)]


def _keyed(trials: Iterable[FrozenTrial], directions: Sequence[StudyDirection]) -> "list[tuple[_Key, FrozenTrial]]":
    """Trials that have a rank and what they are ranked by, the best first."""
    known = [trial for trial in trials if has_rank(trial, directions)]
    losses = [_losses(trial, directions) for trial in known]
    places = fronts(losses) if len(directions) > 1 else [0] * len(known)
    keys = [_key(*each) for each in zip(known, losses, places, strict=True)]
    return [(keys[index], known[index]) for index in sorted(range(len(known)), key=keys.__getitem__)]


_Key = tuple[float, float, int, tuple[float, ...], int]


def _losses(trial: FrozenTrial, directions: Sequence[StudyDirection]) -> tuple[float, ...]:
    """A trial's values, turned so that less is better; worse than any where it has none."""
    if trial.values is None:
        return (inf,) * len(directions)
    signs = [-1 if direction is StudyDirection.MAXIMIZE else 1 for direction in directions]
    return tuple(sign * value for sign, value in zip(signs, trial.values, strict=True))


def _broken(trial: FrozenTrial) -> float:
    """How far a trial is beyond its limits, in shares of these; of several the sum."""
    return sum(max(0.0, violation) for violation in trial.constraints.values())


def _key(trial: FrozenTrial, losses: tuple[float, ...], place: int = 0) -> _Key:
    """What a trial is ranked by, the least first; `place` is that of its front."""
    return _broken(trial), -work_of(trial), place, losses, trial.number


class View(InMemoryStorage):
    """A storage that shows some trials and keeps what is noted at a new one; all else is the real one's.

    Attributes:
        notes: what a sampler has noted, by name.
    """

    def __init__(self, study: optuna.Study, study_id: int, storage: BaseStorage, trials: Sequence[FrozenTrial]) -> None:
        super().__init__()
        self._study, self._study_id, self._real, self._trials = study, study_id, storage, trials
        self.notes: dict[str, Any] = {}

    def get_study_id_from_name(self, study_name: str) -> int:  # noqa: ARG002
        return self._study_id

    def get_study_name_from_id(self, study_id: int) -> str:  # noqa: ARG002
        return self._study.study_name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:  # noqa: ARG002
        return self._study.directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self._real.get_study_user_attrs(study_id)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._real.get_study_system_attrs(study_id)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        self._real.set_study_system_attr(study_id, key, value)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        if trial_id == NEW:
            self.notes[key] = value
        else:
            self._real.set_trial_system_attr(trial_id, key, value)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        return self._real.get_trial(trial_id)

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        return BaseStorage.get_best_trial(self, study_id)

    def get_all_trials(
        self,
        study_id: int,  # noqa: ARG002
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        found = [trial for trial in self._trials if states is None or trial.state in states]
        return deep_copy(found) if deepcopy else found
