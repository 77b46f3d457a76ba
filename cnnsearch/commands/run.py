"""`cnnsearch run`: search a space and report on it."""

import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from cnnsearch import terminal
from cnnsearch.exits import Exit
from cnnsearch.live import Follower
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.halting import FORCE, Terminated
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.engine.slots import slots_on
from cnnsearch.search.mounts import check_local
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.search.request import Request
from cnnsearch.search.study_link import StudyLink
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.space import Space
from cnnsearch.storage_option import link_of

if TYPE_CHECKING:  # stands on keras
    from cnnsearch.search.run import Result

_NAME = re.compile(r"\w[\w .+=-]{0,99}")


@dataclass(frozen=True)
class Which:
    """Which run folder a search works in.

    Attributes:
        runs: the folder of run folders.
        name: the run's name; None for the space's.
        new: begin a new one, whatever is unfinished.
        more: add so many trials to the newest one.
        resume: go on with this one, also where its space has changed.
        accept_data_change: go on also where the images have changed.
        link: the study that several machines share; None for one of the run's own.
        begins: whether the shared study is begun where there is none.
    """

    runs: Path
    name: str | None = None
    new: bool = False
    more: int | None = None
    resume: Path | None = None
    accept_data_change: bool = False
    link: StudyLink | None = None
    begins: bool = True


Asked = Callable[[], tuple[Space, Which]]
"""Reads what is to be searched, and where."""


def run(source: str, overrides: Sequence[str], which: Which, *, allow_code: bool) -> None:
    """Search a space, write the reports, and print what came out.

    Raises:
        CnnSearchError: the space, the data, the weights or the run's folder do not allow it, or no trial has a score.
        SystemExit: interrupted by Ctrl-C (130), or told to end by SIGTERM (0).
    """

    def asked() -> tuple[Space, Which]:
        space = load_space(source, overrides, allow_code=allow_code)
        return space, replace(which, link=link_of(space.document.search, which.name or space.name))

    search_and_report(asked)


def search_and_report(asked: Asked) -> None:
    """The same for a space that is read from anywhere."""
    signal.signal(signal.SIGTERM, _end_soon)
    try:
        space, which = asked()
        slots_on(space.document.search.device)  # refuses a GPU that is not there before images are decoded
        name = _checked_name(which.name or space.name)
        start_forkserver()  # it imports keras while this process decodes the images
        from cnnsearch.commands.report import report
        from cnnsearch.reports.wording import failures_told, without_best

        result = _searched(space, which, name)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left takes a second
    except KeyboardInterrupt as order:
        command = shlex.join(["cnnsearch", *sys.argv[1:]])
        terminal.warn(f"stopped; the finished trials are kept. The same command goes on: {command}")
        raise SystemExit(int(Exit.DONE if isinstance(order, Terminated) else Exit.INTERRUPTED)) from None
    report(result.run.path, terminal.output())
    is_elsewhere = which.link is not None and any(trial.score is not None for trial in result.trials)
    if result.best is None and (result.failure or not is_elsewhere):
        raise result.failure or CnnSearchError(without_best(str(result.run.path), result.trials))
    if result.failure:  # one good trial is a result all the same
        terminal.warn(str(result.failure))
    if told := failures_told(result.trials):
        terminal.warn(told)


def _searched(space: Space, which: Which, name: str) -> "Result":
    """Decode the images first: keras would take 700 MB beside them in this process."""
    if which.link is None:
        check_local(which.runs, which.resume)
    with Follower(terminal.output()) as follower:
        datasets = Datasets(None, follower.read, terminal.say)
        datasets.first_of(space)
        with without_native_messages():
            from cnnsearch.search.run import run_search

        request = Request(
            space,
            which.runs,
            name,
            new=which.new,
            more=which.more,
            resume=which.resume,
            accept_data_change=which.accept_data_change,
            datasets=datasets,
            link=which.link,
            begins=which.begins,
        )
        return run_search(request, [follower], follower.read)


def _checked_name(name: str) -> str:
    """A name that can be a folder's everywhere.

    Raises:
        CnnSearchError: it cannot.
    """
    if _NAME.fullmatch(name):
        return name
    raise CnnSearchError(
        f"--name: a run's name has up to 100 letters, digits, spaces and . _ - + =, and begins with a letter, a digit "
        f"or _, got {name!r}. Its folder is the name and a number."
    )


def _end_soon(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    signal.signal(signal.SIGALRM, _end_now)
    signal.alarm(FORCE)
    raise Terminated


def _end_now(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """End where something cannot be stopped: all that a search has begun goes on, as after a kill."""
    os._exit(Exit.DONE)
