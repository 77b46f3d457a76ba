"""The images that `data.exclude` leaves out: a list of paths, or a file of such a list, which the doctor writes.

One path on each line, relative to the source, `#` before a comment, blank lines for the eye. A line that begins with
`"` is a JSON string, for names that no plain line can hold: with line ends, a leading `#`, or bytes that are no UTF-8,
which stand as `\\udcXX`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import Layout, check_classes, listed

Exclude = str | Sequence[str] | None
"""The path of a list file, paths of images, or nothing: a value of `data.exclude`."""
MOST_BYTES = 64 * 1024**2
_HEADER = "# Images to leave out: data.exclude takes this file. One path on each line, relative to the source.\n"


def excluded(where: str, layout: Layout, exclude: Exclude) -> Layout:
    """The layout without those images, and notes on how many these are and which entries match none.

    Raises:
        DataError: the list file cannot be read, or what is left has not two classes.
    """
    if exclude is None:
        return layout
    paths = read_exclusions(Path(exclude).expanduser()) if isinstance(exclude, str) else tuple(exclude)
    known = {image.path for image in layout.images}
    unwanted = {path if path in known else _plain(path) for path in paths}
    kept = tuple(image for image in layout.images if image.path not in unwanted)
    left_out, unmatched = sorted(unwanted & known), unwanted - known
    notes = [f"excluded: {len(left_out)}"]
    if unmatched:
        notes.append(f"entries of data.exclude that match no image: {len(unmatched)} ({listed(unmatched)})")
    left = Layout(kept, (*layout.notes, *notes), tuple(left_out))
    check_classes(where, left, len(kept))
    return left


def _plain(path: str) -> str:
    """A path as people on Windows write it, or after `cd` into the source."""
    return path.replace("\\", "/").removeprefix("./")


def read_exclusions(path: Path) -> tuple[str, ...]:
    """The paths that a list file names.

    Raises:
        DataError: it cannot be read, is no UTF-8 or far too large, or a quoted line is no JSON string.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _unreadable(path, f"more than {MOST_BYTES} bytes")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _unreadable(path, f"{error}") from error
    lines = text.replace("\r\n", "\n").split("\n")
    return tuple(_entry(path, number, line) for number, line in enumerate(lines, 1) if _is_entry(line))


def _unreadable(path: Path, got: str) -> DataError:
    return DataError(
        str(path),
        f"data.exclude is a list of paths, or the name of a UTF-8 file with one path on each line, got: {got}.",
        "Correct its name, or write it anew with `cnnsearch data doctor SOURCE --exclude-to FILE`.",
    )


def _is_entry(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _entry(path: Path, number: int, line: str) -> str:
    if not line.startswith('"'):
        return line.strip()
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, str):
        rule = f"a line that begins with a quotation mark is one JSON string, got {line[:80]!r}."
        raise DataError(f"{path}:{number}", rule, "End it with a quotation mark, and write \\ as \\\\.")
    return entry


def written_exclusions(paths: Mapping[str, str]) -> str:
    """The text of a list file, in ASCII where need be: each path below the reason for leaving it out."""
    return _HEADER + "".join(f"\n# {_one_line(reason)}\n{_line(path)}\n" for path, reason in paths.items())


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _line(path: str) -> str:
    plain = path.isprintable() and path == path.strip() and path and path[0] not in '"#'
    return path if plain else json.dumps(path)
