"""Says in the language's own words why a text is no YAML, and points to where it went wrong rather than noticed.

The parser tells a missing bracket at the end of the file and a missing colon one line late. Its positions are the
start; the lines around them say the rest.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.reading.source import Source, refusal
from cnnsearch.spaces.values import KEYWORDS

Place = tuple[int, int]
_GLUED = re.compile(r"""^\s*(?:- +)?([A-Za-z_][\w.]*):([^\s:/\\][^:]*)$""")
_BARE_WORD = re.compile(r"^\s*(?:- +)?([A-Za-z_][\w.]*)\s*$")
_KEY = re.compile(r"^\s*(?:- +)?([^\s#'\"{\[][^:#]*):(\s|$)")
_SEARCHED = re.compile(rf"\b({'|'.join(KEYWORDS)})$")
_TOKEN = re.compile(r"[^\s,\[\]{}]+")
_PERCENT = re.compile(r"%\d|\d%")
_CLOSING = {"[": "]", "{": "}"}


class Finding(NamedTuple):
    """What is wrong, where, over how many characters, and what to do."""

    place: Place
    length: int
    rule: str
    advice: str


class Stumble(NamedTuple):
    """Where the parser gave up, what it was reading since when, and what it says."""

    source: Source
    context: str
    begin: Place
    problem: str
    place: Place

    def token(self, place: Place) -> str:
        """The word that stands there, shortened; empty at a line's end."""
        found = _TOKEN.match(self.source.line(place[0]), place[1])
        return found.group()[:40] if found else self.source.line(place[0])[place[1] : place[1] + 1]

    def above(self) -> int | None:
        """The number of the last line above that says something."""
        for number in range(self.place[0] - 1, max(self.place[0] - 100, -1), -1):
            if self.source.line(number).split("#")[0].strip():
                return number
        return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _said(line: str) -> str:
    """The line without a remark and the spaces behind it."""
    return line.partition(" #")[0].rstrip()


def _spaces(count: int) -> str:
    return f"{count} space" + ("" if count == 1 else "s")


def _tab(at: Stumble) -> Finding:
    before = at.source.line(at.place[0])[: at.place[1]]
    what = "spaces separate words" if before.strip() else "indentation is made of spaces"
    return Finding(at.place, 1, f"{what}, got a tab", "Replace the tab by spaces.")


def _start_of_text(at: Stumble) -> Finding:
    token = at.token(at.place)
    rule = f"a text without quotes does not begin with `{token[:1]}`, got {token}"
    advice = "Write a share as a decimal, 20% as 0.2." if _PERCENT.search(token) else f'Put it in quotes: "{token}".'
    return Finding(at.place, len(token), rule, advice)


def _alias(at: Stumble) -> Finding:
    sign = at.source.line(at.begin[0])[at.begin[1]]
    kind = "an alias, a pointer to a value above" if sign == "*" else "an anchor, a name for the value after it"
    rule = f"`{sign}` begins {kind}, got no name behind it"
    return Finding(at.begin, 1, rule, "Put a text that begins with it in quotes.")


def _escape(at: Stumble) -> Finding:
    line, column = at.place
    start = max(at.source.line(line).rfind("\\", 0, column + 1), 0)
    found = at.source.line(line)[start : column + 1]
    rule = f"a backslash in double quotes begins an escape such as \\n, got {found}"
    return Finding((line, start), len(found), rule, "Write paths with /, or put the text in single quotes.")


def _quote(at: Stumble) -> Finding:
    sign = at.source.line(at.begin[0])[at.begin[1]]
    end = "the end of the text" if "stream" in at.problem else "a new document"
    rule = f"a quote that opens is closed, got {end} before the second {sign}"
    return Finding(at.begin, 1, rule, f"Close it with {sign} behind the text.")


def _flow(at: Stumble) -> Finding:
    opening = at.source.line(at.begin[0])[at.begin[1]]
    closing = _CLOSING.get(opening, "]")
    if "<stream end>" in at.problem or at.place[0] != at.begin[0]:
        got = "the end of the text" if "<stream end>" in at.problem else f"`{at.token(at.place)}`"
        where = "" if "<stream end>" in at.problem else f" in line {at.place[0] + 1}"
        rule = f"a `{opening}` is closed by `{closing}`, got {got}{where} first"
        return Finding(at.begin, 1, rule, f"Add the `{closing}`, or the comma that is missing between two entries.")
    token = at.token(at.place)
    rule = f"entries between `{opening}` and `{closing}` are separated by commas, got `{token}`"
    advice = f"Put a comma before it, or the `{closing}`."
    return Finding(at.place, len(token), rule, advice)


def _glued(at: Stumble, number: int) -> Finding | None:
    """A line such as `key:value`, which is one word."""
    found = _GLUED.match(_said(at.source.line(number)))
    if found is None:
        return None
    key, value = found.group(1), found.group(2).strip()
    rule = f"a colon and a space stand between key and value, got {key[:40]}:{value[:20]}"
    return Finding((number, found.start(1)), found.end() - found.start(1), rule, f"Write `{key[:40]}: {value[:20]}`.")


def _bare(at: Stumble, number: int) -> Finding | None:
    """A line of one word, which is a key without its colon."""
    found = _BARE_WORD.match(_said(at.source.line(number)))
    if found is None:
        return None
    word = found.group(1)
    rule = f"a key is followed by a colon, got `{word[:40]}` alone"
    return Finding((number, found.start(1)), len(word), rule, f"Write `{word[:40]}:`.")


def _misplaced_key(at: Stumble) -> Finding:
    """A colon where no key can stand: a line above is at fault, the indentation, or a second colon in the line."""
    number, column = at.place
    line, above = at.source.line(number), at.above()
    if ": " in line[:column]:
        searched = _SEARCHED.search(line, 0, column)
        advice = "Put a text with a colon in quotes; give each key a line of its own."
        if searched:
            advice = f"Put braces around a searched value: {{{_said(line)[searched.start() :][:40]}}}."
        return Finding(at.place, 1, "a line holds one key and its value, got a second `:`", advice)
    if above is not None:
        if found := _glued(at, above) or _bare(at, above):
            return found
        return _deeper(at, above) if _indent(line) != _indent(at.source.line(above)) else _loose_words(at, above)
    rule = "a key is a word, got a text before the colon that is none"
    return Finding((number, _indent(line)), max(column - _indent(line), 1), rule, "Put the text in quotes.")


def _loose_words(at: Stumble, above: int) -> Finding:
    line = at.source.line(above)
    text = _said(line).strip()
    rule = f"each line is a key, a colon and a value, got {text[:40]}"
    return Finding((above, _indent(line)), len(text), rule, "Write `key: value`, or # before a remark.")


def _deeper(at: Stumble, above: int) -> Finding:
    number, column = at.place
    line, other = at.source.line(number), at.source.line(above)
    start = _indent(line)
    rule = f"the keys of a mapping are indented alike, got {_spaces(start)} where line {above + 1} has {_indent(other)}"
    key = _KEY.match(other)
    inside = f", or leave nothing but `{key.group(1)[:40]}:` in line {above + 1}" if key else ""
    return Finding((number, start), max(column - start, 1), rule, f"Indent it by {_spaces(_indent(other))}{inside}.")


def _no_colon(at: Stumble) -> Finding:
    glued = _glued(at, at.begin[0])
    if glued:
        return glued
    text = _said(at.source.line(at.begin[0])[at.begin[1] :]).strip()
    rule = f"a key is followed by a colon and a space, got {text[:40]}"
    return Finding(at.begin, max(len(text), 1), rule, "Write key: value, or indent a text that goes on from above.")


def _block_end(at: Stumble) -> Finding:
    """Something behind the end of a value, or a line that is indented like none above."""
    line, start = at.source.line(at.place[0]), _indent(at.source.line(at.place[0]))
    token = at.token(at.place)
    if start < at.place[1]:
        if opened := _open_quote(at):
            return opened
        if "'" in line[: at.place[1]] or '"' in line[: at.place[1]]:
            advice = "Put quotes around the whole; a quote inside is doubled ('it''s')."
        else:
            advice = "Give it a line of its own, or put the whole in quotes."
        return Finding(at.place, len(token), f"a value ends its line, got `{token}` behind it", advice)
    if token == "-":
        rule = "a mapping holds keys with a colon, got an entry of a list (`-`)"
        return Finding(at.place, 1, rule, "Indent the list under its key, or take the dash away.")
    if "collection" in at.context:
        rule = f"a list goes on with `-`, got `{token}`"
        return Finding(at.place, len(token), rule, "Put a dash before it, or indent it like the key of the list.")
    above = at.above()
    if above is not None and (glued := _glued(at, above)):
        return glued
    rule = f"the keys of a mapping are indented alike, got {_spaces(start)}"
    advice = f"Indent it by {', or by '.join(_levels(at, start))}."
    return Finding(at.place, len(token), rule, advice)


def _levels(at: Stumble, start: int) -> list[str]:
    """The indentation that is nearest to this one among the lines that a key here could belong to; two if as near."""
    levels: dict[int, int] = {}
    for number in range(at.place[0] - 1, at.begin[0] - 1, -1):
        line = at.source.line(number)
        if line.split("#")[0].strip() and _indent(line) < min(levels, default=len(line)):
            levels[_indent(line)] = number
    nearest = min((abs(level - start) for level in levels), default=0)
    return [f"{_spaces(lv)} like line {no + 1}" for lv, no in levels.items() if abs(lv - start) == nearest] or ["less"]


def _open_quote(at: Stumble) -> Finding | None:
    """The quote above that goes on to this line, where the one before this place closes rather than opens."""
    before = at.source.line(at.place[0])[: at.place[1]].rstrip()
    sign = before[-1:]
    if sign not in ("'", '"') or before.count(sign) % 2 == 0:
        return None
    for number in range(at.place[0] - 1, max(at.place[0] - 100, -1), -1):
        if (line := at.source.line(number)).count(sign) % 2:
            rule = f"a quote that opens is closed in its line, got one that goes on to line {at.place[0] + 1}"
            return Finding((number, line.rindex(sign)), 1, rule, f"Close it with {sign} behind the text.")
    return None


def _list_in_line(at: Stumble) -> Finding:
    return Finding(
        at.place, 1, "a list begins on a line of its own, got `-` behind a key", "Write it in brackets: [a, b]."
    )


def _unclosed(at: Stumble) -> Finding | None:
    """The last bracket before this place that is still open, by a glance that takes no account of quotes."""
    closed = 0
    for number in range(at.place[0], max(at.place[0] - 100, -1), -1):
        line = at.source.line(number)[: at.place[1] if number == at.place[0] else None]
        for column in range(len(line) - 1, -1, -1):
            closed += (line[column] in "]}") - (line[column] in "[{")
            if closed < 0:
                sign = line[column]
                rule = f"a `{sign}` is closed by `{_CLOSING[sign]}`, got the end of the text first"
                return Finding((number, column), 1, rule, f"Add the `{_CLOSING[sign]}`.")
    return None


def _no_value(at: Stumble) -> Finding:
    if "<stream end>" in at.problem and (opened := _unclosed(at)):
        return opened
    token = at.token(at.place)
    rule = f"a value begins with no `{token[:1]}`, got {token}"
    advice = "Take the comma away." if token[:1] == "," else "Take it away, or add the bracket that it closes."
    return Finding(at.place, len(token), rule, advice)


def _rest(at: Stumble) -> Finding:
    first = next((number for number, line in enumerate(at.source.lines) if line.startswith("%")), None)
    if first is not None:
        line = at.source.line(first)
        rule = f"a line that begins with % speaks to YAML itself, got {line[:40]}"
        return Finding((first, 0), max(len(line.rstrip()), 1), rule, "Put a # before it, or take it away.")
    above = at.above()
    if above is not None and (found := _glued(at, above) or _bare(at, above)):
        return found
    token = at.token(at.place)
    rule = f"a space is one mapping of keys, got `{token}` behind its end"
    return Finding(at.place, max(len(token), 1), rule, "Begin the keys of the first level in the first column.")


def _block_text(at: Stumble) -> Finding:
    token = at.source.line(at.begin[0])[at.begin[1] :].rstrip()
    rule = f"a text after `{token[:1]}` begins on the next line, got {token[:40]}"
    return Finding(at.begin, len(token), rule, f'Put a text that begins with it in quotes: "{token[:40]}".')


def _tag(at: Stumble) -> Finding:
    token = at.token(at.begin)
    return Finding(at.begin, len(token), f"a value is written without a tag, got {token}", "Take the tag away.")


_FINDINGS: tuple[tuple[str, Callable[[Stumble], Finding]], ...] = (
    (r"'\\t'", _tab),
    (r"cannot start any token", _start_of_text),
    (r"scanning an (alias|anchor)", _alias),
    (r"scanning a double-quoted", _escape),
    (r"scanning a quoted", _quote),
    (r"parsing a flow (sequence|mapping)", _flow),
    (r"mapping (values|keys) are not allowed", _misplaced_key),
    (r"scanning a simple key", _no_colon),
    (r"expected <block end>", _block_end),
    (r"sequence entries are not allowed", _list_in_line),
    (r"expected the node content", _no_value),
    (r"document start>|directive|YAML document", _rest),
    (r"scanning a block scalar", _block_text),
    (r"(scanning|parsing) an? tag", _tag),
)


def _unreadable(error: ReaderError, source: Source) -> SpaceError:
    code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")
    rule = f"a space is made of characters that can be seen, got U+{code:04X}"
    return refusal(source.mark(*source.place(int(error.position))), rule, "Delete it, or save the file as UTF-8 text.")


def syntax_error(error: Exception, source: Source) -> SpaceError:
    """What the parser found wrong, in our words, with its place; in its own where there are none."""
    if isinstance(error, ReaderError):
        return _unreadable(error, source)
    said = str(error).partition("\n")[0]
    place = (0, 0)
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = (mark.line, mark.column) if mark is not None else place
        begin = (error.context_mark.line, error.context_mark.column) if error.context_mark else place
        context, said = str(error.context or ""), str(error.problem or error.context or said).partition("\n")[0]
        at = Stumble(source, context, begin, said, place)
        for pattern, find in _FINDINGS:
            if re.search(pattern, f"{context}\n{said}"):
                found = find(at)
                return refusal(source.mark(*found.place, found.length), found.rule, found.advice)
    advice = "Look at the indentation, colons, brackets and quotes there and just above."
    return refusal(source.mark(*place), f"the text must be valid YAML, got: {said}", advice)
