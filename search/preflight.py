"""What is checked before the first trial, so that no hour is spent on what cannot work."""

from collections.abc import Mapping, Sequence

from cnnsearch.search.model.hypermodel import decoded
from cnnsearch.search.model.weights import unavailable_weights
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.shapes import ImpossibleConfiguration, feature_maps
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar


def without_unavailable_weights(space: Space) -> tuple[Space, list[str]]:
    """The space without the branches whose pretrained weights cannot be had, and a warning for each of them.

    Raises:
        CnnSearchError: no branch is left.
    """
    missing = unavailable_weights(space)
    branches = {name for name, section in space.document.model if section is not None}
    if missing and not branches - missing.keys():
        raise CnnSearchError("\n".join(missing.values()))
    for name in missing:
        space = space.without(f"model.{name}")
    return space, [f"model.{name} is left out: {message}" for name, message in missing.items()]


def check_classes(space: Space, classes: Sequence[str]) -> None:
    """Check that the head fits the data.

    Raises:
        CnnSearchError: a sigmoid output with more than two classes.
    """
    outputs = next((p.domain for p in space.parameters if p.name == "head.output"), None)
    sigmoid = "sigmoid" in str(outputs) if outputs else space.document.head.output == "sigmoid"
    if sigmoid and len(classes) > 2:
        raise CnnSearchError(
            f"head.output: a sigmoid output is one unit and tells two classes apart, got {len(classes)} classes "
            f"({', '.join(classes[:5])}{', ...' if len(classes) > 5 else ''}). Use softmax."
        )


def why_impossible(space: Space, values: Mapping[str, Scalar]) -> str | None:
    """Why no model of these values can be built; None where one can."""
    try:
        feature_maps(space.configuration(decoded(space, values)))
    except ImpossibleConfiguration as error:
        return str(error)
    return None
