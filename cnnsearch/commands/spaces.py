"""`cnnsearch spaces`: the spaces that come along, and the text of one, to begin one's own with."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources

from rich.table import Table

from cnnsearch import terminal
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.load import loads_space, shipped_spaces
from cnnsearch.spaces.nearest import nearest


@dataclass(frozen=True)
class Shipped:
    """A space that comes with the package.

    Attributes:
        name: by which every command takes it.
        about: the first sentence of its comment.
        parameters: how many values are searched.
        configurations: how many distinct ones there are; None where a continuous range makes them uncountable.
    """

    name: str
    about: str
    parameters: int
    configurations: int | None


def show_spaces(name: str | None, *, as_json: bool) -> None:
    """Print the list of shipped spaces, or one of them just as its file is.

    Raises:
        CnnSearchError: no shipped space has that name.
    """
    if name is not None:
        terminal.say(space_text(name).removesuffix("\n"))
        return
    found = [described(known) for known in shipped_spaces()]
    if as_json:
        terminal.say(json.dumps([asdict(space) for space in found], indent=2))
        return
    terminal.show(_table(found))
    if terminal.output().is_terminal:
        terminal.say("\ncnnsearch spaces NAME prints one; cnnsearch spaces NAME > my.yaml begins one of your own.")


def space_text(name: str) -> str:
    """The text of a shipped space; `basic` and `basic.yaml` name the same.

    Raises:
        CnnSearchError: there is no such space.
    """
    stem, known = name.removesuffix(".yaml"), shipped_spaces()
    if stem not in known:
        advice = f"{nearest(stem, known)}The shipped spaces are {', '.join(known)}."
        raise CnnSearchError(str(Problem("NAME", f"a shipped space must have this name, got {name[:60]!r}", advice)))
    return (resources.files("cnnsearch.spaces") / f"{stem}.yaml").read_text(encoding="utf-8")


def described(name: str) -> Shipped:
    """What the list says of a shipped space."""
    text = space_text(name)
    space = loads_space(text, name)
    return Shipped(name, first_sentence(text), len(space.parameters), space.cardinality())


def first_sentence(text: str) -> str:
    """The first sentence of a file's first comment, lines that are meant for editors left out."""
    words: list[str] = []
    for line in text.splitlines():
        comment = line.removeprefix("#").strip()
        if not line.startswith("#") or (words and not comment):
            break
        if not comment.startswith("yaml-language-server:"):
            words += comment.split()
    sentence = re.match(r".*?[.!?](?=\s|$)", " ".join(words))
    return sentence[0] if sentence else " ".join(words)


def _table(spaces: Sequence[Shipped]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("space", no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("configurations", justify="right", no_wrap=True)
    table.add_column("what it is", overflow="fold")
    for space in spaces:
        count = "infinite" if space.configurations is None else f"{space.configurations:,}"
        cells = (space.name, str(space.parameters), count, space.about)
        table.add_row(*map(terminal.markup, cells))
    return table
