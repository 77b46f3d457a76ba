"""Keeps `status.json` true while a run goes on: what the next command or another program reads without the study."""

import time
from collections import Counter
from typing import Any

from cnnsearch.search.confirming_events import ConfirmingStarted, RetrainingEnded, RetrainingWentOn
from cnnsearch.search.engine.budget import Budget
from cnnsearch.search.events import (
    EndedElsewhere,
    EpochEnded,
    Event,
    FeaturesMade,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
    TrialContinued,
    TrialEnded,
    TrialLost,
    TrialRetried,
    TrialShown,
    TrialStarted,
)
from cnnsearch.search.ranking import Objectives, rank
from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.search.study.owners import this_process
from cnnsearch.search.writing import UnwritableFile, is_full_disk, write_json

_EVERY = 1.0
"""Seconds between two writes for mere epochs."""


class StatusFile:
    """A listener that writes a run's `status.json`.

    Args:
        identity: of the space and the data; the same command finds the run by it.
        budget: the clock whose seconds a later session starts from.
    """

    def __init__(self, run: RunFolder, identity: str, budget: Budget) -> None:
        self._run, self._identity, self._budget = run, identity, budget
        self._state, self._reason = RunState.RUNNING, ""
        self._trials = 0
        self._counts: Counter[str] = Counter()
        self._running: dict[int, int] = {}
        self._objectives: Objectives | None = None
        self._best: TrialRecord | None = None
        self._written = 0.0
        self._confirm: dict[str, int] | None = None
        self._process = this_process()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, FeaturesMade | TrialShown | RetrainingWentOn):
            return
        if isinstance(event, EndedElsewhere | TrialLost):
            self._note_elsewhere(event)
        elif isinstance(event, RunStarted):
            self._trials, self._objectives = event.trials, event.ranked_by
            for trial in event.finished:
                self._count(trial)
        elif isinstance(event, TrialStarted | TrialRetried | TrialContinued):
            self._running[event.number] = event.epochs[-1].number if isinstance(event, TrialContinued) else 0
        elif isinstance(event, EpochEnded):
            self._running[event.number] = event.epoch.number
            if time.monotonic() - self._written < _EVERY:
                return
        elif isinstance(event, TrialEnded):
            self._running.pop(event.trial.number, None)
            self._count(event.trial)
        elif isinstance(event, ConfirmingStarted | RetrainingEnded):
            self._count_retraining(event)
        elif isinstance(event, Paused | Resumed | RunEnded):
            self._note_state(event)
        try:
            self.write()
        except UnwritableFile as error:
            if isinstance(event, RunEnded) or not is_full_disk(error):
                raise  # else the next event writes it

    def _note_state(self, event: Paused | Resumed | RunEnded) -> None:
        if isinstance(event, RunEnded):
            self._state, self._reason = event.state, event.reason
            self._running.clear()
        elif isinstance(event, Paused):
            self._state, self._reason = RunState.PAUSED, event.message
        else:
            self._state, self._reason = RunState.RUNNING, ""

    def _note_elsewhere(self, event: EndedElsewhere | TrialLost) -> None:
        if isinstance(event, TrialLost):
            self._running.pop(event.number, None)
        else:
            self._count(event.trial)

    def _count_retraining(self, event: ConfirmingStarted | RetrainingEnded) -> None:
        if isinstance(event, ConfirmingStarted):
            self._confirm = {"retrainings": event.retrainings, "done": len(event.retrained)}
        elif self._confirm:
            self._confirm["done"] += 1

    def _count(self, trial: TrialRecord) -> None:
        self._counts[trial.status] += 1
        if self._objectives:
            self._best = next(iter(rank([*filter(None, [self._best]), trial], self._objectives)), None)

    def _told_best(self) -> dict[str, Any] | None:
        best = self._best
        if best is None or self._objectives is None:
            return None
        several = self._objectives.named_values(best)
        return {"trial": best.number, "score": best.score} | ({"objectives": several} if several else {})

    def write(self) -> None:
        """Replace the file."""
        self._written = time.monotonic()
        status: dict[str, Any] = {
            "state": self._state,
            "reason": self._reason,
            "identity": self._identity,
            **self._process,
            "updated": round(time.time(), 3),
            "seconds": round(self._budget.spent, 3),
            "trials": {"budget": self._trials, "running": self._running}
            | {str(s): self._counts[s] for s in Status if s.ended},
            "epochs": {"budget": self._budget.limits.epochs, "done": self._budget.epochs},
            "stop_at": self._budget.limits.target,
            "confirm": self._confirm,
            "best": self._told_best(),
        }
        write_json(self._run.status, status)
