"""Puts a finished export in its place. What lies there is replaced where it is an earlier export, else never."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cnnsearch.reports.exports.formats import FORMATS, Target
from cnnsearch.reports.inert import visible
from cnnsearch.search.dataset.sources.layout import listed
from cnnsearch.search.json_file import read_object
from cnnsearch.search.writing import UnwritableFile
from cnnsearch.spaces.errors import CnnSearchError, Problem

INDEX = "export.json"
SCRIPT = "predict.py"
_OURS = {SCRIPT, "photo.py", "classes.json", "model.bin", "__pycache__", *(known.file for known in FORMATS.values())}
"""What may lie in an export's folder; Python leaves `__pycache__` there when the script runs."""


@contextmanager
def written_in(out: Path) -> Iterator[None]:
    """What is done here writes into the folder of the exports.

    Raises:
        UnwritableFile: the system does not let us.
    """
    try:
        yield
    except OSError as error:
        rule = f"exports must be writable here, got {error.strerror or error}"
        advice = "Name another folder with --out, or make room or mend the permissions."
        raise UnwritableFile(str(Problem(visible(str(out)), rule, advice))) from error


def prepare_folder(out: Path, targets: Sequence[Target]) -> None:
    """Make the folder of the exports; ask before anything is converted, which takes minutes.

    Raises:
        UnwritableFile: nothing can be written there.
        CnnSearchError: something that is no export lies where one is to go; all such places are named at once.
    """
    with written_in(out):
        wrong = [_refused(out / target.name, got) for target in targets if (got := _other_than_export(out, target))]
        index = out / INDEX
        if index.exists() and not {"model", "formats"} <= read_object(index).keys():
            wrong.append(_refused(index, "another file of this name"))
        if wrong:
            raise CnnSearchError("\n".join(map(str, wrong)))
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writable-", dir=out):
            pass


def put(folder: Path, out: Path, target: Target) -> Path:
    """Move a finished folder to its place among the exports, and give the place.

    Folders cannot be replaced at once: the old one steps aside, and is deleted when the new one is there.

    Raises:
        CnnSearchError: by now something that is no export lies there.
        OSError: the system does not let us; the old one stays.
    """
    place = out / target.name
    if got := _other_than_export(out, target):
        raise CnnSearchError(str(_refused(place, got)))
    if not place.exists():
        return folder.rename(place)
    aside = Path(tempfile.mkdtemp(prefix=f".{place.name}-old-", dir=out))
    old = aside / place.name
    try:
        place.rename(old)
        folder.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    finally:
        if place.exists():
            shutil.rmtree(aside, ignore_errors=True)
    return place


def _refused(place: Path, got: str) -> Problem:
    rule = f"an export replaces an earlier export and nothing else, got {got}"
    return Problem(visible(str(place)), rule, "Name another folder with --out, or move this one away.")


def _other_than_export(out: Path, target: Target) -> str:
    """What a person has where an export is to go; empty where nothing is, an earlier export, or an empty folder."""
    place = out / target.name
    if place.is_symlink():
        return "a link"
    if not place.exists():
        return ""
    if not place.is_dir():
        return "a file"
    formats = read_object(out / INDEX).get("formats")
    names = {path.name for path in place.iterdir()}
    if not names or (isinstance(formats, dict) and place.name in formats) or (SCRIPT in names and names <= _OURS):
        return ""
    return f"a folder with {visible(listed(names - _OURS or names, 3))} in it"
