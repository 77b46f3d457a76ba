"""`cnnsearch data prepare SOURCE DEST`: train, validation and test folders of class folders, made of any images."""

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cnnsearch import terminal
from cnnsearch.reports.wording import counted
from cnnsearch.search.arranging import examine
from cnnsearch.search.arranging.prepare import Prepared, Wish, outlook, unfinished
from cnnsearch.search.arranging.prepare import prepare as made
from cnnsearch.search.dataset.sources.layout import PARTS

MOST_NAMED = 10
"""Files named one by one; `--json` names all."""


def prepare(wish: Wish, *, dry_run: bool, as_json: bool) -> None:
    """Make the folders and print what is in them, what was left out, and what to do next.

    Raises:
        CnnSearchError: the source, the folder or a disk is not as it must be.
    """
    try:
        with _progress() as progress:
            prepared = outlook(wish, progress) if dry_run else made(wish, progress)
    except KeyboardInterrupt:
        if unfinished(wish.folder).exists():
            terminal.warn(f"{unfinished(wish.folder)} is not whole: the same command goes on with it")
        raise
    if as_json:
        terminal.say(json.dumps(_values(wish, prepared), indent=2))
        return
    terminal.show(_table(prepared.arrangement.counts()))
    for line in (*_left_out(prepared), *_ending(wish, prepared)):
        terminal.say(line)


@contextmanager
def _progress() -> Iterator[examine.Progress]:
    """A bar on a terminal, which goes when all is done; nothing in a pipe."""
    console = terminal.errors()
    if not console.is_terminal:
        yield lambda *_: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("looking for images", total=None)
        yield lambda stage, done, total: bar.update(task, description=stage, completed=done, total=total)


def _table(counts: dict[str, dict[str, int]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("class", overflow="fold")
    for heading in (*PARTS, "all"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, of_class in counts.items():
        table.add_row(terminal.markup(terminal.one_line(name)), *_figures(list(of_class.values())))
    table.add_section()
    sums = [sum(of_class[part] for of_class in counts.values()) for part in PARTS]
    table.add_row("all", *_figures(sums), style="bold")
    return table


def _figures(counts: Sequence[int]) -> list[str]:
    return [f"{count:,}" for count in (*counts, sum(counts))]


def _left_out(prepared: Prepared) -> Iterator[str]:
    """Lines on what of the source is not there, or not as it was."""
    unreadable = prepared.unreadable
    if unreadable:
        yield f"\nleft out, as they cannot be read: {len(unreadable):,}"
        yield from (f"  {terminal.one_line(file.path)} {file.reason}" for file in unreadable[:MOST_NAMED])
        if len(unreadable) > MOST_NAMED:
            yield f"  and {len(unreadable) - MOST_NAMED:,} more (--json names all)"
    yield from (f"note: {terminal.one_line(note)}" for note in _notes(prepared))


def _notes(prepared: Prepared) -> list[str]:
    found = prepared.arrangement
    told = (
        (found.copies, "exact copies of another image of their class, left out"),
        (found.two_labels, "images that lie in more than one class (cnnsearch data doctor names them)"),
        (found.renamed, "names changed so that every system takes them and none meets another"),
        (len(found.gone), "images of earlier calls that the source has no more, kept"),
    )
    return [*prepared.notes, *(f"{what}: {count:,}" for count, what in told if count)]


def _ending(wish: Wish, prepared: Prepared) -> Iterator[str]:
    """What was done, and the next command."""
    folder, kept = str(wish.folder), prepared.arrangement.kept
    beside = f"; from before: {counted(kept, 'image')}" if kept else ""
    if prepared.linked is None:
        yield f"\n{folder} would get {counted(prepared.added, 'image')}{beside}. Nothing was written."
        return
    yield f"\n{folder} got {counted(prepared.added, 'image')}{beside}. {_how(wish, prepared)}".rstrip()
    yield f"Next: cnnsearch init {shlex.quote(folder)} writes a space for them to search."


def _how(wish: Wish, prepared: Prepared) -> str:
    if not prepared.added:
        return ""
    if prepared.linked:
        return "They are hard links to the photos and take no room; --copy copies."
    reason = " (there are no links to what lies in an archive or on another disk)" if wish.link else ""
    return f"They are copies{reason}."


def _values(wish: Wish, prepared: Prepared) -> dict[str, Any]:
    """The result as JSON values; `linked` is null where nothing was written."""
    found = prepared.arrangement
    return {
        "source": wish.source,
        "folder": str(wish.folder),
        "validation": wish.validation,
        "test": wish.test,
        "seed": wish.seed,
        "linked": prepared.linked,
        "added": prepared.added,
        "kept": found.kept,
        "counts": found.counts(),
        "folders": dict(sorted(found.manifest.folders.items())),
        "unreadable": [{"path": file.path, "reason": file.reason} for file in prepared.unreadable],
        "copies": found.copies,
        "two_labels": found.two_labels,
        "renamed": found.renamed,
        "gone": list(found.gone),
        "notes": list(prepared.notes),
    }
