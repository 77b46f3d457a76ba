"""How a run stands now: what its search last wrote down, and whether that process still lives."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.search.run_status import read_status
from cnnsearch.search.study.owners import boot, is_gone


@dataclass(frozen=True)
class Standing:
    """How a run stood when its search last wrote it down.

    Attributes:
        run: its folder.
        state: as it was found: a run whose process is gone has been killed.
        told: the whole of `status.json`.
    """

    run: RunFolder
    state: RunState
    told: Mapping[str, Any]


def standing_of(run: RunFolder) -> Standing:
    """How a run stands; a search of this machine whose process is gone has been killed."""
    told = read_status(run)
    state = RunState.told_by(told)
    return Standing(run, RunState.KILLED if state.is_open and _is_gone(told) else state, told)


def _is_gone(told: Mapping[str, Any]) -> bool:
    """Whether its process is surely gone: of another machine's processes nothing is known.

    A number alone says little, which a later process may have: after a restart of the machine others have all of them.
    """
    if told.get("host") != socket.gethostname():
        return False
    began, token, process = told.get("boot"), told.get("token"), told.get("process")
    if began and boot() and isinstance(token, str):
        return began != boot() or is_gone(token)
    return isinstance(process, int) and not psutil.pid_exists(process)
