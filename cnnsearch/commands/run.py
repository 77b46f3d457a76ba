"""`cnnsearch run`: search a space and report on it."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

from cnnsearch import terminal
from cnnsearch.exits import Exit
from cnnsearch.live import Follower
from cnnsearch.search.engine.halting import FORCE, Terminated
from cnnsearch.searching import RunChoice, Watchers, begin, has_best, search
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.space import Space
from cnnsearch.storage_option import link_of

if TYPE_CHECKING:  # stands on keras
    from cnnsearch.search.run import Result


ReadSpace = Callable[[], tuple[Space, RunChoice]]
"""Reads what is to be searched, and where."""


def run(source: str, overrides: Sequence[str], which: RunChoice, *, allow_code: bool) -> None:
    """Search a space, write the reports, and print what came out.

    Raises:
        CnnSearchError: the space, the data, the weights or the run's folder do not allow it, or no trial has a score.
        SystemExit: interrupted by Ctrl-C (130), or told to end by SIGTERM (0).
    """

    def asked() -> tuple[Space, RunChoice]:
        space = load_space(source, overrides, allow_code=allow_code)
        return space, replace(which, link=link_of(space.document.search, which.name or space.name))

    search_and_report(asked)


def search_and_report(asked: ReadSpace) -> None:
    """The same for a space that is read from anywhere."""
    signal.signal(signal.SIGTERM, _end_soon)
    try:
        space, which = asked()
        begin(space, which)
        from cnnsearch.commands.report import report
        from cnnsearch.reports.wording import failures_told, without_best

        result = _searched(space, which)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left takes a second
    except KeyboardInterrupt as order:
        command = shlex.join(["cnnsearch", *sys.argv[1:]])
        terminal.warn(f"stopped; the finished trials are kept. The same command goes on: {command}")
        raise SystemExit(int(Exit.DONE if isinstance(order, Terminated) else Exit.INTERRUPTED)) from None
    report(result.run.path, terminal.output())
    if not has_best(result, which):
        raise result.failure or CnnSearchError(without_best(str(result.run.path), result.trials))
    if result.failure:  # one good trial is a result all the same
        terminal.warn(str(result.failure))
    if told := failures_told(result.trials):
        terminal.warn(told)


def _searched(space: Space, which: RunChoice) -> "Result":
    with Follower(terminal.output()) as follower:
        return search(space, which, Watchers(follower, follower.read, terminal.say))


def _end_soon(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    signal.signal(signal.SIGALRM, _end_now)
    signal.alarm(FORCE)
    raise Terminated


def _end_now(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """End where something cannot be stopped: all that a search has begun goes on, as after a kill."""
    os._exit(Exit.DONE)
