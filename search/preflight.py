"""What is checked before the first trial, so that no hour is spent on what cannot work."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnsearch.search.model.hypermodel import decoded
from cnnsearch.search.model.weights import unavailable_weights
from cnnsearch.spaces.document import Head
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.nearest import nearest
from cnnsearch.spaces.shapes import ImpossibleConfiguration, feature_maps
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar, all_values, is_searched, shown


def without_unavailable_weights(space: Space) -> tuple[Space, list[str]]:
    """The space without the branches whose pretrained weights cannot be had, and a warning for each of them.

    Raises:
        CnnSearchError: no branch is left.
    """
    missing = unavailable_weights(space)
    branches = {name for name, _, _ in leaves(space.document.model, "model")}
    if missing and not branches - missing.keys():
        raise CnnSearchError("\n".join(missing.values()))
    for name, message in missing.items():
        try:
            space = space.without(name)
        except ValueError:  # it is what holds where a choice's `when` does not
            raise CnnSearchError(message) from None
    return space, [f"{name} is left out: {message}" for name, message in missing.items()]


def fit_to_classes(space: Space, classes: Sequence[str]) -> tuple[Space, list[str]]:
    """The space without the outputs that these classes do not allow, and a warning for each of them.

    A sigmoid is one unit and tells two classes apart; a head that can have no other output is left out, too.

    Raises:
        CnnSearchError: no output is left, or class weights do not belong to these classes.
    """
    check_class_weights(space, classes)
    if len(classes) <= 2:
        return space, []
    found = f"a sigmoid output is one unit and tells two classes apart, got {_listed(classes)}."
    warnings = []
    heads = [(name, head.output) for name, _, head in leaves(space.document.head, "head") if isinstance(head, Head)]
    for name, output in heads:
        space, dropped = _without_sigmoid(space, name, output, found)
        warnings += [f"{dropped} is left out: {found}"] if dropped else []
    return space, warnings


def _without_sigmoid(space: Space, name: str, output: Any, found: str) -> tuple[Space, str]:  # noqa: ANN401 - any node
    """The space without the sigmoid of one head, and the dotted name of what was dropped; empty where nothing was.

    Raises:
        CnnSearchError: nothing else is left.
    """
    if "sigmoid" not in all_values(output):
        return space, ""
    avoidable = is_searched(output) and output.get("otherwise") != "sigmoid" and "softmax" in output["choice"]
    try:
        if avoidable:
            return space.without_option(f"{name}.output", "sigmoid"), f"{name}.output sigmoid"
        return space.without(name), name
    except ValueError:
        raise CnnSearchError(str(Problem(f"{name}.output", found, "Use softmax."))) from None


def check_class_weights(space: Space, classes: Sequence[str]) -> None:
    """Check that class weights name classes of the data and leave at least two of them to be learned.

    Raises:
        CnnSearchError: they do not, with all that is wrong.
    """
    where = "training.class_weights"
    problems = []
    for weights in all_values(space.document.training.class_weights):
        if not isinstance(weights, Mapping):
            continue
        for name in sorted(weights.keys() - set(classes)):
            rule = f"class weights name classes of the data, got {name!r}"
            advice = f"{nearest(name, classes)}The classes are {_listed(classes)}."
            problems.append(Problem(f"{where}.{name}", rule, advice))
        if sum(weights.get(name, 1.0) > 0 for name in classes) < 2:
            rule = f"at least two classes must count, got {shown(weights)}"
            problems.append(Problem(where, rule, "Give more classes a weight over 0; one without a name has 1."))
    if problems:
        raise CnnSearchError("\n".join(str(problem) for problem in problems))


def _listed(classes: Sequence[str]) -> str:
    return f"{len(classes)} classes ({', '.join(classes[:5])}{', ...' if len(classes) > 5 else ''})"


def why_impossible(space: Space, values: Mapping[str, Scalar]) -> str | None:
    """Why no model of these values can be built; None where one can."""
    try:
        feature_maps(space.configuration(decoded(space, values)))
    except ImpossibleConfiguration as error:
        return str(error)
    return None
