"""The text that nodes are read from, and the places in it: a file, or the value of one command line option."""

import re
from dataclasses import dataclass, field

from cnnsearch.spaces.errors import Excerpt, Problem, SpaceError

_LINE_END = re.compile(r"\r\n|\r|\n")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)+(?=\S)")
_LONGEST_PROPERTIES = 200  # so that a line full of them takes no longer than a file full of lines


@dataclass(frozen=True, order=True)
class Mark:
    """Where a node stands: `order` sorts problems (command line options come after the file)."""

    order: tuple[int, int, int]
    where: str
    excerpt: Excerpt | None = field(default=None, compare=False, repr=False)


class Source:
    """A text by its lines; lines and columns are counted from 0 here and from 1 in messages.

    Attributes:
        name: what stands before `:line:column`, or the whole option.
        option: the option's number from 1; 0 for a file.
        lead: what stands in an option before the text, such as `--set search.trials=`.
    """

    def __init__(self, text: str, name: str, option: int = 0, lead: str = "") -> None:
        self.text, self.name, self.option, self.lead = text, name, option, lead
        self.lines = _LINE_END.split(text)

    def line(self, number: int) -> str:
        """The line of this number without its end; empty where there is none."""
        return self.lines[number] if 0 <= number < len(self.lines) else ""

    def mark(self, line: int, column: int, length: int = 1) -> Mark:
        """The mark of so many characters there; a length beyond the line is cut."""
        text, start = self.line(line), column
        length = max(1, min(length, len(text) - column))
        if not self.option:
            excerpt = Excerpt(text, start, length, line + 1)
            return Mark((0, line + 1, column + 1), f"{self.name}:{line + 1}:{column + 1}", excerpt)
        if line == 0:
            text, start = self.lead + text, len(self.lead) + column
        return Mark((self.option, line + 1, column + 1), self.name, Excerpt(text, start, length))

    def span(self, start: tuple[int, int], end: tuple[int, int]) -> Mark:
        """The mark of what stands between two places; to the end of the first line where there are several."""
        line, column = start
        last = end[1] if end[0] == line else len(self.line(line).rstrip())
        return self.mark(line, column, last - column)

    def place(self, index: int) -> tuple[int, int]:
        """Line and column of the character with this index in the text."""
        before = _LINE_END.split(self.text[:index])
        return len(before) - 1, len(before[-1])

    def after_properties(self, line: int, column: int) -> int:
        """The column of the value behind an anchor or a tag that stands at this one."""
        found = _PROPERTIES.match(self.line(line), column, column + _LONGEST_PROPERTIES)
        return found.end() if found else column


def located(mark: Mark, problem: Problem) -> Problem:
    """The problem with the line that the mark shows, where it is about that place and has none yet."""
    if problem.excerpt is not None or problem.where != mark.where or mark.excerpt is None:
        return problem
    return Problem(problem.where, problem.rule, problem.advice, mark.excerpt)


def refusal(mark: Mark, rule: str, advice: str = "") -> SpaceError:
    """The error of a text that cannot be read on from there."""
    return SpaceError([Problem(mark.where, rule, advice, mark.excerpt)])
