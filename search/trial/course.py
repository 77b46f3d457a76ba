"""The course of a trial: its stages, one after the other; each trains one network on one set of images.

A phase of a training is a stage, and each fold and each rung has its own. What a stage found, the next one may begin
with. Rungs come before folds: of a trial with both, the last rung alone has all folds.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.dataset import DatasetReference
from cnnsearch.search.records import Objective
from cnnsearch.search.seeds import fold_seed
from cnnsearch.search.trial.measuring import Measures
from cnnsearch.search.trial.messages import KnownBackbone
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.phases import phases
from cnnsearch.spaces.rungs import Rung, on_rung


@dataclass(frozen=True)
class Pace:
    """How often a backup is written.

    Attributes:
        least: seconds of training between two of them.
        share: of the training's time that writing them may take.
    """

    least: float = 2.0
    share: float = 0.01


@dataclass(frozen=True)
class TrialJob:
    """What a trial's process is told.

    Attributes:
        configuration: what is trained.
        dataset: where the decoded images lie; those of the test part are out of the trial's reach.
        train: the parts that are trained on.
        validation: the part measured after every epoch; None trains without one.
        objective: what the best epoch is chosen by; with no validation part the last epoch is kept.
        seed: of weights, dropout, augmentation and the order of the images; later folds draw theirs from it.
        model: where the trained model goes.
        rungs: those that the trial climbs, each with its images; the last is the training of `dataset`.
        backup: where the half-trained trial is kept, and maybe was kept by an earlier process; None for nowhere.
        had: how many epochs of an earlier process the parent knows.
        pace: how often the backup is written.
        known: frozen backbones that other trials of the search have built.
        measures: what is asked of the model before it is trained.
    """

    configuration: Configuration
    dataset: DatasetReference
    train: tuple[str, ...]
    validation: str | None
    objective: Objective
    seed: int
    model: Path
    _: KW_ONLY
    rungs: tuple[tuple[Rung, DatasetReference], ...] = ()
    backup: Path | None = None
    had: int = 0
    pace: Pace = field(default_factory=Pace)
    known: tuple[KnownBackbone, ...] = ()
    measures: Measures = field(default_factory=Measures)


@dataclass(frozen=True)
class Place:
    """Where in a trial's course an epoch stands.

    Attributes:
        fold: the number of its fold, from 1; None without folds.
        phase: the number of its phase, from 1; None where there is one only.
        rung: its rung; None without rungs.
    """

    fold: int | None = None
    phase: int | None = None
    rung: Rung | None = None

    @property
    def training(self) -> tuple[Rung | None, int | None]:
        """What all phases of one training have in common, and no other training has."""
        return self.rung, self.fold

    def __str__(self) -> str:
        fold = "" if self.fold is None else f" of fold {self.fold}"
        return f"{fold} on rung {self.rung.number}" if self.rung else fold


@dataclass(frozen=True)
class Stage:
    """One training of one network.

    Attributes:
        configuration: what is trained here.
        dataset: the images, without those of the test part.
        train: the parts that are trained on.
        validation: the part measured after each epoch; None for none.
        seed: of the images' order, and of what has no seed of its own.
        place: what its epochs are called.
        starts_fresh: whether it begins with fresh weights; else with the best ones of the stage before.
    """

    configuration: Configuration
    dataset: DatasetReference
    train: tuple[str, ...]
    validation: str | None
    seed: int
    place: Place
    starts_fresh: bool


@dataclass(frozen=True)
class Ended:
    """How a stage ended, or all stages of one fold.

    Attributes:
        place: of the stage.
        weights: of the model in its best epoch, of all of it or of its end, where nothing before that is trained; None
            where nobody asks for them any more.
        score: of its best epoch.
        reason: why it ended before its last epoch, or nothing.
        stopped: whether the parent ended it, and with it the trial.
        epochs: how many its fold has had so far.
    """

    place: Place
    weights: list[Any] | None
    score: float | None
    reason: str
    stopped: bool
    epochs: int


def course_of(job: TrialJob) -> tuple[Stage, ...]:
    """The stages of a trial in their order: with folds all phases of the first one, then all of the second.

    Rungs below the last come first, each with all phases, on the first fold alone.
    """
    below = [_trainings(_of_rung(job, rung, images), rung, folds=None) for rung, images in job.rungs[:-1]]
    last = job.rungs[-1][0] if job.rungs else None
    folds = job.configuration.data.folds if job.validation else None
    return tuple(stage for training in (*below, _trainings(job, last, folds)) for stage in training)


def _of_rung(job: TrialJob, rung: Rung, images: DatasetReference) -> TrialJob:
    return replace(job, configuration=on_rung(job.configuration, rung), dataset=images)


def _trainings(job: TrialJob, rung: Rung | None, folds: int | None) -> tuple[Stage, ...]:
    in_turn = phases(job.configuration)
    return tuple(
        Stage(
            configuration,
            (job.dataset if fold is None else job.dataset.of_fold(fold - 1)).without_test(),
            job.train,
            job.validation,
            job.seed if fold is None else fold_seed(job.seed, fold),
            Place(fold, number if len(in_turn) > 1 else None, rung),
            starts_fresh=number == 1,
        )
        for fold in ([None] if folds is None else range(1, folds + 1))
        for number, configuration in enumerate(in_turn, start=1)
    )


def epochs_before(stage: Stage, ended: Sequence[Ended]) -> int:
    """How many epochs a stage's training has had in the stages before it."""
    return ended[-1].epochs if ended and ended[-1].place.training == stage.place.training else 0


def ends_rung(stage: Stage, coming: Stage | None) -> bool:
    """Whether a stage is the last one of a rung below the last."""
    return coming is not None and coming.place.rung != stage.place.rung


def epochs_of_all(ended: Sequence[Ended]) -> int:
    """How many epochs ended stages have had, in all trainings together."""
    return sum([*stages][-1].epochs for _, stages in groupby(ended, lambda end: end.place.training))


def still_asked(ended: Sequence[Ended], coming: Stage | None) -> list[Ended]:
    """The same, with only the weights that are asked for again: those of the first fold on the highest rung, and those
    that the next stage takes on.

    `coming` is the next stage; None after the last one.
    """
    last = ended[-1] if coming is not None and not coming.starts_fresh else None
    kept = [end is last or (end.place.fold in (None, 1) and end.place.rung == ended[-1].place.rung) for end in ended]
    return [end if keep else replace(end, weights=None) for end, keep in zip(ended, kept, strict=True)]


def of_folds(ended: Sequence[Ended], objective: Objective) -> list[Ended]:
    """How each fold ended, the only one where there are none: with the weights and the score of its best stage.

    Of several rungs the highest one counts.
    """
    highest = [end for end in ended if end.place.rung == ended[-1].place.rung]
    return [_best(tuple(stages), objective) for _, stages in groupby(highest, lambda end: end.place.fold)]


def _best(ended: Sequence[Ended], objective: Objective) -> Ended:
    best = ended[0]
    for end in ended[1:]:
        if end.score is None or objective.better(end.score, best.score):
            best = end
    return replace(ended[-1], weights=best.weights, score=best.score)


def reason_of(folds: Sequence[Ended]) -> str:
    """Why a trial ended: what its parent said, else what stopped its training; with folds, in how many of them."""
    if len(folds) == 1 or folds[-1].stopped:
        return folds[-1].reason
    reasons = [end.reason for end in folds if end.reason]
    return f"{reasons[0]} in {len(reasons)} of {len(folds)} folds" if reasons else ""
