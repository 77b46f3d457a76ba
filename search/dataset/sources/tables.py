"""Reads a table of text, row by row, without ever holding a line that is longer than any true one."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from cnnsearch.search.dataset.errors import DataError

MOST_LINE_CHARACTERS = 64 * 1024
DELIMITERS = (",", ";", "\t")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Row:
    """One row: the number of its last line in the file, and its fields without the blanks around them."""

    line: int
    fields: tuple[str, ...]


def rows(path: Path) -> Iterator[Row]:
    """The rows of a table with commas, semicolons or tabs, in UTF-8 or UTF-16; empty ones are passed over.

    Bytes that are no UTF-8 come as surrogates, as in file names.

    Raises:
        DataError: the file cannot be read, is no such text, or has a line that is far too long.
    """
    try:
        with _opened(path) as file:
            first = next(_lines(path, file), "")
            file.seek(0)
            # without skipinitialspace a quotation mark behind a blank is part of the value, and its commas cut it
            reader = csv.reader(_lines(path, file), delimiter=_delimiter(first), skipinitialspace=True, strict=True)
            for fields in reader:
                if any(map(str.strip, fields)):
                    yield Row(reader.line_num, tuple(map(str.strip, fields)))
    except csv.Error as error:
        raise _unreadable(f"{path}:{reader.line_num}", str(error)) from error
    except (OSError, UnicodeError) as error:
        raise _unreadable(str(path), getattr(error, "strerror", None) or str(error)) from error


def _opened(path: Path) -> TextIO:
    with path.open("rb") as file:
        start = file.read(4)
    encoding = next((name for bom, name in _BOMS.items() if start.startswith(bom)), "utf-8")
    errors = "strict" if encoding == "utf-16" else "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline="")


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(MOST_LINE_CHARACTERS):
        number += 1
        if len(line) == MOST_LINE_CHARACTERS:
            raise _unreadable(f"{path}:{number}", f"a line of {MOST_LINE_CHARACTERS} characters or more")
        yield line


def _delimiter(line: str) -> str:
    """The one that makes the most of the first line; its fields are seldom quoted."""
    return max(DELIMITERS, key=line.count)


def _unreadable(where: str, got: str) -> DataError:
    return DataError(
        where,
        f"a manifest is a table in UTF-8 or UTF-16 with commas, semicolons or tabs, got: {got}.",
        "Save it as CSV from the program that it comes from.",
    )
