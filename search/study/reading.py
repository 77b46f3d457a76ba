"""Reads what a run's study knows, while it runs and afterwards.

A study in the run's folder is read without Optuna; one that several machines share is wherever Optuna's storage is.
"""

from typing import TYPE_CHECKING

from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.study_file import StudyFile, read_study_file
from cnnsearch.search.study_link import StudyLink, read_link
from cnnsearch.spaces.errors import CnnSearchError

if TYPE_CHECKING:
    from cnnsearch.search.study.study import TrialStudy


def read_study(run: RunFolder) -> StudyFile:
    """The trials of a run, finished or running, and what they are ranked by.

    Raises:
        CnnSearchError: the folder holds no run, or its study is damaged.
    """
    link = read_link(run)
    if link is None:
        _check_study(run)
        return read_study_file(run.study)
    study = _shared(link)
    return StudyFile(study.objectives, tuple(study.records()))


def read_trials(run: RunFolder) -> list[TrialRecord]:
    """The trials of a run, finished or running.

    Raises:
        CnnSearchError: the folder holds no run, or its study is damaged.
    """
    return list(read_study(run).trials)


def _check_study(run: RunFolder) -> None:
    if not run.study.is_file():
        raise CnnSearchError(
            f"{run.path}: a run's folder has a study.db, this one has none. Name a folder such as runs/basic-001."
        )


def _shared(link: StudyLink) -> "TrialStudy":
    import optuna

    from cnnsearch.search.study.database import open_storage, readable
    from cnnsearch.search.study.stored_objectives import stored_objectives
    from cnnsearch.search.study.study import TrialStudy

    with readable(link.storage, link.url()):
        storage = open_storage(link.url(), shared=True)
        try:
            study = optuna.load_study(study_name=link.study, storage=storage)
            return TrialStudy(study, storage, stored_objectives(study))
        except KeyError as error:
            raise CnnSearchError(
                f"{link.storage}: a run's study must be in it, got none. Was it made by another tool?"
            ) from error
