"""`cnnsearch check SPACE`: whether a space is valid, and how much there is to search."""

from collections.abc import Sequence

from cnnsearch.reports.wording import counted
from cnnsearch.spaces.duration import format_duration
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Branch


def check(space: str, overrides: Sequence[str] = (), *, allow_code: bool = False) -> str:
    """A paragraph on a valid space: parameters, branches, distinct configurations, trials.

    Raises:
        SpaceError: the space breaks rules of the language, with all problems at once.
    """
    found = load_space(space, overrides, allow_code=allow_code)
    if found.is_configuration:
        return f"{space} is valid. Nothing in it is searched: it is one configuration, ready to be trained."
    return f"{space} is valid. {_parameters(found)} {_configurations(found)} {_budget(found)}"


def _parameters(space: Space) -> str:
    parameters = counted(len(space.parameters), "parameter")
    always = sum(not parameter.conditions for parameter in space.parameters)
    branches = [f"{p.name} ({', '.join(p.domain.names)})" for p in space.parameters if isinstance(p.domain, Branch)]
    text = f"It searches {parameters}, {always} of them in every trial"
    return text + (f"; its branches are {' and '.join(branches)}." if branches else ".")


def _configurations(space: Space) -> str:
    count = space.cardinality()
    if count is None:
        return "A continuous range makes its distinct configurations uncountable."
    return f"It has {count:,} distinct configurations." if count != 1 else "It has one configuration."


def _budget(space: Space) -> str:
    search = space.document.search
    limit = f", for {format_duration(search.time)} at most" if search.time is not None else ""
    if search.epochs is not None:
        limit += f", {search.epochs:,} epochs in all at most"
    if search.stop_at is not None:
        limit += f", until {search.goals[0].metric} is {search.stop_at:g}"
    kinds = f"(sampler {search.sampler.kind}, pruner {search.pruner.kind})"
    return f"The search makes {counted(search.trials, 'trial')}{limit} {kinds}."
