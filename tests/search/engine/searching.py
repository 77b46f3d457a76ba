"""Searches whose trainings only talk, or make real features; study, slots, processes, files and images are real."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.attempt import Attempts
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.budget import Budget, Limits
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.experience import Experience
from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.engine.pruners import pruner_of
from cnnsearch.search.engine.slots import CPU, Slot
from cnnsearch.search.engine.tuner import SearchTuner
from cnnsearch.search.events import Event, Listener, TrialStarted
from cnnsearch.search.listeners.broadcast import Broadcast
from cnnsearch.search.model.hypermodel import CnnHyperModel, hyperparameters_of
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import sqlite_url
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.phases import most_epochs
from cnnsearch.spaces.rungs import comparing
from tests.search.engine import works

DIGITS = 'data: {source: "sample:digits", image_size: [8, 8], color: gray}'
SCRATCH = "model: {scratch: {blocks: 1, filters: {choice: [4, 8]}, dropout: {float: [0.0, 0.5]}}}"


def space_text(search: str, *, data: str = DIGITS, model: str = SCRATCH, training: str = "epochs: 1") -> str:
    """A space; `search` and `training` are what stands in these sections."""
    return "\n".join([data, model, f"training: {{{training}}}", f"search: {{sampler: random, {search}}}", ""])


@dataclass
class Searching:
    """A search and what was heard of it."""

    bench: Bench
    oracle: OptunaOracle
    heard: list[Event] = field(default_factory=list)

    def run(self) -> SearchTuner:
        """Search to the end; gives the tuner, which knows why it ended."""
        tuner = SearchTuner(self.oracle, CnnHyperModel(self.bench.space, 10, steps_per_epoch=1), self.bench)
        tuner.search()
        return tuner

    def dialogue(self) -> Attempts:
        """The next trial as its parent sees it, its process ready to be begun."""
        attempts = Attempts(self.oracle, self.oracle.create_trial("cpu"), self.bench, CPU)
        self.bench.budget.set_aside()
        attempts.prepare()
        return attempts

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials of the study."""
        return self.oracle.study.records()

    @property
    def slots(self) -> list[str]:
        """Where each trial started."""
        return [event.slot for event in self.heard if isinstance(event, TrialStarted)]


def searching(
    folder: Path,
    space: str,
    train: Callable[..., Any] = works.train,
    slots: Sequence[Slot] = (CPU,),
    per_device: int = 1,
    experience: Experience | None = None,
    listeners: Sequence[Listener] = (),
) -> Searching:
    """A search in a folder that is about to begin."""
    run, read = RunFolder(folder / "run"), loads_space(space, "digits")
    run.path.mkdir()
    search = read.document.search
    objectives, heard = Objectives.of(search), list[Event]()
    oracle = OptunaOracle(
        objective=objectives,
        max_trials=search.trials,
        hyperparameters=hyperparameters_of(read),
        seed=7,
        storage=sqlite_url(run.study),
        sampler=search.sampler,
        pruner=pruner_of(comparing(search), most_epochs(read.document)),
        max_consecutive_failed_trials=search.max_failures_in_a_row,
        goes_on=lambda number: run.trial(number).backup.is_file(),
    )
    oracle.verbose = 0
    bench = Bench(
        run,
        read,
        Datasets(folder / "cache").of,
        Crew(slots, per_device),
        Budget(Limits(search.time, search.epochs, search.stop_at, objectives.epoch)),
        Checkpoints(run, objectives, read.document.keep.checkpoints),
        Broadcast((heard.append, *listeners)),
        Pause(run.path),
        search.trial_time,
        train=train,
        experience=experience or Experience(),
    )
    return Searching(bench, oracle, heard)
