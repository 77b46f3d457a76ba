"""What our own samplers have in common: they propose whole configurations of a space with conditions."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.engine.samplers.turn import Turn
from cnnsearch.search.study.view import has_rank
from cnnsearch.spaces.draws import completed
from cnnsearch.spaces.values import Scalar


class SpaceSampler(BaseSampler):
    """An Optuna sampler that proposes whole configurations; asked again for the same trial, the next best one.

    Args:
        turn: the trial to be drawn.
    """

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._by_chance = RandomSampler(turn.own_seed)
        self._proposals: Iterator[Mapping[str, Scalar]] | None = None
        self._proposal: Mapping[str, Scalar] = {}

    @abstractmethod
    def proposals(self, study: Study) -> Iterator[Mapping[str, Scalar]]:
        """Configurations for the trial, the first choice first."""

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:  # noqa: ARG002
        """The parameters of the next proposal; none where there is none any more."""
        self._proposals = self._proposals or self.proposals(study)
        self._proposal = next(self._proposals, {})
        known = self._turn.space.distributions
        return {name: known[name] for name in self._proposal if name in known}

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """The proposal."""
        return {name: self._proposal[name] for name in search_space}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:  # noqa: ANN401 - Optuna's signature
        """Chance, for what the proposal leaves open."""
        return self._by_chance.sample_independent(study, trial, param_name, param_distribution)

    def by_chance(self) -> Iterator[dict[str, Scalar]]:
        """Draws without end."""
        source = self._turn.random
        while True:
            yield completed(self._turn.space.plan, {}, source)

    def still_there(self, trials: Iterable[FrozenTrial]) -> Iterator[FrozenTrial]:
        """Those whose configurations the space still has: one that was changed may have lost some."""
        return (trial for trial in trials if self._turn.space.draws(trial.params))


def with_rank(study: Study) -> list[FrozenTrial]:
    """The ended trials of which it is known how good they are, in the order of their numbers."""
    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return [trial for trial in ended if has_rank(trial, study.directions)]
