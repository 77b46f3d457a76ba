"""The errors a person can mend. Every message says where, which rule, what was found there, and what to do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_NEAR = 80
SECRETS = ("sslpassword", "password", "passwd", "pwd", "secret", "token")
"""How the settings in a URL are called that nobody must see."""
_PASSWORDS = (r"(://[^/?#\s:@]*:)([^@\s]*)(?=@)", rf"([?&](?:{'|'.join(SECRETS)})=)([^&\s]*)")
"""Where passwords stand in URLs."""


def without_passwords(text: str) -> str:
    """A text with * for each character of the passwords of the URLs in it."""
    for pattern in _PASSWORDS:
        text = re.sub(pattern, lambda found: found[1] + "*" * len(found[2]), text, flags=re.IGNORECASE)
    return text


class CnnSearchError(Exception):
    """Base of every error that the person can mend: it ends a command with exit code 1, without a traceback."""


@dataclass(frozen=True)
class Excerpt:
    """The line of a file, or the command line option, that a problem is about.

    Attributes:
        text: the whole line as it stands, without its end.
        start: characters before the part that is meant.
        length: characters of that part, at least 1; it may lie just behind the line's end.
        line: the line's number from 1; None for an option.
    """

    text: str
    start: int
    length: int
    line: int | None = None

    def before(self) -> str:
        """A little of the text before the part that is meant: a line may be as long as a file."""
        return self.text[max(self.start - _NEAR, 0) : self.start]

    def behind(self) -> str:
        """A little of the text from the beginning of that part on."""
        return self.text[self.start : self.start + _NEAR]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        where: `file:line:column`, a dotted key, a path, or the command line option.
        rule: what should hold there, ending with what was found.
        advice: what to do about it; may be empty.
        excerpt: the line itself where there is one; it does not tell problems apart.
    """

    where: str
    rule: str
    advice: str = ""
    excerpt: Excerpt | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.where}: {self.rule.removesuffix('.')}." + (f" {self.advice}" if self.advice else "")


class SpaceError(CnnSearchError):
    """A space document that breaks rules of the language; it carries all of its problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
