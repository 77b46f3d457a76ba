"""Findings that a single file's facts tell, without a look at any other. Pure."""

import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from cnnsearch.search.doctor.examine import Examined, Look
from cnnsearch.search.doctor.findings import Group, Subject
from cnnsearch.search.doctor.kinds import Kind

BLANK_SPREAD = 8
"""A picture with less than so many of 255 levels between its extremes is blank. JPEG's noise on one colour stays under
it; the flattest of 4,000 photos of cats and dogs has 108, of 6,000 small ones in CIFAR-10 75."""
TINY_SIDE = 8
"""Pixels under which a side is tiny: the handwritten digits of 8 x 8 are learnt well, and no common set is smaller."""
EXTREME_RATIO = 8
"""A panorama has sides of 4 to 1 or 5 to 1; what is longer still is a strip or a mistake."""

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
}
_ODD = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # within emoji and in Persian or Hindi words


def subject(file: Examined, detail: str = "") -> Subject:
    """A file as a finding names it."""
    return Subject(file.image.path, detail, file.image.class_name, file.image.part)


def is_blank(look: Look) -> bool:
    """Whether an image has nearly one colour."""
    return look.spread < BLANK_SPREAD


def of_file(file: Examined) -> Iterator[tuple[Kind, Group]]:
    """All that is to be told of a file by itself."""
    if is_odd(file.image.path):
        yield Kind.ODD_NAME, (subject(file),)
    if file.look is None:
        yield _unreadable(file), (subject(file, file.reason),)
        return
    for kind, detail in _of_look(file.image.path, file.look):
        yield kind, (subject(file, detail),)


def is_odd(path: str) -> bool:
    """Whether a path has characters that steer a terminal, reorder the text, or come from bytes that are no UTF-8."""
    return any(unicodedata.category(letter) in _ODD and letter not in _JOINERS for letter in path)


def _unreadable(file: Examined) -> Kind:
    if file.content and not file.size:
        return Kind.EMPTY_FILE
    return Kind.TRUNCATED if "truncated" in file.reason else Kind.UNREADABLE


def _of_look(path: str, look: Look) -> Iterator[tuple[Kind, str]]:
    shape = f"{look.height} x {look.width} pixels"
    short, long = sorted((look.height, look.width))
    suffix = PurePosixPath(path).suffix.lower()
    told = {
        Kind.BLANK: is_blank(look) and shape,
        Kind.TINY: short < TINY_SIDE and shape,
        Kind.EXTREME_SHAPE: long > EXTREME_RATIO * short and shape,
        Kind.WRONG_EXTENSION: suffix not in _SUFFIXES.get(look.format, (suffix,)) and f"is {look.format}",
        Kind.ANIMATED: look.animated and look.format,
        Kind.TURNED: look.turned and shape,
        Kind.SIXTEEN_BIT: look.deep and look.format,
        Kind.CMYK: look.mode == "CMYK" and look.format,
        Kind.TRANSPARENT: look.clear and f"{look.format}, mode {look.mode}",
    }
    yield from ((kind, detail) for kind, detail in told.items() if detail)
