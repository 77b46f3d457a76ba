"""What differs between the images that a run began with and those of now: from two summaries to words. Pure.

Only what a training sees counts: contents, classes, parts and folds. A file that has another name and the same bytes
is no change, it is told beside one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FIRST = 3
"""How many names of each kind of change are told."""

_SETTINGS = (("split validation", "validation"), ("split test", "test"), ("split seed", "seed"))


@dataclass(frozen=True)
class File:
    """One image of a summary: its class, its part, and the hash of its bytes."""

    class_name: str
    part: str
    content: str


@dataclass(frozen=True)
class Summary:
    """What a `dataset.json` says of a run's images.

    Attributes:
        source: where they were, as the person gave it.
        classes: their names.
        fingerprint: of contents, classes and parts.
        files: every image by its path; none where an earlier version wrote the summary.
        settings: what of the data section decides about them, in words.
        unreadable: why a file could not be read, by its path.
        excluded: the paths that the person left out.
    """

    source: str = ""
    classes: tuple[str, ...] = ()
    fingerprint: str = ""
    files: Mapping[str, File] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> "Summary":
        """The summary that JSON values hold.

        Raises:
            ValueError: they are no summary.
        """
        try:
            return cls(
                source=str(summary.get("source", "")),
                classes=tuple(summary.get("classes", ())),
                fingerprint=str(summary["fingerprint"]),
                files=dict(_files(summary.get("files", {}))),
                settings=_settings(summary),
                unreadable={file["name"]: file["reason"] for file in summary.get("skipped", ())},
                excluded=frozenset(summary.get("excluded", ())),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a dataset's summary has other keys, got {type(error).__name__}: {error}") from error

    def contents(self, part: str) -> frozenset[str]:
        """The hashes of the images of a part."""
        return frozenset(file.content for file in self.files.values() if file.part == part)


def _files(parts: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Iterator[tuple[str, File]]:
    for part, classes in parts.items():
        for name, files in classes.items():
            for path, content in files.items():
                yield path, File(name, part, content)


def _settings(summary: Mapping[str, Any]) -> dict[str, str]:
    split = summary.get("split") or {}
    found = {words: str(split[key]) for words, key in _SETTINGS if key in split}
    if "folds" in summary:
        found["folds"] = str(summary["folds"] or "none")
    if "image_shape" in summary:
        found["image shape"] = " x ".join(map(str, summary["image_shape"]))
    if "resize" in summary:
        found["resize"] = str(summary["resize"])
    return found


@dataclass(frozen=True)
class Change:
    """What became of the images of a run. Every list is in the order of the paths.

    Attributes:
        kept: how many images are the same, in the same class and part.
        added: paths that are new.
        removed: paths that are gone.
        unreadable: paths that can no longer be read, each with the reason.
        excluded: paths that are left out now.
        changed: paths whose bytes are others.
        moved: paths by the part that they were in and the one that they are in.
        relabelled: paths by the class that they had and the one that they have.
        renamed: how many images have only another path.
        new_classes: the names of classes that were not there.
        lost_classes: the names of classes that are gone.
        settings: what was set otherwise, before and now.
        untold: the earlier summary does not name its images, so that nothing but the change itself is known.
    """

    kept: int = 0
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    excluded: Sequence[str] = ()
    changed: Sequence[str] = ()
    moved: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    relabelled: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    renamed: int = 0
    new_classes: Sequence[str] = ()
    lost_classes: Sequence[str] = ()
    settings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    untold: bool = False

    @property
    def matters(self) -> bool:
        """Whether a training would see other images, or the same ones in other classes, parts or folds."""
        lost = self.added or self.removed or self.unreadable or self.excluded or self.changed
        return bool(lost or self.moved or self.relabelled or self.untold or "folds" in self.settings)

    @property
    def classes_differ(self) -> bool:
        """Whether there are other classes to tell apart."""
        return bool(self.new_classes or self.lost_classes)

    @property
    def has_nothing_in_common(self) -> bool:
        """Whether the contents of all images are others."""
        return not (self.kept or self.moved or self.relabelled or self.untold)

    def __str__(self) -> str:
        """`3 images added (cat/17.jpg, ...), 1 moved from train to validation (dog/3.jpg), split seed 42 -> 7`."""
        return ", ".join(self.words()) or "nothing changed"

    def words(self) -> list[str]:
        """Each kind of change with its count and the first few names."""
        told = [
            _counted(self.added, "added"),
            _counted(self.removed, "removed"),
            _counted([f"{path} {why}" for path, why in self.unreadable.items()], "no longer readable"),
            _counted(self.excluded, "newly excluded"),
            _counted([f"{path} has other bytes" for path in self.changed], "changed"),
            *(_counted(paths, f"moved from {one} to {other}") for (one, other), paths in self.moved.items()),
            *(_counted(paths, f"relabelled from {one} to {other}") for (one, other), paths in self.relabelled.items()),
        ]
        found = [words for words in told if words]
        if found and not found[0].startswith("1 "):
            count, _, rest = found[0].partition(" ")
            found[0] = f"{count} images {rest}"
        elif found:
            found[0] = f"1 image {found[0][2:]}"
        for kind, names in (("new", self.new_classes), ("lost", self.lost_classes)):
            if names:
                found.append(f"{kind} {'class' if len(names) == 1 else 'classes'} {_first(names)}")
        found += [f"{name} {before} -> {now}" for name, (before, now) in self.settings.items()]
        if self.untold:
            found.insert(
                0, "the images are others, or in other parts (which ones, the run's dataset.json does not tell)"
            )
        if self.renamed and self.matters:
            found.append(f"{self.renamed:,} only renamed")
        return found


def _counted(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    return f"{len(names):,} {what} ({_first(names)})"


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:FIRST]) + (", ..." if len(names) > FIRST else "")


def change_between(before: Summary, now: Summary) -> Change:
    """What differs between two summaries.

    Images are paired by their contents: first those that are the same in every way, then those of another name, then
    those of another class or part, under their own name first. What is left over on both sides under one path has
    changed.
    """
    settings = {
        name: (before.settings[name], value)
        for name, value in now.settings.items()
        if before.settings.get(name, value) != value
    }
    new = [name for name in now.classes if name not in before.classes]
    lost = [name for name in before.classes if name not in now.classes]
    if not before.files or not now.files:
        untold = before.fingerprint != now.fingerprint
        return Change(new_classes=new, lost_classes=lost, settings=settings, untold=untold)
    pairing = _Pairing(before.files, now.files)
    same, renamed = pairing.paired(_all_of_it), pairing.paired(_but_path)
    shifted = pairing.paired(_content_and_path) + pairing.paired(_content)
    return Change(
        kept=len(same) + len(renamed),
        renamed=len(renamed),
        moved=_grouped((now_at, before.files[at].part, now.files[now_at].part) for at, now_at in shifted),
        relabelled=_grouped(
            (now_at, before.files[at].class_name, now.files[now_at].class_name) for at, now_at in shifted
        ),
        new_classes=new,
        lost_classes=lost,
        settings=settings,
        **pairing.left(now),
    )


Key = Callable[[str, File], tuple[str, ...]]


def _all_of_it(path: str, file: File) -> tuple[str, ...]:
    return file.content, file.class_name, file.part, path


def _but_path(_: str, file: File) -> tuple[str, ...]:
    return file.content, file.class_name, file.part


def _content_and_path(path: str, file: File) -> tuple[str, ...]:
    return file.content, path


def _content(_: str, file: File) -> tuple[str, ...]:
    return (file.content,)


class _Pairing:
    """The images of before and of now that have found no partner yet."""

    def __init__(self, before: Mapping[str, File], now: Mapping[str, File]) -> None:
        self._before, self._now = dict(sorted(before.items())), dict(sorted(now.items()))

    def paired(self, key: Key) -> list[tuple[str, str]]:
        """Take out the pairs that are alike in this: the path before and the path now."""
        waiting: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
        for path, file in self._now.items():
            waiting[key(path, file)][path] = None
        pairs = []
        for path, file in list(self._before.items()):
            partners = waiting.get(key(path, file))
            if partners:
                partner = next(iter(partners))
                del partners[partner]
                pairs.append((path, partner))
                del self._before[path], self._now[partner]
        return pairs

    def left(self, now: Summary) -> dict[str, Any]:
        """What is left over on either side, under the names of a change's attributes."""
        gone = [path for path in self._before if path not in self._now]
        unreadable = {path: now.unreadable[path] for path in gone if path in now.unreadable}
        excluded = [path for path in gone if path in now.excluded and path not in unreadable]
        return {
            "changed": [path for path in self._before if path in self._now],
            "added": [path for path in self._now if path not in self._before],
            "unreadable": unreadable,
            "excluded": excluded,
            "removed": [path for path in gone if path not in unreadable and path not in excluded],
        }


def _grouped(found: Iterator[tuple[str, str, str]]) -> dict[tuple[str, str], list[str]]:
    """Paths by what they came from and went to, where these differ; the most frequent way first."""
    ways: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, before, now in found:
        if before != now:
            ways[before, now].append(path)
    order = Counter({way: len(paths) for way, paths in ways.items()})
    return {way: sorted(ways[way]) for way, _ in order.most_common()}
