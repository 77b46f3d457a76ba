"""What a shared study says of itself: the space, the images, the versions. A worker goes by it alone."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.space import Space

_DESCRIPTION, _IMAGES, _TRIALS = "description", "images", "trials"
"""The study's attributes."""
_LIBRARIES = ("cnnsearch", "keras", "optuna")
_MOST_NAMES = 8 * 1024**2
"""Characters that the names of all images may take in the study; of more it keeps their fingerprint alone."""


@dataclass(frozen=True)
class Description:
    """What a worker must have in common with the study that it works for.

    Attributes:
        space: the text of the space, every default filled in.
        name: of the space.
        identity: of the space.
        fingerprint: of the images.
        classes: their names.
        source: where the images are for the one who began the study.
        versions: of the libraries that decide about a trial.
        begun: when the study began, by the clock of its database, in seconds since 1970.
    """

    space: str
    name: str
    identity: str
    fingerprint: str
    classes: tuple[str, ...]
    source: str
    versions: Mapping[str, str]
    begun: float

    @classmethod
    def of(cls, space: Space, dataset: Dataset, begun: float) -> "Description":
        """What a study says that this process begins."""
        summary = Summary.of(dataset.summary())
        return cls(
            space=space.to_yaml(),
            name=space.name,
            identity=space.identity(),
            fingerprint=summary.fingerprint,
            classes=summary.classes,
            source=summary.source,
            versions=versions(),
            begun=begun,
        )


def versions() -> dict[str, str]:
    """Of the libraries that decide about a trial, as they are here."""
    return {name: version(name) for name in _LIBRARIES}


def describe(study: TrialStudy, description: Description, images: Mapping[str, Any]) -> None:
    """Write down what a study is; the last word is the description, by which others know that it is whole.

    Args:
        images: what `dataset.json` says of them.
    """
    packed = base64.b85encode(zlib.compress(json.dumps(images).encode())).decode()
    study.set_attribute(_IMAGES, packed if len(packed) <= _MOST_NAMES else None)
    study.set_attribute(_DESCRIPTION, asdict(description))


def is_described(study: TrialStudy) -> bool:
    """Whether a study says what it is; one that has trials and does not was begun by another tool."""
    return study.attribute(_DESCRIPTION) is not None or bool(study.trials())


def description_of(study: TrialStudy) -> Description | None:
    """What a study says of itself; None where it says nothing yet.

    Raises:
        ValueError: it was described by another version of cnnsearch, in other words.
    """
    found = study.attribute(_DESCRIPTION)
    if found is None:
        return None
    try:
        known = {key: found[key] for key in Description.__dataclass_fields__}
        return Description(**{**known, "classes": tuple(known["classes"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"its description lacks {error}") from error


def images_of(study: TrialStudy) -> Summary | None:
    """What a study says of its images; None where they are too many to be named."""
    packed = study.attribute(_IMAGES)
    return None if packed is None else Summary.of(json.loads(zlib.decompress(base64.b85decode(packed))))


def ask_for(study: TrialStudy, trials: int) -> None:
    """Note how many trials a study shall have."""
    if study.attribute(_TRIALS) != trials:
        study.set_attribute(_TRIALS, trials)


def asked_of(study: TrialStudy) -> int | None:
    """How many trials a study shall have; None where nothing says it."""
    asked: int | None = study.attribute(_TRIALS)
    return asked
