"""What YAML reads otherwise than people mean it, found while the text of a value is still at hand.

Each function gives a rule and an advice, or nothing where the value is as harmless as it looks. What depends on the
kind of value that a key takes is in `advice`.
"""

import re
from typing import NamedTuple

from cnnsearch.spaces.errors import Excerpt

_OCTAL = re.compile(r"([-+]?)0+([0-9]+)")
_GLUED = re.compile(r"([A-Za-z_]\w*):([^\s:/\\].*)")
_QUOTED_TAGS = ("tag:yaml.org,2002:str", "!!str")


class Glued(NamedTuple):
    """A key and a value that stand together without a space."""

    key: str
    value: str
    advice: str


def scalar_trap(value: str, style: str | None, written: str, anchored: bool) -> tuple[str, str] | None:
    """What is wrong with one scalar.

    Args:
        value: its text, quotes and escapes resolved.
        style: the quote or block sign around it, None without.
        written: the beginning of it as it stands in the file.
        anchored: an anchor stands before it.
    """
    if style is None:
        return _anchor_alone(written) if anchored and not value else _octal(value)
    if style in "|>" and not value:
        rule = f"a text after `{style}` begins on the next line, got {written.strip()[:40]}"
        return rule, "Put a text that begins with it in quotes."
    return None


def _anchor_alone(written: str) -> tuple[str, str]:
    name = written.split(maxsplit=1)[0][:40] if written.strip() else "&"
    return f"an anchor names the value behind it, got {name} alone", f'Put it in quotes if it is text: "{name}".'


def _octal(value: str) -> tuple[str, str] | None:
    found = _OCTAL.fullmatch(value) if len(value) < 40 else None
    if found is None:
        return None
    sign, digits = found.groups()
    octal = f"; in base 8 it would be {sign}0o{digits}" if set(digits) <= set("01234567") and len(digits) > 1 else ""
    return (
        f"a number begins with no zeros, got {value}",
        f'Write {sign}{digits}{octal}; a text goes in quotes: "{value}".',
    )


def tag_advice(tag: str) -> str:
    """What to write in place of a tagged value."""
    if tag in _QUOTED_TAGS:
        return "Take it away and put the text in quotes."
    if "python" in tag:
        return "Nothing in a space can make an object: take the tag away."
    return "Take the tag away: a value's kind is seen from how it is written."


def split_key(text: str, excerpt: Excerpt | None) -> Glued | None:
    """The two halves of a bare `key:value` that was read as one word in braces; None where it is an honest key."""
    found = _GLUED.fullmatch(text)
    if found is None or excerpt is None or excerpt.text[excerpt.start : excerpt.start + 1] in ("'", '"'):
        return None
    key, value = found.groups()
    return Glued(key, value, f"Write `{key[:40]}: {value[:40]}`.")


def key_trap(key: object, excerpt: Excerpt | None) -> str:
    """What to do about a key that is no text: a template's braces, a comma for a decimal point, a number."""
    before = excerpt.before() if excerpt else ""
    if isinstance(key, dict):
        if before.endswith("{") or (excerpt and excerpt.text.startswith("{{", excerpt.start)):
            return "Braces in braces are no template here: write the value itself, or put the text in quotes."
        return "Take one pair of braces away."
    if isinstance(key, list):
        return "Take the brackets away."
    if key is None:
        return "Write the key before the colon."
    whole = re.search(r"([-+]?[0-9]+),$", before)
    if whole and isinstance(key, int) and not isinstance(key, bool):
        return f"A comma begins the next key: write a decimal with a point, {whole.group(1)}.{key}."
    return "Put it in quotes if it is meant."
