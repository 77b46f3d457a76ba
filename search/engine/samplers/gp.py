"""Bayesian optimisation with a Gaussian process, on spaces with branches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.engine.samplers.gaussian_process import Floats, GaussianProcess, distances, on_one_core
from cnnsearch.search.engine.samplers.space_sampler import SpaceSampler
from cnnsearch.search.engine.samplers.turn import Turn
from cnnsearch.search.study.stored_trial import cost_nothing, failed_by_itself
from cnnsearch.search.study.view import equals_together, is_beyond
from cnnsearch.spaces.draws import is_scaled, share_of
from cnnsearch.spaces.listing import configurations, continuous
from cnnsearch.spaces.neighbours import mutated
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, index_of, size

_LISTED, _DRAWN = 500, 250
"""Candidates: all of a space that has no more of them, else so many draws, and changes of what is good."""
_PARENTS, _CHANGES = 5, 10
"""So many of the best are changed, so often each."""
_MISSES = 8
"""After so many trials in a row that ended before any training, the next one is drawn without the model."""
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_ROOT_2_PI, _ROOT_HALF_PI = (2 * np.pi) ** 0.5, (np.pi / 2) ** 0.5

Values = Mapping[str, Scalar]


class GpSampler(SpaceSampler):
    """The largest expected improvement over the best so far, by a Gaussian process of the ranks of all trials.

    Ranks, since a score near chance says nothing by how far it is off, and since they stand for fronts and limits as
    well as for one objective: behind all others come the trials beyond the limits, by how far they are, trained or not;
    last what failed by its own doing. Trials that run are taken for as good as they are expected to be, so that slots
    do not crowd in one place (the kriging believer, Ginsbourger et al. 2010).

    Where next to nothing is within the limits, improvement is expected wherever nothing is known, and what draws that
    cost nothing have said is soon forgotten. So after some misses in a row the next draw is a change of a good trial.

    Jones et al. 1998, "Efficient Global Optimization of Expensive Black-Box Functions"; in its logarithm, Ament et al.
    2023, arXiv:2310.20708.

    Args:
        turn: the trial to be drawn.
        startup: how many trials are drawn by chance first.
    """

    def __init__(self, turn: Turn, startup: int = 5) -> None:
        super().__init__(turn)
        self._startup = startup

    def proposals(self, study: Study) -> Iterator[Values]:
        """Candidates that were not tried, those of the largest expected improvement first; then chance."""
        ended = list(self.still_there(study.get_trials(deepcopy=False, states=_ENDED)))
        ranked = equals_together(ended, study.directions)
        with_rank = [trial for equal in ranked for trial in equal]
        if len(with_rank) >= self._startup:
            good = [trial.params for trial in with_rank[:_PARENTS]]
            if len(ended) >= _MISSES and all(map(is_miss, ended[-_MISSES:])):
                yield from self._untried(self._changes(good)).values()
            known = {trial.number for trial in with_rank}
            failed = [trial for trial in ended if trial.number not in known and is_bad(trial)]
            with on_one_core():
                improving = self._improving(study, [*ranked, failed], good)
            yield from improving
        yield from self.by_chance()

    def _improving(self, study: Study, ranked: Sequence[Sequence[FrozenTrial]], good: Sequence[Values]) -> list[Values]:
        """Those of the largest expected improvement first."""
        space = self._turn.space
        model = _Model({name: space.domains[name] for name in space.distributions}, ranked)
        running = self.still_there(study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)))
        model.believe([trial.params for trial in running])
        known = self._untried(self._candidates(good))
        # Once more around the most promising ones: a draw is seldom at the very top.
        first = model.best_first(known.values())[:_PARENTS]
        return model.best_first((known | self._untried(self._changes(first))).values())

    def _candidates(self, near: Sequence[Values]) -> Iterator[Values]:
        plan = self._turn.space.plan
        if not continuous([parameter for parameter, _ in plan]):
            listed = list(islice(configurations(plan), _LISTED + 1))
            if len(listed) <= _LISTED:
                yield from listed
                return
        yield from islice(self.by_chance(), _DRAWN)
        yield from self._changes(near)

    def _changes(self, parents: Sequence[Values]) -> Iterator[Values]:
        source, plan = self._turn.random, self._turn.space.plan
        for parent in parents:
            for _ in range(_CHANGES):
                child = mutated(plan, parent, source)
                if child is not None:
                    yield child

    def _untried(self, candidates: Iterable[Values]) -> dict[str, Values]:
        """Each once, by what tells it from others."""
        once = {self._turn.space.key(values): values for values in candidates}
        return {key: values for key, values in once.items() if not self._turn.is_tried(values)}


class _Model:
    """What the trials so far say of other configurations.

    Args:
        domains: of the parameters, by their names.
        ranked: the trials, those of one rank together, the best first.
    """

    def __init__(self, domains: Mapping[str, Domain], ranked: Sequence[Sequence[FrozenTrial]]) -> None:
        self._domains = domains
        self._found: dict[tuple[str, type, Scalar], float] = {}
        self._ordered = np.array([is_ordered(domain) for domain in domains.values()], dtype=bool)
        self._known = self._places([trial.params for equal in ranked for trial in equal])
        self._scores = normal_scores([len(equal) for equal in ranked])
        self._process = GaussianProcess.of(self._apart(self._known), self._scores)
        self._best = float(self._scores.max())

    def believe(self, running: Sequence[Values]) -> None:
        """Take these trials for as good as they are expected to be."""
        if running:
            places = self._places(running)
            expected, _ = self._process.expects(self._apart(places))
            self._known = np.concatenate([self._known, places])
            self._scores = np.concatenate([self._scores, expected])
            self._process = self._process.knowing(self._apart(self._known), self._scores)

    def best_first(self, candidates: Iterable[Values]) -> list[Values]:
        """Those of the largest expected improvement first."""
        chosen = list(candidates)
        mean, deviation = self._process.expects(self._apart(self._places(chosen)))
        promised = np.log(deviation) + log_improvement((mean - self._best) / deviation)
        return [chosen[place] for place in np.argsort(-promised, kind="stable")]

    def _apart(self, others: Floats) -> Floats:
        return distances(self._known, others, self._ordered)

    def _places(self, chosen: Sequence[Values]) -> Floats:
        """A row for each configuration, of which what is not active is amid its range, or an option of its own.

        So that distances are those of points, as a covariance wants them; the branch that decides is a parameter, too.
        """
        nothing = np.where(self._ordered, 0.5, -1.0)
        rows = np.tile(nothing, (len(chosen), 1))
        for row, values in zip(rows, chosen, strict=True):
            for column, (name, domain) in enumerate(self._domains.items()):
                if name in values:
                    row[column] = self._place(name, domain, values[name])
        return rows

    def _place(self, name: str, domain: Domain, value: Scalar) -> float:
        told = name, type(value), value  # 1 is not true
        if told not in self._found:
            self._found[told] = place_of(domain, value)
        return self._found[told]


def is_miss(trial: FrozenTrial) -> bool:
    """Whether an ended trial was never trained, since its model cannot exist or is beyond the limits."""
    return is_beyond(trial) or cost_nothing(trial)


def is_bad(trial: FrozenTrial) -> bool:
    """Whether an ended trial without a rank speaks against its configuration: not where it was killed, say."""
    return trial.state is not TrialState.FAIL or failed_by_itself(trial)


def is_ordered(domain: Domain) -> bool:
    """Whether values of a domain are near to each other or far: those of ranges and of choices of numbers."""
    if isinstance(domain, Choice):
        return all(isinstance(option, int | float) and not isinstance(option, bool) for option in domain.options)
    return not isinstance(domain, Branch)


def place_of(domain: Domain, value: Scalar) -> float:
    """Where in a domain a value lies: from 0 to 1 in an ordered one, as evenly as it is drawn; else a number."""
    count = size(domain)
    along = count is None or is_scaled(domain)
    if along and isinstance(domain, IntRange | FloatRange) and isinstance(value, int | float):
        return share_of(domain, value)
    index = index_of(domain, value)
    if not is_ordered(domain):
        return float(index)
    if isinstance(domain, Choice):
        index = sorted(range(len(domain.options)), key=domain.options.__getitem__).index(index)
    return index / max(1, (count or 1) - 1)


def normal_scores(counts: Sequence[int]) -> Floats:
    """What ranks would be as draws of a normal distribution, the best first (van der Waerden).

    Args:
        counts: how many have each rank.
    """
    from scipy.special import ndtri  # slow to import

    ends = np.cumsum(counts)
    middles = np.repeat(ends - np.array(counts) / 2, counts)
    drawn = ndtri(1 - middles / ends[-1])
    scores: Floats = (drawn - drawn.mean()) / max(float(drawn.std()), 1e-9)
    return scores


def log_improvement(gain: Floats) -> Floats:
    """The logarithm of the expected improvement of a standard normal score whose mean is so much above the best.

    Far below, where the improvement itself would be 0, by its asymptote (arXiv:2310.20708, section 4).
    """
    from scipy.special import erfcx, ndtr  # slow to import

    density = -0.5 * gain**2 - np.log(_ROOT_2_PI)
    near = np.log(np.maximum(np.exp(density) + gain * ndtr(gain), 1e-300))
    share = 1 + gain * _ROOT_HALF_PI * erfcx(-gain / 2**0.5)  # of the improvement in the density
    far = density + np.log(np.maximum(share, 1e-300))
    farther = density - 2 * np.log(np.maximum(-gain, 1.0))
    found: Floats = np.where(gain > -1, near, np.where(gain > -1e4, far, farther))
    return found
