"""`cnnsearch data doctor SOURCE`: one look at every image before anything is trained."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cnnsearch import terminal
from cnnsearch.reports.doctor.table import examination_text
from cnnsearch.reports.wording import counted
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.exclusions import read_exclusions, written_exclusions
from cnnsearch.search.dataset.sources.source import Source, open_source
from cnnsearch.search.doctor.doctor import Examination, examined_source
from cnnsearch.search.doctor.leaving_out import left_out
from cnnsearch.search.writing import write_text

NEEDS_ATTENTION = 1
"""The exit code under `--strict` where there are errors or warnings."""


@dataclass(frozen=True)
class DoctorOptions:
    """What is wanted of an examination.

    Attributes:
        exclude: a list of files that are left out already.
        as_json: print one JSON object instead of tables.
        html: where to write a page.
        exclude_to: where to write the list of what should be left out.
        strict: end with an exit code where there are errors or warnings.
    """

    exclude: Path | None = None
    as_json: bool = False
    html: Path | None = None
    exclude_to: Path | None = None
    strict: bool = False


def doctor(source: str, wanted: DoctorOptions) -> int:
    """Examine a source, print what was found, and give the exit code. Nothing is ever written into the source.

    Raises:
        CnnSearchError: the source cannot be examined, or a file is to be written that must or can not be.
    """
    for target in (wanted.html, wanted.exclude_to):
        _check_outside(source, target)
    if wanted.exclude_to is not None:
        _check_replaceable(wanted.exclude_to)
    opened = open_source(source)
    with _progress() as progress:
        examination = examined_source(opened, str(wanted.exclude) if wanted.exclude else None, progress)
    _print(examination, as_json=wanted.as_json)
    if wanted.html is not None:
        _write_page(examination, opened, wanted.html)
    if wanted.exclude_to is not None:
        _write_exclusions(examination, wanted, wanted.exclude_to)
    if not wanted.as_json:
        for line in next_steps(examination, wanted):
            terminal.say(line)
    return NEEDS_ATTENTION if wanted.strict and not examination.is_healthy else 0


def _check_outside(source: str, target: Path | None) -> None:
    """A report among the photos would be the first thing that changes them."""
    if target is None:
        return
    place, written = Path(source).expanduser().resolve(), target.expanduser().resolve()
    if written == place or (place.is_dir() and written.is_relative_to(place)):
        rule = f"the doctor writes nothing into the source, got {str(target)!r}."
        raise DataError(source, rule, "Name a file outside of it.")


def _check_replaceable(target: Path) -> None:
    """A manifest whose name stands there by mistake would be lost."""
    header = written_exclusions({}).encode()
    if not target.is_file():
        return
    with target.open("rb") as file:
        written_here = file.read(len(header)) == header
    if not written_here:
        rule = "--exclude-to replaces lists that the doctor has written, got another file."
        raise DataError(str(target), rule, "Name a new file; --exclude takes one that you wrote yourself.")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal that goes when all is done, else nothing."""
    columns = (TextColumn("looking at images"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = terminal.errors()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(examination: Examination, *, as_json: bool) -> None:
    if as_json:
        from cnnsearch.search.doctor.values import json_text

        terminal.say(json_text(examination))
    else:
        terminal.show(examination_text(examination))


def _write_page(examination: Examination, source: Source, html: Path) -> None:
    from cnnsearch.reports.doctor.page import examination_page

    text = examination_page(examination, source.files)
    write_text(html, text)


def _write_exclusions(examination: Examination, wanted: DoctorOptions, target: Path) -> None:
    """The list, with what was excluded already, so that it can take the old one's place."""
    write_text(target, written_exclusions(_to_exclude(examination, wanted)))


def _to_exclude(examination: Examination, wanted: DoctorOptions) -> dict[str, str]:
    before = read_exclusions(wanted.exclude.expanduser()) if wanted.exclude else ()
    return {**dict.fromkeys(before, "was excluded before"), **left_out(examination.findings)}


def next_steps(examination: Examination, wanted: DoctorOptions) -> list[str]:
    """What was written, and what to do now."""
    excluded = len(left_out(examination.findings))
    lines = [f"Wrote {wanted.html}."] if wanted.html is not None else []
    if wanted.exclude_to is not None:
        files = counted(len(_to_exclude(examination, wanted)), "file")
        lines.append(f"Wrote {wanted.exclude_to}: {files} to leave out. Give it as data.exclude, or with --exclude.")
    elif excluded:
        files = f"{counted(excluded, 'file')} should be left out"
        lines.append(f"{files}: --exclude-to FILE writes their list, which data.exclude takes.")
    elif examination.is_healthy:
        lines.append(f"Next: cnnsearch init {shlex.quote(examination.source)}")
    else:
        lines.append("Look into the warnings before you train.")
    return lines
