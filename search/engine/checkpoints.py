"""Which trials' models stay on disk: those of the best few."""

import threading

from cnnsearch.search.records import Objective, TrialRecord, rank
from cnnsearch.search.run_folder import RunFolder


class Checkpoints:
    """Keeps `model.keras` of the best `keep` trials and removes what falls behind."""

    def __init__(self, run: RunFolder, objective: Objective, keep: int) -> None:
        self._run, self._objective, self._keep = run, objective, keep
        self._lock = threading.Lock()
        self._scores: dict[int, float] = {}

    def wants(self, score: float | None) -> bool:
        """Whether a model with this score would be among the best."""
        if score is None:
            return False
        with self._lock:
            ahead = sum(not self._objective.better(score, other) for other in self._scores.values())
            return ahead < self._keep

    def ended(self, trial: TrialRecord) -> None:
        """Take note of an ended trial, and remove the models that are not among the best any more."""
        with self._lock:
            if trial.score is not None:
                self._scores[trial.number] = trial.score
            records = [TrialRecord(number, {}, trial.status, score=score) for number, score in self._scores.items()]
            for behind in rank(records, self._objective)[self._keep :]:
                (self._run.trial(behind.number) / "model.keras").unlink(missing_ok=True)
