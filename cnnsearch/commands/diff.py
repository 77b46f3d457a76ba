"""`cnnsearch diff A B`: what differs between two spaces, and whether a run of one can go on with the other."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cnnsearch import terminal
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.compare import Difference, Kind, differences
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.space import Space

_STYLES = {
    Kind.ADDED: "green",
    Kind.WIDENED: "green",
    Kind.REMOVED: "red",
    Kind.NARROWED: "red",
    Kind.CHANGED: "yellow",
}


def diff(first: str, second: str, console: Console, *, as_json: bool, allow_code: bool) -> None:
    """Print what differs between two spaces.

    Raises:
        SpaceError: one of them breaks rules of the language.
    """
    found = differences(_space(first, allow_code), _space(second, allow_code))
    keeps = all(difference.keeps_trials for difference in found)
    if as_json:
        changes = [{**asdict(difference), "keeps_trials": difference.keeps_trials} for difference in found]
        terminal.say(json.dumps({"differences": changes, "keeps_trials": keeps}, indent=2))
        return
    if not found:
        terminal.say(f"{first} and {second} are the same space.")
        return
    console.print(_table(found, first, second))
    terminal.say(_verdict(found, keeps))


def _space(source: str, allow_code: bool) -> Space:
    """The space of a file or, of a run's folder, the one it searched last."""
    run = RunFolder(Path(source))
    return load_space(run.space if run.space.is_file() else source, allow_code=allow_code)


def _table(found: Sequence[Difference], first: str, second: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "value", terminal.markup(first), terminal.markup(second)):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("", "value"))
    for difference in found:
        cells = (difference.name, difference.before or "-", difference.after or "-")
        table.add_row(f"[{_STYLES[difference.kind]}]{difference.kind}[/]", *map(terminal.markup, cells))
    return table


def _verdict(found: Sequence[Difference], keeps: bool) -> str:
    counts = [f"{number} {kind}" for kind in Kind if (number := sum(d.kind is kind for d in found))]
    told = f"{', '.join(counts)}."
    if keeps:
        return f"{told} A run of the first space can go on with the second: all its trials stay."
    return f"{told} A run of the first space can go on with the second only where its trials happen to fit."
