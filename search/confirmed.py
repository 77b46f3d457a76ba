"""What came of confirming: retrainings of the best trials with new seeds, their means, and how they rank.

Plain values and the file that keeps them, `confirm.json`: a killed search goes on from it, and reports read it.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

from cnnsearch.search.records import NewSeeds, Objective
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import write_json


@dataclass(frozen=True)
class Retrained:
    """One retraining that has ended.

    Attributes:
        trial: whose configuration it was.
        turn: which of the trial's retrainings, from 1.
        seed: what it was trained with.
        score: its best value of the objective; None where it failed.
        epoch: its best one.
        epochs: how many it made.
        seconds: of all of them.
        phases: how many epochs of each phase led to its model; none where there is one phase only.
        reason: why it ended before its last epoch, or the kind of its failure; empty for neither.
        message: its failure in one line.
        data: the stamp of the images that it was trained on.
    """

    trial: int
    turn: int
    seed: int
    score: float | None
    epoch: int | None
    epochs: int
    seconds: float
    phases: tuple[int, ...] = ()
    reason: str = ""
    message: str = ""
    data: str = ""


@dataclass(frozen=True)
class Chosen:
    """A trial that is confirmed.

    Attributes:
        trial: its number.
        score: what the search found for it.
        comparable: whether the search trained it on the same images as its retrainings.
    """

    trial: int
    score: float
    comparable: bool = True


@dataclass(frozen=True)
class Confirmed:
    """A trial with its retrainings that have a score, one or more, in the order of their turns."""

    chosen: Chosen
    retrained: tuple[Retrained, ...]

    @property
    def scores(self) -> tuple[float, ...]:
        """Of its retrainings."""
        return tuple(each.score for each in self.retrained if each.score is not None)

    @property
    def mean(self) -> float:
        """Of the scores of its retrainings."""
        return fmean(self.scores)

    @cached_property
    def error(self) -> float | None:
        """Half of the 95 % interval of the mean over seeds, by Student's t; None for a single retraining."""
        return mean_error(self.scores)

    def median(self, objective: Objective) -> list[Retrained]:
        """Its retrainings, those next to the median score first; of two alike the worse one, never the luckier."""
        middle = median_low(self.scores, objective)
        sign = 1 if objective.direction == "max" else -1
        return sorted(self.retrained, key=lambda r: (abs(_score(r) - middle), sign * _score(r), r.turn))

    def as_new_seeds(self, retrained: Retrained) -> NewSeeds:
        """What a model folder says of the retraining that its model is."""
        return NewSeeds(retrained.turn, len(self.retrained), self.mean, self.error, self.chosen.score)


def _score(retrained: Retrained) -> float:
    return math.nan if retrained.score is None else retrained.score


def mean_error(scores: Sequence[float]) -> float | None:
    """Half of a mean's 95 % interval (Student, The probable error of a mean, Biometrika 6, 1908); None under two."""
    from scipy.special import stdtrit

    count = len(scores)
    return float(stdtrit(count - 1, 0.975)) * stdev(scores) / math.sqrt(count) if count > 1 else None


def median_low(scores: Sequence[float], objective: Objective) -> float:
    """The median of the scores; of an even number the worse one of the two in the middle."""
    worst_first = sorted(scores, reverse=objective.direction == "min")
    return worst_first[(len(scores) - 1) // 2]


@dataclass(frozen=True)
class Confirmation:
    """All of it.

    Attributes:
        objective: what is compared.
        top, seeds: what was asked for.
        images: in the validation part.
        chosen: the trials, the best of the search first.
        retrained: the retrainings that have ended.
        state: `running`, `done`, or `outdated` where the search went on without confirming.
    """

    objective: Objective
    top: int
    seeds: int
    images: int
    chosen: tuple[Chosen, ...]
    retrained: tuple[Retrained, ...] = ()
    state: str = "running"

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be retrained any more."""
        return self.state == "done"

    def of(self, trial: int) -> tuple[Retrained, ...]:
        """The retrainings of a trial with a score, as many as were asked for, in the order of their turns."""
        own = [each for each in self.retrained if each.trial == trial and each.turn <= self.seeds]
        return tuple(sorted((each for each in own if each.score is not None), key=lambda each: each.turn))

    @property
    def counted(self) -> tuple[Retrained, ...]:
        """The retrainings of the chosen trials, failed ones included, in their order."""
        trials = [each.trial for each in self.chosen]
        own = [each for each in self.retrained if each.trial in trials and each.turn <= self.seeds]
        return tuple(sorted(own, key=lambda each: (trials.index(each.trial), each.turn)))

    @property
    def failed(self) -> tuple[Retrained, ...]:
        """The retrainings without a score."""
        return tuple(each for each in self.counted if each.score is None)

    @property
    def ranked(self) -> list[Confirmed]:
        """The trials with a retraining that has a score, the best mean first; ties go to the better in the search."""
        found = [Confirmed(each, own) for each in self.chosen if (own := self.of(each.trial))]
        return sorted(found, key=lambda each: each.mean, reverse=self.objective.direction == "max")

    @property
    def winner(self) -> Confirmed | None:
        """The trial with the best mean; None while it is not all done, or where every retraining failed."""
        ranked = self.ranked
        return ranked[0] if ranked and self.is_done else None

    def optimism(self) -> tuple[float | None, float | None]:
        """By how much the search's score was too good: for its best trial, and on average over all confirmed ones.

        More is worse in both directions of the objective. None where nothing can be compared.
        """
        sign = 1 if self.objective.direction == "max" else -1
        by_trial = {each.chosen.trial: each for each in self.ranked if each.chosen.comparable}
        gaps = {trial: sign * (each.chosen.score - each.mean) for trial, each in by_trial.items()}
        first = gaps.get(self.chosen[0].trial) if self.chosen else None
        return first, fmean(gaps.values()) if gaps else None

    @property
    def image_error(self) -> float | None:
        """One standard error of the winner's mean, if it is an accuracy, for the validation part's finite images.

        It is that of a binomial share, and the seeds do not show it: all of them were measured on the same images.
        """
        best = next(iter(self.ranked), None)
        if best is None or self.objective.metric != "val_accuracy" or not self.images:
            return None
        return math.sqrt(max(0.0, best.mean * (1 - best.mean)) / self.images)


def write_confirmation(run: RunFolder, found: Confirmation) -> None:
    """Replace `confirm.json`: what was asked, each retraining, and what came out."""
    first, mean = found.optimism()
    write_json(
        run.confirmation,
        {
            "state": found.state,
            "objective": asdict(found.objective),
            "top": found.top,
            "seeds": found.seeds,
            "images": found.images,
            "chosen": [asdict(each) for each in found.chosen],
            "retrained": [asdict(each) for each in found.retrained],
            "ranking": [_line(each) for each in found.ranked],
            "winner": found.winner.chosen.trial if found.winner else None,
            "optimism": {"best_of_search": first, "mean": mean},
        },
    )


def _line(each: Confirmed) -> dict[str, Any]:
    return {
        "trial": each.chosen.trial,
        "search_score": each.chosen.score,
        "seeds": len(each.retrained),
        "mean": each.mean,
        "error": each.error,
    }


def read_confirmation(run: RunFolder) -> Confirmation | None:
    """What `confirm.json` of a run says; None where there is none, or it is damaged."""
    try:
        known = json.loads(run.confirmation.read_text(encoding="utf-8"))
        return Confirmation(
            objective=Objective(**known["objective"]),
            top=int(known["top"]),
            seeds=int(known["seeds"]),
            images=int(known["images"]),
            chosen=tuple(Chosen(**each) for each in known["chosen"]),
            retrained=tuple(Retrained(**{**each, "phases": tuple(each["phases"])}) for each in known["retrained"]),
            state=str(known["state"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
