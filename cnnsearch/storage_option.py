"""How a command is told where a shared study is, without its password being seen by everybody on the machine."""

import os
import sys
from collections.abc import Mapping

from cnnsearch.search.study_link import VARIABLE, StudyLink, without_password
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.sections.search import Search
from cnnsearch.spaces.sections.sharing import has_secret


def hide_password(storage: str | None) -> None:
    """Where a password stands on the command line, which the list of processes shows, begin anew without it.

    From then on the environment has it, which only this person's processes can read.
    """
    if storage is None or not has_secret(storage):
        return
    arguments = [argument.replace(storage, without_password(storage)) for argument in sys.orig_argv]
    if arguments == sys.orig_argv:  # it was not named there
        return
    os.execve(sys.executable, arguments, {**os.environ, VARIABLE: storage})


def storage_of(option: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The storage that the command line names, else the environment, without a password; None where neither does."""
    named = option or environment.get(VARIABLE) or None
    return without_password(named) if named else None


def needed_storage(option: str | None) -> str:
    """The same for a command that is nothing without one.

    Raises:
        CnnSearchError: neither names one.
    """
    found = storage_of(option)
    if found is None:
        raise CnnSearchError(
            f"worker: a storage must be named, got none. Name it as in cnnsearch worker "
            f"postgresql://user@host/database --study NAME, or in the variable {VARIABLE}."
        )
    return found


def link_of(search: Search, name: str) -> StudyLink | None:
    """The shared study that a space names; None where a run has its own."""
    if search.storage is None:
        return None
    return StudyLink(without_password(search.storage), search.study or name, search.artifacts)
