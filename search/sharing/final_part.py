"""The final part of a shared search: confirming, export, the test score. One worker does it, claimed like a trial.

A second study beside the first one, called `<name>: final part`, has one trial for each final part that there is to do.
So claims, heartbeats and dead owners are what they are for trials.
"""

import socket
from pathlib import Path
from typing import Any

from optuna.pruners import NopPruner
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.records import Objective, Status, TrialRecord
from cnnsearch.search.study.owners import worker_of
from cnnsearch.search.study.shared import GRACE, OWNER, Lost
from cnnsearch.search.study.stored_trial import FIXED
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.search.study_link import StudyLink

_OBJECTIVE = Objective("final_part", "max")
_KIND = "kind"


class FinalPart:
    """The final part of one study, as it stands now.

    Args:
        link: of the study.
        storage: the study's.
        kind: what the final part is about; a study that gets more trials later has another one.
    """

    def __init__(self, link: StudyLink, storage: BaseStorage, kind: str) -> None:
        self._study = TrialStudy.open(storage, _OBJECTIVE, name=f"{link.study}: final part", pruner=NopPruner())
        self._kind = {_KIND: kind}
        self._study.enqueue(self._kind)
        self._number = self._trial().number

    def _trial(self) -> FrozenTrial:
        """The first of this kind: where two workers have put one in line at the same time, the other one never runs."""
        found = [t for t in self._study.trials() if t.system_attrs.get(FIXED) == self._kind]
        return found[0]

    def claim(self) -> bool:
        """Take it; false where somebody else has it, or has done it."""
        return self._study.pop_waiting([self._trial()]) is not None

    @property
    def is_done(self) -> bool:
        """Whether somebody has done it."""
        return self._trial().state is TrialState.COMPLETE

    def sweep(self, grace: float = GRACE) -> None:
        """Where its worker is dead, it is to be done again."""
        self._study.requeue_stale(grace)

    def give_back(self) -> None:
        """It was not done: somebody else may do it."""
        try:
            self._study.requeue(self._number)
        except Lost:
            self._study.drop(self._number)

    def done(self, run: Path) -> bool:
        """Note that it is done, and where; false where somebody else has taken it over meanwhile."""
        try:
            self._study.set_attribute(self._place, {"host": socket.gethostname(), "run": str(run.absolute())})
            self._study.tell(TrialRecord(self._number, {}, Status.COMPLETED, score=1.0, seconds=0.0))
        except Lost:
            self._study.drop(self._number)
            return False
        return True

    @property
    def _place(self) -> str:
        return f"place:{self._number}"

    def where(self) -> str:
        """Who has done it or does it, in words."""
        known: dict[str, Any] | None = self._study.attribute(self._place)
        if known:
            return f"{known['host']}:{known['run']}" if known["host"] != socket.gethostname() else str(known["run"])
        host, _, process = worker_of(self._trial().system_attrs.get(OWNER)).partition(":")
        return f"process {process} on {host}" if host else "another worker"
