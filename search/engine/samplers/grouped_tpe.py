"""TPE on spaces with branches."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from cnnsearch.search.engine.samplers.turn import Turn
from cnnsearch.spaces.parameters import Condition


class GroupedTpeSampler(BaseSampler):
    """Tree-structured Parzen estimator (Bergstra et al. 2011), multivariate, with a model for each branch.

    Parameters with the same conditions are always there together: they are drawn together, from what is known of the
    trials that had them. Optuna's own `group=True` finds these groups out anew from all trials at each draw, and draws
    those of every branch; here the space tells them, and only the branches that are taken are drawn.

    Args:
        turn: the trial to be drawn.
        startup: how many trials are drawn by chance first.
    """

    def __init__(self, turn: Turn, startup: int = 10) -> None:
        # A constant liar: trials that still run count as bad ones, so that slots do not crowd in one place.
        self._tpe = TPESampler(seed=turn.own_seed, multivariate=True, constant_liar=True, n_startup_trials=startup)
        self._group_of = _groups(turn)
        self._drawn: dict[str, Any] = {}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:  # noqa: ARG002
        """Nothing: which groups are there shows itself while the trial is drawn."""
        self._drawn = {}
        return {}

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Nothing."""
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:  # noqa: ANN401 - Optuna's signature
        """A value that goes with the others of its group."""
        if param_name not in self._drawn:
            group = {name: d for name, d in self._group_of[param_name].items() if not d.single()}
            self._drawn.update(self._tpe.sample_relative(study, trial, group))
        if param_name not in self._drawn:  # too few trials to learn from
            self._drawn[param_name] = self._tpe.sample_independent(study, trial, param_name, param_distribution)
        return self._drawn[param_name]


def _groups(turn: Turn) -> Mapping[str, dict[str, BaseDistribution]]:
    """By a parameter's name, the distributions of all that have its conditions."""
    groups: dict[frozenset[Condition], dict[str, BaseDistribution]] = {}
    found = {}
    for parameter, _ in turn.space.plan:
        group = groups.setdefault(frozenset(parameter.conditions), {})
        if parameter.name in turn.space.distributions:
            group[parameter.name] = turn.space.distributions[parameter.name]
        found[parameter.name] = group
    return found
