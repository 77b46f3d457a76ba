"""Where the workers of one study meet: it is begun, or found to be the one that this machine can work for.

Whoever differs in the space, the images or the versions is refused before any trial, with what differs.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import optuna
from optuna.pruners import NopPruner
from optuna.storages import BaseStorage
from sqlalchemy import Engine, func, select

from cnnsearch.search.dataset.change import Summary, change_between
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective
from cnnsearch.search.request import Request
from cnnsearch.search.sharing.description import (
    Description,
    ask_for,
    asked_of,
    describe,
    description_of,
    images_of,
    is_described,
    versions,
)
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.search.study_link import StudyLink
from cnnsearch.spaces.compare import differences
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space

_ANY = Objective.of("val_accuracy")
"""What a study ranks by is not asked where only its description is read."""
_PATIENCE = 20.0
"""Seconds that whoever has just made a study has to describe it."""
_POLL = 0.25
_TOLD = 5
"""How many values are told that differ."""


@dataclass(frozen=True)
class Meeting:
    """A study that this machine works for together with others.

    Attributes:
        link: where it is.
        storage: the storage, opened.
        trials: how many it shall have.
        spent: seconds since it began, by the clock of its database.
    """

    link: StudyLink
    storage: BaseStorage
    trials: int
    spent: float


def meeting_of(request: Request, space: Space, dataset: Dataset, trials: int) -> Meeting | None:
    """Where a request's workers meet; None where it is searched alone.

    Raises:
        CnnSearchError: this machine cannot work for the study.
    """
    if request.link is None:
        return None
    asked = None if request.more is not None or not request.begins else trials
    return join(request.link, space, dataset, asked, begins=request.begins, more=request.more or 0)


def join(
    link: StudyLink, space: Space, dataset: Dataset, trials: int | None, *, begins: bool, more: int = 0
) -> Meeting:
    """Meet the others of a study.

    Args:
        trials: how many the study shall have from now on; None leaves it as it is.
        begins: whether this machine makes the study where there is none.
        more: so many trials beside those that the study was asked for.

    Raises:
        CnnSearchError: there is none, or this machine cannot work for it: its space, images or versions are others.
    """
    storage = open_storage(link.url(), shared=True)
    study = _opened(storage, link, space) if begins else _existing(storage, link)
    if begins and not is_described(study):
        describe(study, Description.of(space, dataset, database_time(storage)), dataset.summary())
    known = _described(study, link)
    _check_versions(link, known)
    _check_space(link, known, space)
    _check_images(link, known, study, dataset)
    asked = (asked_of(study) or space.document.search.trials) + more if trials is None else trials
    if begins:
        ask_for(study, asked)
    return Meeting(link, storage, asked, max(0.0, database_time(storage) - known.begun))


def _opened(storage: BaseStorage, link: StudyLink, space: Space) -> TrialStudy:
    return TrialStudy.open(storage, Objectives.of(space.document.search), name=link.study, pruner=NopPruner())


def _existing(storage: BaseStorage, link: StudyLink) -> TrialStudy:
    try:
        study = optuna.load_study(study_name=link.study, storage=storage)
    except KeyError:
        names = sorted(study.study_name for study in storage.get_all_studies())
        there = f"there are {', '.join(names[:10])}" if names else "there is none at all"
        raise CnnSearchError(
            f"{link.storage}: a worker takes part in a study that was begun, got none called {link.study} ({there}). "
            f"Begin it: cnnsearch run SPACE --storage {link.storage} --study {link.study}"
        ) from None
    return TrialStudy(study, storage, Objectives.around(_ANY))


def described(link: StudyLink) -> Description:
    """What a study says of itself.

    Raises:
        CnnSearchError: there is none of this name, or it was not begun by cnnsearch.
    """
    return _described(_existing(open_storage(link.url(), shared=True), link), link)


def _described(study: TrialStudy, link: StudyLink) -> Description:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            found = description_of(study)
        except ValueError as error:
            raise CnnSearchError(
                f"study {link.study}: a worker must be able to read what the study is, got {error}. It was begun with "
                "another version of cnnsearch: install the same one here."
            ) from error
        if found is not None:
            return found
        if time.monotonic() > until:
            raise CnnSearchError(
                f"study {link.study}: a shared study is begun by cnnsearch run, got one that says nothing of its space "
                "and images. Use another name."
            )
        time.sleep(_POLL)


def _check_versions(link: StudyLink, known: Description) -> None:
    """Refuse another major version: its trials would not be comparable, nor its records readable."""
    here = versions()
    others = [
        f"{name} {known.versions[name]} there, {here[name]} here"
        for name in here
        if name in known.versions and _major(known.versions[name]) != _major(here[name])
    ]
    if others:
        raise CnnSearchError(
            f"study {link.study}: all its workers have the same major versions, got {'; '.join(others)}. "
            "Install the study's versions here, or begin another study."
        )


def _major(version: str) -> str:
    return version.partition(".")[0]


def _check_space(link: StudyLink, known: Description, space: Space) -> None:
    if known.identity == space.identity():
        return
    before = loads_space(known.space, known.name, where=f"study {link.study}", allow_code=True)
    found = [
        f"{each.name} ({each.kind}: {each.before or 'nothing'} there, {each.after or 'nothing'} here)"
        for each in differences(before, space)
        if not each.name.startswith(_OF_EACH)
    ]
    told = "; ".join(found[:_TOLD]) + (f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else "")
    raise CnnSearchError(
        f"study {link.study}: all its workers search the same space, got another one: "
        f"{told or 'its values are read otherwise by this version'}. "
        "Give another --study to search this one; cnnsearch worker takes the space from the study."
    )


_OF_EACH = ("keep.", "data.source", *(f"search.{key}" for key in ("storage", "study", "artifacts", "device")))
"""What each worker may have for itself."""


def _check_images(link: StudyLink, known: Description, study: TrialStudy, dataset: Dataset) -> None:
    now = Summary.of(dataset.summary())
    if known.fingerprint == now.fingerprint:
        return
    before = images_of(study) or Summary(known.source, known.classes, known.fingerprint)
    change = change_between(before, now)
    raise CnnSearchError(
        f"study {link.study}: all its workers have the same images, got others in {now.source}: {change}. "
        "Copy the study's images to this machine and name them with --data, or use another --study."
    )


def database_time(storage: BaseStorage) -> float:
    """What time it is for a storage, in seconds since 1970; a proxy tells none, there it is this machine's."""
    engine: Engine | None = getattr(storage, "engine", None)
    if engine is None:
        return time.time()
    with engine.connect() as connection:
        now: datetime = connection.execute(select(func.now())).scalar_one()
    return (now if now.tzinfo else now.replace(tzinfo=UTC)).timestamp()
