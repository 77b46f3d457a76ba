"""How a run stands now: what its search last wrote down, and whether that process still lives."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_status import read_status
from cnnsearch.search.study.owners import boot, is_gone

GOES_ON = ("starting", "running", "paused")
"""What a run says of itself until its search has ended."""
KILLED = "killed"
"""What a run is whose process is gone though nothing says that it ended."""


@dataclass(frozen=True)
class Standing:
    """How a run stood when its search last wrote it down.

    Attributes:
        run: its folder.
        state: `starting`, `running`, `paused`, `finished`, `interrupted`, `failed` or `killed`; `unknown` where
            nothing says it.
        told: the whole of `status.json`.
    """

    run: RunFolder
    state: str
    told: Mapping[str, Any]


def standing_of(run: RunFolder) -> Standing:
    """How a run stands; a search of this machine whose process is gone has been killed."""
    told = read_status(run)
    state = str(told.get("state", "unknown"))
    return Standing(run, KILLED if state in GOES_ON and _is_gone(told) else state, told)


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
