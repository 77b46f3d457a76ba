"""What an error says to do, in the words of Python where it has those of the command line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from cnnsearch.spaces.errors import CnnSearchError, SpaceError

_OPTIONS = {
    r"--set ([\w.-]+)=(.*?)(?=: |$)": r'set={"\1": \2}',
    r"\s+on the command line": "",
    r"--allow-code": "allow_code=True",
    r"--accept-data-change": "accept_data_change=True",
    r"--new\b": "new=True",
    r"--more\b": "more=",
    r"--resume (\S+?)(?=[.,;]?(?:\s|$))": r'resume="\1"',
    r"--resume\b": "resume=",
    r"--name\b": "name=",
    r"--runs\b": "runs=",
    r"--data\b": "data=",
    r"--set\b": "set=",
    r"\bsame command\b": "same call",
}


def in_python(text: str) -> str:
    """The text with the command line's options as the arguments of `cnnsearch.run`."""
    for option, argument in _OPTIONS.items():
        text = re.sub(option, argument, text, flags=re.MULTILINE)
    return text


@contextmanager
def errors_in_python() -> Iterator[None]:
    """Within it, errors name arguments where they would name options; they stay the errors that they are."""
    try:
        yield
    except CnnSearchError as error:
        if isinstance(error, SpaceError):
            error.problems = tuple(
                replace(each, where=in_python(each.where), rule=in_python(each.rule), advice=in_python(each.advice))
                for each in error.problems
            )
        error.args = (in_python(str(error)),)
        raise
