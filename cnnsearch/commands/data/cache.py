"""`cnnsearch data cache`: the images and features that are kept between runs, and how to be rid of them."""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from cnnsearch import terminal
from cnnsearch.reports.wording import counted
from cnnsearch.search.dataset.cache.disk import bytes_text
from cnnsearch.search.dataset.cache.label import Label
from cnnsearch.search.dataset.cache.naming import default_cache_folder
from cnnsearch.search.dataset.cache.stored import IMAGES, State, Stored, delete, delete_spare_locks, stored_caches
from cnnsearch.search.features.kept import FEATURES
from cnnsearch.search.features.label import FeatureLabel
from cnnsearch.spaces.duration import parse_duration
from cnnsearch.spaces.errors import CnnSearchError, Problem


@dataclass(frozen=True)
class CacheFilter:
    """Which caches are meant.

    Attributes:
        older_than: last used so long ago, as in `30d`; None for any.
        unusable: only those that no run of this version can use.
        check: read all of them whole and compare their checksums.
    """

    older_than: str | None = None
    unusable: bool = False
    check: bool = False


def cache(which: CacheFilter, *, clear: bool, sure: bool, as_json: bool) -> None:
    """Print the caches that are meant, or delete them.

    Args:
        clear: delete them, but for those that a running process needs.
        sure: without asking.

    Raises:
        CnnSearchError: the folder cannot be read or changed, or nobody can be asked.
    """
    root = default_cache_folder()
    found = _meant(root, which)
    if clear:
        _clear(root, found, sure=sure, as_json=as_json)
    elif as_json:
        terminal.say(json.dumps(_values(root, found), indent=2))
    else:
        _show(root, found, checked=which.check)


def _meant(root: Path, which: CacheFilter) -> list[Stored]:
    oldest = time.time() - _seconds(which.older_than) if which.older_than else None
    return [
        cache
        for cache in stored_caches(root, check=which.check, kinds=(IMAGES, FEATURES))
        if (oldest is None or cache.used < oldest)
        and (not which.unusable or cache.state not in (State.COMPLETE, State.BUILDING))
    ]


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CnnSearchError(str(Problem("--older-than", f"{error}", "Days are written like 30d."))) from None


def _show(root: Path, found: Sequence[Stored], *, checked: bool) -> None:
    if found:
        terminal.show(_table(found))
    total = bytes_text(sum(cache.bytes for cache in found))
    told = ", all checksums compared" if checked and found else ""
    terminal.say(f"{root}: {counted(len(found), 'cache')}, {total}{told}; {bytes_text(_free(root))} free on this disk")
    if any(cache.state is State.DAMAGED for cache in found):
        check = " --check" if checked else ""
        terminal.say(f"A damaged one is made anew when a run wants it; --clear --unusable{check} deletes it.")
    if found and terminal.output().is_terminal:
        terminal.say("cnnsearch data cache --clear deletes them, --older-than 30d --clear those not used for so long.")


def _free(root: Path) -> int:
    """Free bytes where the folder is, or will be."""
    there = next((path for path in (root, *root.parents) if path.exists()), Path("/"))
    return shutil.disk_usage(there).free


def _table(found: Sequence[Stored]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("cache", "images", "kept of each", "on disk", "last used", "state"):
        right = name in ("images", "on disk")
        table.add_column(name, no_wrap=name != "kept of each", justify="right" if right else "left")
    table.add_column("made from", overflow="fold", min_width=12)
    for cache in found:
        table.add_row(*map(terminal.markup, map(terminal.one_line, _cells(cache))))
    return table


def _cells(cache: Stored) -> tuple[str, ...]:
    state = cache.state.value + (", in use" if cache.open else "")
    used = datetime.fromtimestamp(cache.used).astimezone().strftime("%Y-%m-%d")
    name, size = cache.folder.name.lstrip(".")[:8], bytes_text(cache.bytes)
    images, kept, made_from = _contents(cache.label)
    return name, images, kept, size, used, state, made_from


def _contents(label: object) -> tuple[str, str, str]:
    """How many images, what is kept of each, and what it was made from."""
    if isinstance(label, Label):
        height, width, channels = label.shape
        color = "gray" if channels == 1 else "rgb"
        return f"{label.images:,}", f"{height} x {width} {color}, {label.resize}", label.source
    if isinstance(label, FeatureLabel):
        shape = " x ".join(map(str, label.shape)) or "1"
        return (
            f"{label.images:,}",
            f"{shape} {label.precision}",
            f"{label.source} through {label.network}, {label.view}",
        )
    return "", "", ""


def _values(root: Path, found: Sequence[Stored]) -> dict[str, Any]:
    """All that is known as JSON values: bytes, pixels, seconds since 1970; null where something is unknown."""
    return {
        "folder": str(root),
        "bytes": sum(cache.bytes for cache in found),
        "free": _free(root),
        "caches": [_cache_values(cache) for cache in found],
    }


def _cache_values(cache: Stored) -> dict[str, Any]:
    return {
        "folder": str(cache.folder),
        "state": cache.state.value,
        "in_use": cache.is_held,
        "bytes": cache.bytes,
        "last_used": round(cache.used),
        **_label_values(cache.label),
    }


def _label_values(label: object) -> dict[str, Any]:
    known: dict[str, Any] = dict.fromkeys(("kind", "source", "images", "shape", "resize", "network", "view", "dtype"))
    if isinstance(label, Label):
        known |= {"kind": "images", "resize": label.resize, "dtype": "uint8"}
    if isinstance(label, FeatureLabel):
        known |= {"kind": "features", "network": label.network, "view": label.view, "dtype": label.precision}
    if isinstance(label, Label | FeatureLabel):
        known |= {"source": label.source, "images": label.images, "shape": list(label.shape)}
    return known


def _clear(root: Path, found: Sequence[Stored], *, sure: bool, as_json: bool) -> None:
    free = [cache for cache in found if not cache.is_held]
    if free and not sure and not _agreed(free):
        terminal.say("nothing is deleted")
        return
    deleted, refused = [], []
    for cache in free:
        try:
            deleted += [cache] if delete(cache) else []
        except OSError as error:
            refused.append(f"{cache.folder}: a cache must be deletable, got: {error.strerror or error}.")
    delete_spare_locks(root)
    _tell(deleted, kept=len(found) - len(deleted) - len(refused), as_json=as_json)
    if refused:
        raise CnnSearchError("\n".join([*refused, "Check the permissions of this folder."]))


def _tell(deleted: Sequence[Stored], *, kept: int, as_json: bool) -> None:
    size = sum(cache.bytes for cache in deleted)
    if as_json:
        folders = [str(cache.folder) for cache in deleted]
        terminal.say(json.dumps({"deleted": folders, "bytes": size, "in_use": kept}, indent=2))
        return
    in_use = f"; {counted(kept, 'cache')} in use by a running process, kept" if kept else ""
    terminal.say(f"deleted {counted(len(deleted), 'cache')}, {bytes_text(size)}{in_use}")


def _agreed(free: Sequence[Stored]) -> bool:
    """Asks on a terminal.

    Raises:
        CnnSearchError: there is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        rule = "deleting is asked about on a terminal, got none"
        raise CnnSearchError(str(Problem("--clear", rule, "Add --yes.")))
    size = bytes_text(sum(cache.bytes for cache in free))
    try:
        answer = terminal.errors().input(f"Delete {counted(len(free), 'cache')}, {size}? \\[y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")
