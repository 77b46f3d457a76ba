"""Which trials' models stay on disk: those of the best few."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from cnnsearch.search.ranking import Objectives, folds_of, rank
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run_folder import RunFolder


class Checkpoints:
    """Keeps `model.keras` of the best `keep` trials and removes what falls behind; a trial ends once."""

    def __init__(self, run: RunFolder, objective: Objective | Objectives, keep: int) -> None:
        self._run, self.objectives, self._keep = run, Objectives.around(objective), keep
        self._lock = threading.Lock()
        self._known: dict[int, TrialRecord] = {}
        """Those that can still be among the best."""
        self._best, self._removed = set[int](), set[int]()
        self.has_ranked = False
        """Whether a trial that has ended is ranked."""

    @property
    def objective(self) -> Objective:
        """The metric that decides which epoch of a trial counts."""
        return self.objectives.epoch

    def wants(self, trial: TrialRecord) -> bool:
        """Whether a trial with this score and size would be among the best."""
        with self._lock:
            return trial in self._ranked(trial)[: self._keep]

    def _ranked(self, *more: TrialRecord) -> list[TrialRecord]:
        """As the tables rank them, ties included, so that the model of the first in the table is there."""
        return rank([*self._known.values(), *more], self.objectives)

    def ended(self, *trials: TrialRecord) -> list[int]:
        """Take note of ended trials, and remove the models that are not among the best any more.

        A trial that failed may have written one, too: its process can die in the moment after. Gives the numbers of
        the trials whose models are removed now.
        """
        with self._lock:
            self._known |= {trial.number: replace(trial, epochs=()) for trial in trials}
            ranked = self._ranked()
            self.has_ranked = bool(ranked)
            best = {trial.number for trial in ranked[: self._keep]}
            behind = sorted(({trial.number for trial in trials} | self._best) - best - self._removed)
            for number in behind:
                self._run.trial(number).model.unlink(missing_ok=True)
                self._removed.add(number)
            self._best = best
            self._known = {trial.number: trial for trial in self._in_reach(ranked)}
            return behind

    def _in_reach(self, ranked: Iterable[TrialRecord]) -> Iterator[TrialRecord]:
        """Those that can still be among the best: by one objective the best few on as many folds of the same images.

        By several it may be any of them: a trial can bring others to an earlier front or a later one.
        """
        if len(self.objectives.all) > 1:
            yield from ranked
            return
        before = Counter[tuple[int, str]]()
        for trial in ranked:
            folds = folds_of(trial)
            if before[folds] < self._keep:
                yield trial
            before[folds] += 1
