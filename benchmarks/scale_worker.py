"""One worker of scale.py: all that a worker asks of its study, and sleep where it would train.

Its oracle, its storage, its heartbeats and its one connection are those of `cnnsearch worker`. It starts no process for
a trial and writes no files, which no other worker waits for.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus
from optuna.storages import BaseStorage

from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.model.hypermodel import hyperparameters_of
from cnnsearch.search.records import Epoch, Status, TrialRecord
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.heartbeats import Heartbeats
from cnnsearch.spaces.load import load_space

_QUESTIONS = ("do_execute", "do_execute_no_params", "do_executemany", "do_commit", "do_rollback", "do_ping", "connect")
"""What SQLAlchemy waits for the database in."""
_IDLE = 0.2
"""Seconds until a worker looks again that has no trial."""


@dataclass(frozen=True)
class Task:
    """What a worker is told.

    Attributes:
        url: of the storage.
        space: what is searched.
        trials: of the whole study.
        seconds: how long a trial sleeps on average; each one between half and one and a half of it.
        epochs: of a trial.
        sampler: who is asked.
    """

    url: str
    space: str
    trials: int
    seconds: float
    epochs: int
    sampler: str


@dataclass
class Log:
    """What a worker did; all times in seconds.

    Attributes:
        sleeps: from when to when its trials slept, by the clock of the machine.
        asks: how long each trial was asked for.
        reports: how long each epoch was reported.
        tells: how long each trial's end was told.
        waited: for the database, in all of these and in heartbeats.
        questions: put to the database.
        processor: time of the process since it was opened.
        opening: from its start until it was ready for its first trial.
        whole: from then to its end.
    """

    sleeps: list[tuple[float, float]] = field(default_factory=list)
    asks: list[float] = field(default_factory=list)
    reports: list[float] = field(default_factory=list)
    tells: list[float] = field(default_factory=list)
    waited: float = 0.0
    questions: int = 0
    processor: float = 0.0
    opening: float = 0.0
    whole: float = 0.0


def work(connection: Connection, task: Task, seed: int) -> None:
    """Run trials until the study has all of them, once the connection says so; sends the `Log`."""
    log, began = Log(), time.perf_counter()
    storage = open_storage(task.url, shared=True)
    _watch(storage, log)
    objective = keras_tuner.Objective("val_accuracy", "max")
    oracle = OptunaOracle(
        objective,
        task.trials,
        hyperparameters_of(load_space(task.space)),
        seed=seed,
        storage=storage,
        sampler=task.sampler,
        shared=True,
    )
    oracle.verbose = 0
    log.opening = time.perf_counter() - began
    connection.send("ready")
    connection.recv()
    log.waited, log.questions = 0.0, 0
    processor, began = time.process_time(), time.perf_counter()
    with Heartbeats(oracle.study):
        while trial := _asked(oracle, log):
            _trained(oracle, trial, task, log)
    log.processor, log.whole = time.process_time() - processor, time.perf_counter() - began
    connection.send(log)


def _asked(oracle: OptunaOracle, log: Log) -> Trial | None:
    """The next trial; None where there is none any more."""
    while True:
        began = time.perf_counter()
        trial = oracle.create_trial("slot")
        if trial.status == TrialStatus.RUNNING:
            log.asks.append(time.perf_counter() - began)
            return trial
        if trial.status == TrialStatus.STOPPED:
            return None
        time.sleep(_IDLE)


def _trained(oracle: OptunaOracle, trial: Trial, task: Task, log: Log) -> None:
    number = int(trial.trial_id)
    source = random.Random(number)
    pause = task.seconds * source.uniform(0.5, 1.5) / task.epochs
    epochs = []
    for place in range(1, task.epochs + 1):
        began = time.monotonic()
        time.sleep(pause)
        ended = time.monotonic()
        log.sleeps.append((began, ended))
        epochs.append(Epoch(place, {"val_accuracy": source.random()}, pause))
        oracle.report(trial.trial_id, epochs[-1])
        log.reports.append(time.monotonic() - ended)
    began = time.monotonic()
    oracle.conclude(trial, TrialRecord(number, {}, Status.COMPLETED, epochs=tuple(epochs)))
    log.tells.append(time.monotonic() - began)


def _watch(storage: BaseStorage, log: Log) -> None:
    """Count what is asked of the database from now on, and how long its answers take."""

    def watched(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever SQLAlchemy passes
            began = time.perf_counter()
            try:
                return ask(*args, **kwargs)
            finally:
                log.waited += time.perf_counter() - began
                log.questions += 1

        return asked

    engine = getattr(storage, "engine", None)
    if engine is None:  # a proxy: what is called are the methods of its stub
        stub = storage._stub  # type: ignore[attr-defined]
        for name, call in vars(stub).items():
            setattr(stub, name, watched(call))
        return
    for name in _QUESTIONS:
        setattr(engine.dialect, name, watched(getattr(engine.dialect, name)))
