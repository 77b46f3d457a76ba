"""Which images go where, and under which names. Pure: from what was examined and what was prepared before."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from cnnsearch.search.arranging.choosing import Key, chosen, key_of, without_copies
from cnnsearch.search.arranging.examine import Examined
from cnnsearch.search.arranging.manifest import Manifest
from cnnsearch.search.arranging.names import distinct, file_name, folder_name, same_file
from cnnsearch.search.arranging.parts import parts_of
from cnnsearch.search.dataset.sources.layout import PARTS


@dataclass(frozen=True)
class Place:
    """One file of the prepared folders: its path there, such as `train/cat/1.jpg`, and the image that goes there."""

    path: str
    source: Examined


@dataclass(frozen=True)
class Arrangement:
    """All that is to be there in the end.

    Attributes:
        places: of the images that the source has now; those that are there already keep theirs.
        manifest: of all files, those of earlier calls included.
        kept: how many files are of earlier calls.
        copies: exact copies of another image of their class, left out.
        two_labels: images that lie in more than one class.
        renamed: files and classes whose names not every system takes.
        gone: files of earlier calls whose images are not in the source any more.
    """

    places: tuple[Place, ...]
    manifest: Manifest
    kept: int
    copies: int
    two_labels: int
    renamed: int
    gone: tuple[str, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """The number of files of each class in each part, such as `{"cat": {"train": 70, ...}}`."""
        counted = Counter(tuple(path.split("/")[:2]) for path in self.manifest.contents)
        folders = sorted(self.manifest.folders.items())
        return {name: {part: counted[part, folder] for part in PARTS} for name, folder in folders}


def arrange(images: Sequence[Examined], count: int | None, before: Manifest) -> Arrangement:
    """Choose `count` of the images, all of them for None, and give each its part and name.

    The shares and the seed are those of `before`. What `before` names keeps its place, and what looks like it follows.

    Raises:
        DataError: a class has too few images for this split.
    """
    there = _paths(before)
    originals = without_copies(images)
    taken = chosen(originals, count, there, before.seed)
    parts = parts_of(taken, {key: path.split("/")[0] for key, path in there.items()}, before)
    folders = _folders({look.image.class_name for look in taken}, before.folders)
    places = _places(taken, parts, folders, there)
    contents = {place.path: place.source.content for place in places}
    now = {key_of(look) for look in originals}
    labels = Counter(content for _, content in now)
    return Arrangement(
        places=places,
        manifest=replace(before, folders=folders, contents={**before.contents, **contents}),
        kept=len(there),
        copies=len(images) - len(originals),
        two_labels=sum(number > 1 for number in labels.values()),
        renamed=_renamed(places, folders),
        gone=tuple(sorted(path for key, path in there.items() if key not in now)),
    )


def _paths(before: Manifest) -> dict[Key, str]:
    """The paths of the images that are there already."""
    class_of = {folder: name for name, folder in before.folders.items()}
    return {(class_of[path.split("/")[1]], content): path for path, content in before.contents.items()}


def _folders(classes: Iterable[str], before: Mapping[str, str]) -> dict[str, str]:
    """A folder for each class; two classes never share one, not even on a disk that ignores case."""
    folders = dict(before)
    taken = {same_file(folder) for folder in folders.values()}
    for name in sorted(set(classes) - set(folders)):
        mark = blake2b(name.encode("utf-8", "surrogateescape"), digest_size=3).hexdigest()
        folders[name] = distinct(folder_name(name), taken.__contains__, mark)
        taken.add(same_file(folders[name]))
    return folders


def _places(
    images: Sequence[Examined], parts: Sequence[str], folders: Mapping[str, str], there: Mapping[Key, str]
) -> tuple[Place, ...]:
    """Each image with its path; names differ within a class, whatever the part, so that parts can be joined again."""
    taken: defaultdict[str, set[str]] = defaultdict(set)
    for path in there.values():
        _, folder, name = path.split("/")
        taken[folder].add(same_file(name))
    places = []
    for look, part in zip(images, parts, strict=True):
        path = there.get(key_of(look), "")
        if not path:
            folder = folders[look.image.class_name]
            name = distinct(file_name(look.image.path), taken[folder].__contains__, look.content[:8])
            taken[folder].add(same_file(name))
            path = f"{part}/{folder}/{name}"
        places.append(Place(path, look))
    return tuple(places)


def _renamed(places: Iterable[Place], folders: Mapping[str, str]) -> int:
    files = sum(place.path.rpartition("/")[2] != place.source.image.path.rpartition("/")[2] for place in places)
    return files + sum(name != folder for name, folder in folders.items())
