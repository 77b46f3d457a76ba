"""The Optuna study of a run: the only truth about its trials. How each lies in it, stored_trial.py knows."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, TypeVar

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, TrialRecord
from cnnsearch.search.study.database import readable
from cnnsearch.search.study.shared import GRACE, Shared
from cnnsearch.search.study.storage import together
from cnnsearch.search.study.stored_objectives import check_objectives, note_violations, told_ending
from cnnsearch.search.study.stored_record import ATTEMPT, ENDING, STUDY_NAME
from cnnsearch.search.study.stored_trial import (
    DROPPED,
    PARTS,
    START,
    as_pruners_see,
    attempt_of,
    epoch_key,
    epochs_of,
    parts_of,
    record_of,
    rung_key,
    stored_ending,
    stored_epoch,
)
from cnnsearch.search.study.view import View
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.values import Scalar

__all__ = ["STUDY_NAME", "TrialStudy"]

T = TypeVar("T")

_DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}


class TrialStudy:
    """A study to ask for trials and to tell about them.

    One object is meant for one parent process; calls come one at a time (the oracle holds the lock). Where several
    processes share the storage, whatever changes a trial that is no longer this one's raises `Lost`; then `drop` it.
    """

    def __init__(self, study: optuna.Study, storage: BaseStorage, objectives: Objectives) -> None:
        self.objectives = objectives
        self._study = study
        self._storage = storage
        self._study_id = storage.get_study_id_from_name(study.study_name)
        self._ids: dict[int, int] = {}
        self._attempts: dict[int, int] = {}

    @classmethod
    def open(
        cls,
        storage: BaseStorage,
        objective: Objective | Objectives,
        *,
        name: str = STUDY_NAME,
        sampler: BaseSampler | None = None,
        pruner: optuna.pruners.BasePruner | None = None,
    ) -> "TrialStudy":
        """The study of this name, made if it does not exist.

        Raises:
            CnnSearchError: it exists and ranks by other objectives or keeps to other constraints, or its database is
                damaged.
        """
        objectives = Objectives.around(objective)
        with readable(f"study {name!r}"):
            study = optuna.create_study(
                storage=storage,
                study_name=name,
                directions=[_DIRECTIONS[each.direction] for each in objectives.all],
                sampler=sampler,
                pruner=pruner,
                load_if_exists=True,
            )
        check_objectives(study, objectives)
        return cls(study, storage, objectives)

    @property
    def objective(self) -> Objective:
        """The metric that decides which epoch of a trial counts; it ranks the trials where nothing else does."""
        return self.objectives.epoch

    def requeue_running(self, goes_on: Callable[[int], bool] = lambda _: False) -> list[int]:
        """Put trials that a dead parent left running back in line, with their values; gives their numbers.

        `goes_on` says of which of them the epochs still count. On a shared storage other parents' trials are running,
        too: there it is only those whose owner shows no life.
        """
        if isinstance(self._storage, Shared):
            return self.requeue_stale()
        running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in running:
            self.requeue(trial.number, goes_on=goes_on(trial.number))
        return [trial.number for trial in running]

    def requeue_stale(self, grace: float = GRACE) -> list[int]:
        """Put trials back in line whose owner has shown no life for so many seconds; gives their numbers.

        Each goes back once, however many look for them. They begin again: what they had is on their owner's machine.
        A storage that is not shared has none.
        """
        storage = self._storage
        if not isinstance(storage, Shared):
            return []

        def requeued() -> list[int]:
            stale = storage.take_stale(self._study_id, grace)
            for number in stale:
                self._ids.pop(number, None)  # another worker's: what is known of it here is of a step that was undone
                self.requeue(number)
            return stale

        return together(storage, requeued)

    def beat(self) -> list[int]:
        """Show that this worker lives; gives the numbers of the trials that it has lost. Any thread may call this."""
        return self._storage.beat() if isinstance(self._storage, Shared) else []

    def drop(self, number: int) -> None:
        """Know nothing more of a trial that was lost: this worker may claim it again, like any other."""
        if isinstance(self._storage, Shared):
            self._storage.drop(self._trial_id(number))
        self._ids.pop(number, None)

    def requeue(self, number: int, *, goes_on: bool = False) -> None:
        """Put one running trial back in line: the next to ask gets it, with its number and its values.

        Where it goes on, its epochs count until `keep` says which of them it goes on after.
        """
        trial_id = self._trial_id(number)

        def requeued() -> None:
            if not goes_on:
                self.begin_again(number)
            self._storage.set_trial_state_values(trial_id, TrialState.WAITING)

        together(self._storage, requeued)
        self._ids.pop(number, None)

    def begin_again(self, number: int, parts: int | None = None) -> None:
        """From now on the epochs that a running trial has reported count no more: it is run again from its start.

        `parts` says in how many its batches go through the network from now on; None leaves that as it is.
        """
        trial_id = self._trial_id(number)
        attempt = attempt_of(self._storage.get_trial(trial_id)) + 1

        def begun() -> None:
            self._storage.set_trial_user_attr(trial_id, ATTEMPT, attempt)
            if parts is not None:
                self._storage.set_trial_user_attr(trial_id, PARTS, parts)

        together(self._storage, begun)
        self._attempts[number] = attempt

    def parts(self, number: int) -> int | None:
        """How many parts each batch of a trial has since it ran out of memory; None where it never did."""
        return parts_of(self._storage.get_trial(self._trial_id(number)))

    def keep(self, number: int, epochs: int) -> tuple[Epoch, ...]:
        """A running trial goes on after so many of its epochs; gives these. Those after them count no more."""
        trial_id = self._trial_id(number)
        trial = self._storage.get_trial(trial_id)
        known = epochs_of(trial)
        for key in map(epoch_key, known[epochs:]):
            self._storage.set_trial_user_attr(trial_id, key, {**trial.user_attrs[key], ATTEMPT: DROPPED})
        return known[:epochs]

    def enqueue(self, values: Mapping[str, Scalar]) -> None:
        """Put a trial in line that has these values; the sampler draws what they leave open.

        Values that were put in line before, in this session or an earlier one, are not tried again.
        """
        mark = json.dumps(dict(values), sort_keys=True)
        known = self._study.get_trials(deepcopy=False)
        if all(trial.user_attrs.get(START) != mark for trial in known):
            self._study.enqueue_trial(dict(values), user_attrs={START: mark})

    def pop_waiting(self, trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
        """The one of all trials that waits longest in line, which runs from now on; None where none waits."""
        for trial in [each for each in trials if each.state is TrialState.WAITING]:
            with suppress(UpdateFinishedTrialError):  # another worker may have ended it since it was looked at
                if not self._storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING):
                    continue
                taken = self._storage.get_trial(trial._trial_id)
                self._ids[trial.number] = trial._trial_id
                self._attempts[trial.number] = attempt_of(taken)
                return taken
        return None

    def begin(
        self,
        values: Mapping[str, Scalar] = MappingProxyType({}),
        distributions: Mapping[str, BaseDistribution] = MappingProxyType({}),
        notes: Mapping[str, Any] = MappingProxyType({}),
    ) -> int:
        """A new running trial, written whole and at once; gives its number.

        Args:
            values: of its parameters.
            distributions: of these parameters, and maybe others.
            notes: what its sampler keeps with it.
        """
        template = optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params=dict(values),
            distributions={name: distributions[name] for name in values},
            system_attrs=dict(notes),
        )
        trial_id = self._storage.create_new_trial(self._study_id, template)
        number = self._storage.get_trial_number_from_id(trial_id)
        self._ids[number], self._attempts[number] = trial_id, 0
        return number

    def complete(
        self,
        trial: FrozenTrial,
        values: Mapping[str, Scalar],
        distributions: Mapping[str, BaseDistribution],
        notes: Mapping[str, Any],
    ) -> None:
        """Write what a trial that waited in line had left open."""

        def completed() -> None:
            for key, note in notes.items():
                self._storage.set_trial_system_attr(trial._trial_id, key, note)
            for name, value in values.items():
                if name not in trial.params:
                    stored = distributions[name].to_internal_repr(value)
                    self._storage.set_trial_param(trial._trial_id, name, stored, distributions[name])

        together(self._storage, completed)

    def together(self, work: Callable[[], T]) -> T:
        """Do what reads and writes the study, together or not at all, where the storage can do that.

        Where a shared storage's connection breaks meanwhile, it is done anew: it must be something that can be.
        """
        return together(self._storage, work)

    def use(self, sampler: BaseSampler) -> None:
        """Tell this sampler of endings from now on."""
        self._study.sampler = sampler

    def shown(self, trials: Sequence[FrozenTrial]) -> tuple[optuna.Study, View]:
        """The study as a sampler may see it, with these trials alone, and what keeps the sampler's notes."""
        view = View(self._study, self._study_id, self._storage, trials)
        return optuna.Study(self._study.study_name, view), view

    def trials(self) -> list[FrozenTrial]:
        """All trials as Optuna has them, in the order of their numbers; not to be changed."""
        return self._study.get_trials(deepcopy=False)

    @property
    def directions(self) -> list[StudyDirection]:
        """Whether more is better, for each objective."""
        return self._study.directions

    def report(self, number: int, epoch: Epoch) -> bool:
        """Record a finished epoch; gives whether the pruner would end the trial here.

        A pruner compares trials at the same epoch, and every trial has its first fold's epochs. Later folds begin with
        fresh weights: their first epochs would look like a fall, so no pruner sees them. Nor does it see the epochs of
        rungs, at whose ends trials are compared: see `reach`.
        """
        trial_id, storage = self._trial_id(number), self._storage
        first = epoch.fold in (None, 1) and epoch.rung is None
        metrics = {name: value for name, value in epoch.metrics.items() if math.isfinite(value)}
        value = metrics.get(self.objective.metric)
        attribute = stored_epoch(epoch, metrics, self._attempts.get(number, 0))

        def reported() -> None:
            if first and value is not None:  # what is not finite would be read as an ending by a pruner
                storage.set_trial_intermediate_value(trial_id, epoch.number, value)
            storage.set_trial_user_attr(trial_id, epoch_key(epoch), attribute)

        together(storage, reported)
        if not first or value is None:
            return False
        return self._study.pruner.prune(self._study, as_pruners_see(storage.get_trial(trial_id)))

    def reach(self, number: int, rung: Rung, value: float) -> dict[int, float]:
        """Record the best value of a trial at the end of a rung; gives that of every trial that was trained alike."""
        trial_id, key = self._trial_id(number), rung_key(rung)

        def reached() -> None:
            self._storage.set_trial_intermediate_value(trial_id, rung.number, value)  # Optuna's samplers look at it
            self._storage.set_trial_user_attr(trial_id, key, value)

        together(self._storage, reached)
        return {trial.number: trial.user_attrs[key] for trial in self.trials() if key in trial.user_attrs}

    def tell(self, ending: TrialRecord) -> None:
        """Record how a trial ended; its values and epochs are known already."""
        attribute = stored_ending(ending)
        state, values = told_ending(self.objectives, ending)
        trial_id = self._trial_id(ending.number)

        def told() -> None:
            self._storage.set_trial_user_attr(trial_id, ENDING, attribute)
            note_violations(self._storage, trial_id, self.objectives, ending)
            self._study.tell(ending.number, values or None, state=state)

        try:
            together(self._storage, told)
        except UpdateFinishedTrialError:
            if self._storage.get_trial(trial_id).user_attrs.get(ENDING) != json.loads(json.dumps(attribute)):
                raise
        self._ids.pop(ending.number, None)

    def set_attribute(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Keep a JSON value beside the trials."""
        self._study.set_user_attr(name, value)

    def attribute(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """What is kept beside the trials under a name; None where nothing is."""
        return self._study.user_attrs.get(name)

    def records(self) -> list[TrialRecord]:
        """All trials, in the order of their numbers."""
        return [record_of(trial, self.objectives) for trial in self._study.get_trials(deepcopy=False)]

    def record(self, number: int) -> TrialRecord:
        """One trial."""
        return record_of(self._storage.get_trial(self._trial_id(number)), self.objectives)

    def _trial_id(self, number: int) -> int:
        known = self._ids.get(number)
        if known is not None:
            return known
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
