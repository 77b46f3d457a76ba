"""A study as a sampler sees it while it draws a trial: every trial in memory, none of its notes written yet.

Samplers ask a study for all trials many times for one draw, and leave notes at the trial that they draw for. So that
neither costs a database's time, they are shown the trials as they stood when the draw began; their notes are kept until
the trial is written, whole and at once.
"""

from collections.abc import Container, Iterable, Sequence
from copy import deepcopy as deep_copy
from datetime import datetime
from heapq import nsmallest
from itertools import groupby
from typing import Any

import optuna
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.fronts import fronts
from cnnsearch.search.study.stored_trial import work_of

NEW = -1
"""Stands for the id of a trial that is not written yet."""


def new_trial(number: int) -> FrozenTrial:
    """A trial that nothing is known of."""
    now = datetime.now()
    return FrozenTrial(number, TrialState.RUNNING, None, now, None, {}, {}, {}, {}, {}, NEW)


class Memory:
    """Which trials of one study a sampler is shown: all, or the best and the latest.

    A trial that has ended is never changed, so what it ranks by is found out once.

    Args:
        directions: whether more is better, for each objective.
        most: how many trials at most; None for all.
    """

    def __init__(self, directions: Sequence[StudyDirection], most: int | None) -> None:
        self._directions, self._most = directions, most
        self._keys: dict[int, _Key] = {}

    def of(self, trials: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
        """At most so many of the trials, in their order: half of them the best, the others the latest."""
        if self._most is None or len(trials) <= self._most:
            return trials
        half = self._most // 2
        latest, earlier = trials[half - self._most :], trials[: half - self._most]
        scored = [trial for trial in earlier if trial.state is TrialState.COMPLETE and trial.values is not None]
        return [*sorted(self._best(scored, half), key=lambda trial: trial.number), *latest]

    def _best(self, scored: Sequence[FrozenTrial], most: int) -> Sequence[FrozenTrial]:
        if len(self._directions) > 1:  # a front changes with every trial
            return best_first(scored, self._directions)[:most]
        return nsmallest(most, scored, key=self._key)

    def _key(self, trial: FrozenTrial) -> "_Key":
        known = self._keys.get(trial.number)
        if known is None:
            known = self._keys[trial.number] = _key(trial, _losses(trial, self._directions))
        return known


def best_first(trials: Iterable[FrozenTrial], directions: Sequence[StudyDirection]) -> list[FrozenTrial]:
    """Trials with values, ranked: those within all constraints first, then those of a higher rung, then by fronts.

    Of equals the earlier one is first. A trial that was pruned has the one value of its last epoch: with several
    objectives it is left out.
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
    """Trials with values and what they are ranked by, the best first."""
    known = [trial for trial in trials if trial.values is not None and len(trial.values) == len(directions)]
    losses = [_losses(trial, directions) for trial in known]
    places = fronts(losses) if len(directions) > 1 else [0] * len(known)
    keys = [_key(*each) for each in zip(known, losses, places, strict=True)]
    return [(keys[index], known[index]) for index in sorted(range(len(known)), key=keys.__getitem__)]


_Key = tuple[float, float, int, tuple[float, ...], int]


def _losses(trial: FrozenTrial, directions: Sequence[StudyDirection]) -> tuple[float, ...]:
    """A trial's values, turned so that less is better."""
    signs = [-1 if direction is StudyDirection.MAXIMIZE else 1 for direction in directions]
    return tuple(sign * value for sign, value in zip(signs, trial.values, strict=True))


def _key(trial: FrozenTrial, losses: tuple[float, ...], place: int = 0) -> _Key:
    """What a trial is ranked by, the least first; `place` is that of its front."""
    broken = sum(max(0.0, violation) for violation in trial.constraints.values())
    return broken, -work_of(trial), place, losses, trial.number


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
