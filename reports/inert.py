"""Makes text that comes from file names, labels and messages harmless where it is shown: terminals and spreadsheets."""

import unicodedata

_REORDERING = {"\u200e", "\u200f", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def visible(text: str) -> str:
    r"""The text with control characters, line breaks, reordering marks and undecodable bytes written out, as `\x1b`."""
    return "".join(_written_out(character) for character in text)


def _written_out(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _REORDERING:
        return character.encode("unicode_escape").decode("ascii")
    return character


def cell(value: object) -> object:
    """A table's cell: a text that a spreadsheet would run as a formula gets a leading quote, numbers stay untouched."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
