"""Samplers that cover a space without looking at any score: by chance, in order, or evenly."""

from collections.abc import Iterator, Mapping

from optuna.study import Study

from cnnsearch.search.engine.samplers.space_sampler import SpaceSampler
from cnnsearch.search.study.stored_trial import is_start
from cnnsearch.spaces.draws import value_at_share, walked
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.listing import configurations, continuous, following, listed
from cnnsearch.spaces.values import Scalar


class ChanceSampler(SpaceSampler):
    """Draws each active parameter evenly over its domain."""

    def proposals(self, study: Study) -> Iterator[Mapping[str, Scalar]]:  # noqa: ARG002
        """Draws without end."""
        return self.by_chance()


class GridSampler(SpaceSampler):
    """Every configuration, in an order that depends on the space alone: a search goes on where the last one ended."""

    def proposals(self, study: Study) -> Iterator[Mapping[str, Scalar]]:
        """Those that were not tried, from behind the latest one on, then from the first one on.

        Raises:
            CnnSearchError: a range has no steps.
        """
        space = self._turn.space
        endless = continuous([parameter for parameter, _ in space.plan])
        if endless:
            raise CnnSearchError(
                f"sampler: a grid lists every value, got {listed(endless)} without steps. "
                "Give each a step or a choice, or take another sampler."
            )
        latest_first = reversed(study.get_trials(deepcopy=False))
        drawn = (t.params for t in latest_first if not is_start(t) and space.draws(t.params))
        values: Mapping[str, Scalar] | None = next(drawn, None)
        while values is not None:
            values = following(space.plan, values)
            if values is not None and not self._turn.is_tried(values):
                yield values
        for values in configurations(space.plan):
            if not self._turn.is_tried(values):
                yield values


class QmcSampler(SpaceSampler):
    """A scrambled Sobol sequence with one dimension for each parameter, of which a trial uses those that are active.

    Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", 2012. Optuna's own knows no conditions.
    """

    def proposals(self, study: Study) -> Iterator[Mapping[str, Scalar]]:  # noqa: ARG002
        """The point of the trial's number, then those behind it."""
        from scipy.stats.qmc import Sobol  # slow to import

        plan = self._turn.space.plan
        if not plan:
            return
        points = Sobol(len(plan), scramble=True, rng=self._turn.seed)
        if self._turn.number:  # SciPy cannot skip none
            points.fast_forward(self._turn.number)
        while True:
            (point,) = points.random(1)
            share = {parameter.name: float(place) for (parameter, _), place in zip(plan, point, strict=True)}
            yield walked(plan, lambda parameter, share=share: value_at_share(parameter.domain, share[parameter.name]))  # type: ignore[misc]
