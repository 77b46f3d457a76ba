"""The errors a person can mend. Every message says where, which rule, what was found there, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass


class CnnSearchError(Exception):
    """Base of every error that the person can mend: it ends a command with exit code 1, without a traceback."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        where: `file:line:column`, a dotted key, a path, or the command line option.
        rule: what should hold there, ending with what was found.
        advice: what to do about it; may be empty.
    """

    where: str
    rule: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.rule.removesuffix('.')}." + (f" {self.advice}" if self.advice else "")


class SpaceError(CnnSearchError):
    """A space document that breaks rules of the language; it carries all of its problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
