"""The only module that prints: results go to stdout, errors and warnings to stderr, and no text can steer the terminal.

On a terminal an error is a framed block; in a pipe it is one plain line for each problem, never wrapped.
"""

import io
import os
import sys
from functools import cache

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from cnnsearch.frames import problem_frames
from cnnsearch.reports.inert import visible
from cnnsearch.spaces.errors import CnnSearchError, SpaceError

PIPE_WIDTH = 200
"""Columns of a table that goes into a pipe or a file, where nothing says how wide a line may be."""


@cache
def output() -> Console:
    """The console of results, on stdout."""
    return _console(stderr=False)


@cache
def errors() -> Console:
    """The console of errors, warnings and progress, on stderr."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a name that the encoding lacks must not end the program
    console = Console(stderr=stderr, highlight=False, emoji=False, force_jupyter=False)  # a notebook has lines, too
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console


def plain(text: object) -> str:
    """The text with every control, direction and surrogate character spelled out; line ends and tabs stay."""
    return visible(str(text), keep="\n\t")


def one_line(text: object) -> str:
    """The same, with line ends and tabs spelled out, too: for names in tables and messages."""
    return visible(str(text))


def markup(text: object) -> str:
    """The text for a place between rich's tags, as in `[bold]{markup(name)}[/bold]`: `[red]` stays `[red]`."""
    return escape(plain(text))


def say(text: object = "") -> None:
    """Print a line of plain text on stdout."""
    _write(output(), plain(text))


def show(renderable: RenderableType) -> None:
    """Print a table or another rich renderable on stdout. What comes from data must be escaped in it already."""
    output().print(renderable)


def warn(message: object) -> None:
    """Print a warning on stderr."""
    _write(errors(), f"warning: {plain(message)}", style="yellow")


def note(text: object) -> None:
    """Print a line on stderr that is no warning: what takes a while, where stdout has the answer alone."""
    _write(errors(), plain(text), style="dim")


def complain(error: CnnSearchError | str) -> None:
    """Print an error on stderr: a framed block on a terminal, else a line `error: ...` for each problem."""
    if errors().is_terminal:
        errors().print(_block(error))
        return
    for line in _lines(error):
        _write(errors(), f"error: {line}")


def _write(console: Console, text: str, style: str | None = None) -> None:
    console.print(Text(text, style=style or ""), soft_wrap=True)


def _lines(error: CnnSearchError | str) -> list[str]:
    if isinstance(error, SpaceError):
        return [one_line(problem) for problem in error.problems]
    return (plain(error) or type(error).__name__).splitlines()


def _block(error: CnnSearchError | str) -> Panel:
    if isinstance(error, SpaceError):
        count = len(error.problems)
        parts = problem_frames(error.problems, errors().width - 4)  # a border and a space on either side
    else:
        count, parts = 1, [Text("\n".join(_lines(error)))]
    title = "error" if count == 1 else f"{count} errors"
    return Panel(Group(*parts), title=title, title_align="left", border_style="red", expand=False)
