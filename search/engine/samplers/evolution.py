"""Searches that change what was good: regularized evolution and local search."""

from collections.abc import Iterator, Mapping

from optuna.study import Study

from cnnsearch.search.engine.samplers.space_sampler import SpaceSampler, with_rank
from cnnsearch.search.engine.samplers.turn import Turn
from cnnsearch.search.study.view import best_first, is_beyond
from cnnsearch.spaces.neighbours import mutated, neighbours
from cnnsearch.spaces.values import Scalar


class EvolutionSampler(SpaceSampler):
    """Regularized evolution (Real et al. 2019, arXiv:1802.01548).

    The best of some trials picked by chance has a child, one value changed; who is too old is picked no more, however
    good: so nothing lasts that was merely lucky.

    What was never trained, for being beyond its limits, stands in while too few others are there: its children are
    nearer to the limits. Later it dies at birth, or good parents would soon be too old.

    Args:
        turn: the trial to be drawn.
        population: how many of the youngest trials are alive; until there are so many, draws are by chance.
        tournament: how many of them are picked.
    """

    def __init__(self, turn: Turn, population: int = 20, tournament: int = 5) -> None:
        super().__init__(turn)
        self._population, self._tournament = population, tournament

    def proposals(self, study: Study) -> Iterator[Mapping[str, Scalar]]:
        """Children of the winners of one tournament after the other."""
        youngest_first = self.still_there(reversed(with_rank(study)))
        alive = sorted(youngest_first, key=is_beyond)[: self._population]
        if len(alive) < self._population:
            yield from self.by_chance()
        source, plan = self._turn.random, self._turn.space.plan
        while True:
            picked = source.sample(alive, min(self._tournament, len(alive)))
            child = mutated(plan, best_first(picked, study.directions)[0].params, source)
            if child is None:
                return
            yield child


class LocalSampler(SpaceSampler):
    """Local search (White et al. 2020, arXiv:2005.02960): all neighbours of the best trial, then of the next best.

    Args:
        turn: the trial to be drawn.
        startup: how many trials are drawn by chance first.
    """

    def __init__(self, turn: Turn, startup: int = 5) -> None:
        super().__init__(turn)
        self._startup = startup

    def proposals(self, study: Study) -> Iterator[Mapping[str, Scalar]]:
        """Neighbours that were not tried, those of better trials first."""
        trials = with_rank(study)
        if len(trials) < self._startup:
            yield from self.by_chance()
        source, plan = self._turn.random, self._turn.space.plan
        for trial in self.still_there(best_first(trials, study.directions)):
            for values in neighbours(plan, trial.params, source):
                if not self._turn.is_tried(values):
                    yield values
