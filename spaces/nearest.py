"""The known word that a mistyped one may have meant."""

from collections.abc import Sequence

_LONGEST = 200
"""Characters of a word that is looked at: what is longer is no slip of the pen."""
_MANY = 12


def nearest(word: str, known: Sequence[str]) -> str:
    """`Did you mean ...?` with a space after it, where one of the known words is near, or some are equally near."""
    if len(word) > _LONGEST:
        return ""
    from difflib import SequenceMatcher, get_close_matches  # only where something is wrong: a good file needs it not

    lowered = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), list(lowered), n=3, cutoff=0.6)
    likeness = [SequenceMatcher(None, near, word.lower()).ratio() for near in close]
    alike = [f"`{lowered[near]}`" for near, ratio in zip(close, likeness, strict=True) if ratio == likeness[0]]
    return f"Did you mean {' or '.join(sorted(alike))}? " if alike else ""


def among(word: str, known: Sequence[str], heading: str) -> str:
    """What a word may have meant, and all that it might be; dozens of words help only those who were near none."""
    meant, listed = nearest(word, known), f"{heading} {', '.join(known)}."
    return meant.strip() if meant and len(known) > _MANY else f"{meant}{listed}"
