"""Which trials are better than others: by one metric, or by several objectives and within constraints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cnnsearch.search.fronts import fronts
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.records import Failure, Objective, Status, TrialRecord
from cnnsearch.spaces.document import Search
from cnnsearch.spaces.sections.constraints import Limit
from cnnsearch.spaces.sections.objectives import MEASURES, direction_of

_Short = tuple[float, bool]
_AND = ", "
"""Between what is said of two constraints; numbers are told without it."""


@dataclass(frozen=True)
class Objectives:
    """All that a search ranks by, and what its models must keep to.

    Attributes:
        all: the objectives in their order; of equally good trials of one front, the first decides.
        epoch: the metric that decides which epoch of a trial counts, and whose value is the trial's score.
        limits: the constraints.
    """

    all: tuple[Objective, ...]
    epoch: Objective
    limits: tuple[Limit, ...] = ()

    @classmethod
    def of(cls, search: Search) -> "Objectives":
        """What a space's section asks for.

        An epoch counts by the first objective that is a metric; where none is, by the first constraint that is one, and
        by val_accuracy where there is none of these.
        """
        metrics = (*search.metrics, "val_accuracy")
        epoch = Objective(metrics[0], search.direction(metrics[0]))
        return cls(tuple(Objective(*goal) for goal in search.goals), epoch, search.limits)

    @classmethod
    def around(cls, objective: "Objective | Objectives") -> "Objectives":
        """The same; one objective alone is all there is."""
        return objective if isinstance(objective, Objectives) else cls((objective,), objective)

    @property
    def is_plain(self) -> bool:
        """Whether one metric is all that trials are ranked by."""
        return self.all == (self.epoch,)

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(objective.metric for objective in self.all)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that objectives and constraints name."""
        names = [*self.names, *(limit.name for limit in self.limits)]
        return tuple(dict.fromkeys(name for name in names if name not in MEASURES))

    def direction(self, metric: str) -> str:
        """Whether more (`max`) or less (`min`) of a metric is better."""
        return next((each.direction for each in (*self.all, self.epoch) if each.metric == metric), direction_of(metric))

    def named_values(self, trial: TrialRecord) -> dict[str, float]:
        """A ranked trial's values of several objectives by name; none where one metric is all."""
        return dict(zip(self.names, trial.objective_values, strict=False))

    def values(self, trial: TrialRecord) -> tuple[float, ...]:
        """A trial's values of all objectives; empty where one of them is not known."""
        found = [trial.value(name) for name in self.names]
        known = tuple(value for value in found if value is not None)
        return known if len(known) == len(found) else ()

    def violations(self, trial: TrialRecord) -> dict[str, float]:
        """By how much of its bound a trial breaks each constraint, by name; 0 where it keeps to it or nobody knows."""
        return {limit.name: limit.violation(trial.value(limit.name)) for limit in self.limits}

    def complaint(self, trial: TrialRecord) -> str:
        """Which constraints a trial breaks, with its values; empty where it keeps to all, as far as known."""
        found = [(limit, trial.value(limit.name)) for limit in self.limits]
        return _AND.join(
            limit.complaint(value) for limit, value in found if value is not None and limit.violation(value)
        )

    def judged(self, trial: TrialRecord) -> TrialRecord:
        """An ended trial with its values of the objectives; without its score where it breaks a constraint."""
        if trial.status is Status.FAILED:
            return trial
        complaint = self.complaint(trial)
        if complaint:
            return replace(trial, status=Status.INFEASIBLE, reason=complaint, score=None, objective_values=())
        return trial if self.is_plain else replace(trial, objective_values=self.values(trial))


def complaints_of(trial: TrialRecord) -> dict[str, str]:
    """What an infeasible trial's reason says of each constraint that it breaks, by name: those of its own session."""
    if trial.status is not Status.INFEASIBLE:
        return {}
    return {complaint.partition(" ")[0]: complaint for complaint in trial.reason.split(_AND)}


def settled(ending: TrialRecord, objectives: Objectives) -> TrialRecord:
    """An ended trial with its score and its values, taken from its epochs; one that failed or is infeasible has none.

    One that went well but has no finite value of an objective failed all the same.
    """
    found = None if ending.status is Status.FAILED else outcome_of(ending.epochs, objectives.epoch)
    scored = replace(ending, score=None, best_epoch=None)
    if found:
        score, epoch, folds, rung = found.score, found.best_epoch, found.folds, found.rung
        scored = replace(ending, score=score, best_epoch=epoch, folds=folds, rung=rung)
    return _without_unknown(objectives.judged(scored), objectives)


def _without_unknown(ending: TrialRecord, objectives: Objectives) -> TrialRecord:
    if ending.status not in (Status.COMPLETED, Status.STOPPED_EARLY):
        return ending
    unknown = next((n for n in (objectives.epoch.metric, *objectives.names) if ending.value(n) is None), None)
    if unknown is None:
        return ending
    message = f"no epoch had a finite {unknown}"
    failed = replace(ending, status=Status.FAILED, reason=Failure.NAN, message=message)
    return replace(failed, score=None, best_epoch=None, objective_values=())


def rank(trials: Mapping[int, TrialRecord] | list[TrialRecord], objective: Objective | Objectives) -> list[TrialRecord]:
    """The trials that have a score, best first; ties go to the smaller model, then to the earlier trial.

    By several objectives, the Pareto front comes first, then the front of the others, and so on; within a front the
    first objective decides.

    A trial that ended before its last fold stands behind those with all of them, since a single fold may be an easy
    one: what the pruner stops there would otherwise pass for better than the trials that it was stopped for. So does
    one that ended on a lower rung than others.
    """
    trials = list(trials.values() if isinstance(trials, Mapping) else trials)
    order = sorted(_keys(trials, Objectives.around(objective)), key=lambda k: (*k[:2], _size(trials[k[2]])))
    return [trials[index] for *_, index in order]


def trained_as_the_first(ranked: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Of ranked trials those that came to a rung of as much work as the first: their scores are of one kind."""
    return [trial for trial in ranked if _work(trial) == _work(ranked[0])]


def places(trials: Sequence[TrialRecord], objective: Objective | Objectives) -> list[int | None]:
    """For each trial its place in the ranking, from 1; None where it has no score.

    Trials that are as good as each other share a place, whatever their size, and the next one counts them all: 1, 1, 3.
    """
    found: list[int | None] = [None] * len(trials)
    place, before = 0, None
    for position, (short, values, index) in enumerate(sorted(_keys(trials, Objectives.around(objective))), start=1):
        place = place if (short, values) == before else position
        found[index], before = place, (short, values)
    return found


def _keys(trials: Sequence[TrialRecord], objectives: Objectives) -> list[tuple[_Short, tuple[float, ...], int]]:
    """What each trial with a score is ranked by, less first, with its index."""
    count = len(objectives.all)
    known = [
        index
        for index, trial in enumerate(trials)
        if trial.score is not None and (objectives.is_plain or len(trial.objective_values) == count)
    ]
    scored = [trials[index] for index in known]
    short = _short_of_whole(scored)
    return list(zip(short, _places(scored, short, objectives), known, strict=True))


def _size(trial: TrialRecord) -> tuple[int, int]:
    return trial.parameters or 0, trial.number


def front_of(trials: Sequence[TrialRecord], objectives: Objectives) -> list[TrialRecord]:
    """The Pareto front: the trials that no other one is better than in one objective and as good in all."""
    ranked = rank(list(trials), objectives)
    short = _short_of_whole(ranked)
    whole = [trial for trial, each in zip(ranked, short, strict=True) if each == short[0]]
    numbers = fronts([_losses(trial, objectives) for trial in whole])
    return [trial for trial, front in zip(whole, numbers, strict=True) if front == 0]


def _places(trials: Sequence[TrialRecord], short: Sequence[_Short], objectives: Objectives) -> list[tuple[float, ...]]:
    """What each trial is ranked by, less first: its front among trials trained as far, then the objectives."""
    losses = [_losses(trial, objectives) for trial in trials]
    found: list[tuple[float, ...]] = list(losses)
    if len(objectives.all) > 1:
        for group in set(short):
            members = [index for index, each in enumerate(short) if each == group]
            for index, front in zip(members, fronts([losses[index] for index in members]), strict=True):
                found[index] = (front, *losses[index])
    return found


def _losses(trial: TrialRecord, objectives: Objectives) -> tuple[float, ...]:
    """Less is better in each of them."""
    values = (trial.score or 0.0,) if objectives.is_plain else trial.objective_values
    return tuple(-objective.gain(value) for objective, value in zip(objectives.all, values, strict=True))


def _short_of_whole(trials: Sequence[TrialRecord]) -> list[_Short]:
    """How far from a whole training each trial ended, less first: by its rung's work, then by its folds."""
    most = _most_folds(trials)
    return [(-_work(trial), len(trial.folds) < most[trial.fingerprint]) for trial in trials]


def folds_of(trial: TrialRecord) -> tuple[int, str]:
    """On how many folds of which images a trial was trained.

    Other trials decide whether these are all folds. So one objective ranks trials that have this in common in the same
    order whatever others there are.
    """
    return len(trial.folds), trial.fingerprint


def _work(trial: TrialRecord) -> float:
    """The work of an epoch where a trial ended, as a share of that of what its configuration names."""
    return 1.0 if trial.rung is None else trial.rung.work


def _most_folds(trials: Sequence[TrialRecord]) -> Mapping[str, int]:
    """The most folds of a trial by the images that it was trained on; of all trials under no images."""
    most: dict[str, int] = {}
    for trial in trials:
        for images in ("", trial.fingerprint):
            most[images] = max(len(trial.folds), most.get(images, 0))
    return most
