"""A search that trains nothing: real sampler, real pruner, a real study in memory; the epochs come from a table."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus
from tabulated.table import OBJECTIVE, Table, Trained

from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.engine.pruners import pruner_of
from cnnsearch.search.model.hypermodel import decoded, hyperparameters_of
from cnnsearch.search.records import Epoch, Failure, Status, TrialRecord
from cnnsearch.spaces.sections.pruners import Pruner
from cnnsearch.spaces.sections.samplers import Sampler


@dataclass
class Course:
    """How a search went, epoch by epoch.

    Attributes:
        best: behind each epoch, the best validation accuracy so far; 0 where there is none yet.
        test: behind each epoch, the test accuracy of the configuration that has it, trained to its end.
        ends: how many epochs were spent when each trial ended.
    """

    best: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """How many were spent."""
        return len(self.best)

    def seen(self, value: float, test: float) -> None:
        """Count an epoch, which came to this."""
        best, before = (self.best[-1], self.test[-1]) if self.best else (0.0, 0.0)
        self.best.append(max(best, value))
        self.test.append(test if value > best else before)

    def epochs_to(self, quality: float) -> int | None:
        """After how many epochs the best one was so good for the first time; None where it never was."""
        place = bisect_left(self.best, quality)
        return place + 1 if place < self.epochs else None

    def epochs_to_test(self, quality: float) -> int | None:
        """The same for the best one's test accuracy."""
        return next((count for count, test in enumerate(self.test, start=1) if test >= quality), None)


def searched(table: Table, sampler: Sampler, pruner: Pruner, seed: int, goes_on: Callable[[Course], bool]) -> Course:
    """A search, as long as it shall go on before its next trial, or until all of the space was tried."""
    longest = max(len(trained.epochs) for trained in table.trained.values())
    objective = keras_tuner.Objective(OBJECTIVE.metric, OBJECTIVE.direction)
    oracle = OptunaOracle(
        objective,
        None,
        hyperparameters_of(table.space),
        seed=seed,
        sampler=sampler,
        pruner=pruner_of(pruner, longest),
        max_consecutive_failed_trials=None,
    )
    oracle.verbose = 0
    course = Course()
    while goes_on(course):
        trial = oracle.create_trial("slot")
        if trial.status != TrialStatus.RUNNING:
            break
        _trained(oracle, trial, table.of(decoded(table.space, trial.hyperparameters.values)), course)
    return course


def _trained(oracle: OptunaOracle, trial: Trial, trained: Trained, course: Course) -> None:
    """One trial, until its table ends or the pruner ends it."""
    made: list[Epoch] = []
    behind = False
    for epoch in trained.epochs:
        made.append(epoch)
        course.seen(0.0 if trained.failed else epoch.metrics[OBJECTIVE.metric], trained.test or 0.0)
        behind = oracle.report(trial.trial_id, epoch)
        if behind:
            break
    status = Status.PRUNED if behind else Status.FAILED if trained.failed else Status.COMPLETED
    reason = Failure.NAN if status is Status.FAILED else ""
    ending = TrialRecord(int(trial.trial_id), {}, status, reason, epochs=tuple(made), parameters=trained.weights)
    oracle.conclude(trial, ending)
    course.ends.append(course.epochs)
