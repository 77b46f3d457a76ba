"""Makes text that comes from file names, labels and messages harmless where it is shown."""

import unicodedata

_JOINERS = "\u200c\u200d"  # within emoji and in Persian or Hindi words: harmless, and a name looks wrong without them
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(text: str, keep: str = "") -> str:
    r"""The text with control characters, line breaks, reordering marks and undecodable bytes written out, as `\x1b`.

    Args:
        keep: characters that stay as they are, such as line ends.
    """
    if text.isprintable():  # none of its characters is hidden: the usual case, at once
        return text
    return "".join(_written_out(character, keep) for character in text)


def _written_out(character: str, keep: str) -> str:
    if character in keep or character in _JOINERS or unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
