"""Reads what a run's study knows, while it runs and afterwards."""

import optuna

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import open_storage, readable, sqlite_url
from cnnsearch.search.study.stored_objectives import stored_objectives
from cnnsearch.search.study.study import STUDY_NAME, TrialStudy
from cnnsearch.search.study_link import read_link
from cnnsearch.spaces.errors import CnnSearchError


def read_trials(run: RunFolder) -> list[TrialRecord]:
    """The trials of a run, finished or running.

    Raises:
        CnnSearchError: the folder holds no run, or its study is damaged.
    """
    with readable(run.study):
        return _load(run).records()


def read_objective(run: RunFolder) -> Objective:
    """What the trials of a run are ranked by.

    Raises:
        CnnSearchError: the folder holds no run, or its study is damaged.
    """
    return read_objectives(run).epoch


def read_objectives(run: RunFolder) -> Objectives:
    """All that the trials of a run are ranked by.

    Raises:
        CnnSearchError: the folder holds no run, or its study is damaged.
    """
    with readable(run.study):
        return _load(run).objectives


def read_run(run: RunFolder) -> tuple[list[TrialRecord], Objectives]:
    """Both at once: the trials of a run, and all that they are ranked by.

    Raises:
        CnnSearchError: the folder holds no run, or its study is damaged.
    """
    with readable(run.study):
        study = _load(run)
        return study.records(), study.objectives


def _load(run: RunFolder) -> TrialStudy:
    link = read_link(run)
    if link is None and not run.study.is_file():
        raise CnnSearchError(
            f"{run.path}: a run's folder has a study.db, this one has none. Name a folder such as runs/basic-001."
        )
    storage = open_storage(link.url(), shared=True) if link else open_storage(sqlite_url(run.study))
    try:
        study = optuna.load_study(study_name=link.study if link else STUDY_NAME, storage=storage)
        objectives = stored_objectives(study)
    except KeyError as error:
        raise CnnSearchError(
            f"{link.storage if link else run.study}: a run's study must be in it, got none. "
            "Was it made by another tool?"
        ) from error
    return TrialStudy(study, storage, objectives)
