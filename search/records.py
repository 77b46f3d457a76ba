"""What is known of a trial, as plain values: the engine writes them, the reports read them, without keras or optuna."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from statistics import fmean, stdev
from types import MappingProxyType
from typing import Any

from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.objectives import direction_of
from cnnsearch.spaces.values import Scalar

PHASE = "phase"
"""The metric that says in which phase of a training an epoch stands, from 1; absent where there is one phase only."""


class Status(StrEnum):
    """How a trial stands. A failure is never scored; what was stopped early or pruned keeps its best score."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED_EARLY = "stopped_early"
    PRUNED = "pruned"
    INFEASIBLE = "infeasible"
    """It breaks one of `search.constraints`: no failure, and no candidate."""
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more comes from such a trial."""
        return self not in (Status.QUEUED, Status.RUNNING)


class Failure(StrEnum):
    """Why a trial failed."""

    OOM = "oom"
    NAN = "nan"
    DATA = "data"
    CRASH = "crash"
    BUG = "bug"
    TIMEOUT = "timeout"
    DISK = "disk"
    IMPOSSIBLE = "impossible"


def fingerprint_of(stamp: str) -> str:
    """The fingerprint in a stamp of images, which has their shape and how they got it, too; empty for an empty one."""
    return stamp.partition("-")[0]


@dataclass(frozen=True)
class Epoch:
    """One finished epoch.

    Attributes:
        number: from 1.
        metrics: what Keras logged, such as `loss`, `accuracy`, `val_loss`, `val_accuracy`, `learning_rate`.
        seconds: wall time of this epoch.
        fold: the number of its fold, from 1, in each of which epochs begin anew; None where there are no folds.
        rung: the rung that it was trained on, on each of which epochs begin anew; None where there are no rungs.
    """

    number: int
    metrics: Mapping[str, float]
    seconds: float
    fold: int | None = None
    rung: Rung | None = None

    @property
    def work(self) -> float:
        """Its share of the work of an epoch of what its configuration names."""
        return 1 if self.rung is None else self.rung.work


@dataclass(frozen=True)
class FoldScore:
    """The best epoch of one fold of a cross-validated trial, with its value of the objective; folds count from 1."""

    fold: int
    epoch: int
    score: float


@dataclass(frozen=True)
class TrialRecord:
    """One trial.

    Attributes:
        number: from 0, the number of the trial in its Optuna study.
        values: the active parameters by dotted path; inactive ones are absent.
        status: how it stands.
        reason: why it ended so: a `Failure` for a failed trial, else a short text such as `patience 3 on val_loss`.
        message: one line for a person, such as the exception's; may be empty.
        score: the best value of the objective over its epochs, with folds the mean of each fold's; None where there is
            none.
        best_epoch: the number of the epoch with that score; with folds, of the first fold, whose model is kept.
        seconds: wall time from its start to its end.
        parameters: the number of weights of its model.
        epochs: its finished epochs, in order.
        folds: the best epoch of each fold, where it was cross-validated.
        data: the stamp of the images that it was trained on; empty where an earlier version did not note it.
        precision, jit: what `training.precision` and `training.jit` were on its device; empty and None where it was not
            built, or an earlier version did not note it.
        reduced_batch: images that went through its network at once, where memory was too small for its whole batches;
            the steps of its training were those of whole batches all the same. None where they fitted.
        rung: the highest rung that it reached, which its score is of; None where there are no rungs.
        latency: seconds that its model takes for one image, where that was asked for.
        model_size: bytes of its model's weights.
        objective_values: its values of several objectives, or of one that is no metric, in their order; empty where
            one of them is not known, or the trial is not ranked.
    """

    number: int
    values: Mapping[str, Scalar]
    status: Status
    reason: str = ""
    message: str = ""
    score: float | None = None
    best_epoch: int | None = None
    seconds: float | None = None
    parameters: int | None = None
    epochs: tuple[Epoch, ...] = field(default=())
    folds: tuple[FoldScore, ...] = field(default=())
    data: str = ""
    reduced_batch: int | None = None
    precision: str = ""
    jit: bool | None = None
    rung: Rung | None = None
    latency: float | None = None
    model_size: int | None = None
    objective_values: tuple[float, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Of the images that it was trained on, as they are known by; empty where it has no stamp."""
        return fingerprint_of(self.data)

    @property
    def is_whole(self) -> bool:
        """Whether its score is of the training that its configuration names, not of a cheaper one."""
        return self.rung is None or self.rung.is_last

    @property
    def costs_nothing(self) -> bool:
        """Whether it was drawn only: its model cannot exist, or is known to break a constraint before it is built."""
        drawn_only = self.status is Status.INFEASIBLE and self.seconds is None and not self.epochs
        return drawn_only or self.reason == Failure.IMPOSSIBLE

    def value(self, name: str) -> float | None:
        """Its finite value of a metric in its best epoch, or of a measure such as `latency`; None without one."""
        measures = {"parameters": self.parameters, "latency": self.latency, "model_size": self.model_size}
        found = measures[name] if name in measures else self.best_metrics.get(name)
        return found if found is not None and isfinite(found) else None

    @property
    def fold_scores(self) -> tuple[float, ...]:
        """The score of each fold; none where there are no folds."""
        return tuple(fold.score for fold in self.folds)

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the folds' scores (of a sample: divided by one less); None under two folds."""
        return stdev(self.fold_scores) if len(self.folds) > 1 else None

    @property
    def best_metrics(self) -> Mapping[str, float]:
        """The metrics of the best epoch, with folds the means over their best epochs; empty where there is none."""
        epochs = [epoch for epoch in self.epochs if epoch.rung == self.rung]
        if self.folds:
            best = {(fold.fold, fold.epoch) for fold in self.folds}
            return _means([epoch.metrics for epoch in epochs if (epoch.fold, epoch.number) in best])
        return next((epoch.metrics for epoch in epochs if epoch.number == self.best_epoch), {})


def _means(metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: fmean(each[name] for each in metrics if name in each) for each in metrics[:1] for name in each}


@dataclass(frozen=True)
class Objective:
    """What the search ranks by: a logged metric and whether more of it is better (`max`) or less (`min`)."""

    metric: str
    direction: str

    @classmethod
    def of(cls, metric: str) -> "Objective":
        """The objective for a name: losses, errors, sizes and times are minimised, everything else is maximised."""
        return cls(metric, direction_of(metric))

    def gain(self, value: float) -> float:
        """The value, or its negative where less is better: more of it is always better."""
        return value if self.direction == "max" else -value

    def better(self, score: float, than: float | None) -> bool:
        """Whether a score beats another one; any score beats none."""
        if than is None:
            return True
        return score > than if self.direction == "max" else score < than

    def reached(self, score: float, target: float) -> bool:
        """Whether a score is as good as a target."""
        return score >= target if self.direction == "max" else score <= target


@dataclass(frozen=True)
class NewSeeds:
    """What retrainings of a trial's configuration with new seeds came to; one of them is the model.

    Attributes:
        retraining: which one, from 1: the one with the median score, so it was not chosen for being the luckiest.
        seeds: how many there were.
        mean: of their scores.
        error: half of the mean's 95 % interval; None for a single one.
        search_score: what the search itself had found, the best of many.
    """

    retraining: int
    seeds: int
    mean: float
    error: float | None
    search_score: float | None


@dataclass(frozen=True)
class Origin:
    """Where a model comes from, as its folder says: which trial of a search, its best epoch, and its score.

    Attributes:
        trial: its number.
        epoch: its best one.
        objective, score: what the search ranked by, and what this model's training reached.
        phases: how many epochs of each phase led to the model; none where there is one phase only.
        objectives: the trial's values of several objectives by name; none where there is one metric only.
        confirmed: where the model is a retraining of the trial with a new seed; None for the trial's own model.
        searched: where somebody trained the configuration again: what the search's own training had reached.
    """

    trial: int
    epoch: int | None
    objective: str
    score: float | None
    phases: tuple[int, ...] = ()
    objectives: Mapping[str, float] = field(default_factory=dict)
    confirmed: NewSeeds | None = None
    searched: float | None = None

    def retrained(self, record: "TrialRecord", phases: tuple[int, ...]) -> "Origin":
        """The origin of a model that somebody trained again: its scores are those of this training."""
        searched = self.score if self.searched is None else self.searched
        return Origin(self.trial, record.best_epoch, self.objective, record.score, phases, searched=searched)

    @classmethod
    def told_by(cls, told: Mapping[str, Any]) -> "Origin":
        """An origin from its JSON.

        Raises:
            TypeError: it is none.
        """
        confirmed = told.get("confirmed")
        new_seeds = NewSeeds(**confirmed) if confirmed else None
        return cls(**{**told, "phases": tuple(told.get("phases", ())), "confirmed": new_seeds})

    @classmethod
    def of(
        cls,
        trial: TrialRecord,
        objective: Objective,
        phases: tuple[int, ...] = (),
        objectives: Mapping[str, float] = MappingProxyType({}),
    ) -> "Origin":
        """The origin of a trial's model."""
        return cls(trial.number, trial.best_epoch, objective.metric, trial.score, phases, dict(objectives))
