"""Ten processes that do the same to one study at once: `python crowd.py WHAT URL`; prints what each has found."""

import json
import multiprocessing
import os
import signal
import sys

import alembic.command
import alembic.migration  # noqa: F401
import optuna.storages._rdb.models  # noqa: F401

from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.study import TrialStudy

PROCESSES = 10
ACCURACY = Objective("val_accuracy", "max")


def opened(url):
    return TrialStudy.open(open_storage(url, shared=True), ACCURACY)


def claim(study):
    """The numbers of all trials in line that this process gets."""
    found = []
    while (trial := study.pop_waiting(study.trials())) is not None:
        found.append(trial.number)
        finish(study, trial.number)
    return found


def finish(study, number):
    epoch = Epoch(1, {"val_accuracy": 0.5}, 1.0)
    study.report(number, epoch)
    study.tell(TrialRecord(number, {}, Status.COMPLETED, score=0.5, epochs=(epoch,)))


def begin(study):
    """The numbers of six new trials."""
    return [study.begin() for _ in range(6)]


def sweep(study):
    """The numbers of the trials that this process puts back in line, however long ago their last heartbeat was."""
    return study.requeue_stale(grace=-1)


def put_in_line(study):
    """Nothing: all want the same configurations tried."""
    for units in range(5):
        study.enqueue({"units": units})
    return []


def die(study):
    """Nothing: it is killed with a trial of its own, before any heartbeat but the first."""
    study.begin()
    os.kill(os.getpid(), signal.SIGKILL)


def go(what, url, start, results):
    found = None
    try:
        study = opened(url)
        study.trials()
        start.wait(100)
        found = globals()[what](study)
    finally:
        results.put(found)


def main(what, url):
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(PROCESSES), context.SimpleQueue()
    crowd = [context.Process(target=go, args=(what, url, start, results)) for _ in range(PROCESSES)]
    for process in crowd:
        process.start()
    found = [] if what == "die" else [results.get() for _ in crowd]
    for process in crowd:
        process.join()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
