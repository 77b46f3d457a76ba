"""Finds classes and parts in the relative paths of a source, be it a folder or an archive. Pure: it opens no file."""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.file_names import is_labelled, name_labels

TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = (TRAIN, VALIDATION, TEST)
_PART_WORDS = {
    TRAIN: ("train", "training"),
    VALIDATION: ("validation", "val", "valid"),
    TEST: ("test", "testing", "test1"),
}
PART_FOLDERS = {
    word + tail: part
    for part, words in _PART_WORDS.items()
    for word in words
    for tail in ("", "set", "_set", "-set", " set", "_data", "_images")
}
"""Folder names in small letters, and the part of the data that they hold."""

IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp"))
_CLUTTER = frozenset(("__macosx", "thumbs.db", "desktop.ini"))
_IMAGE_FOLDERS = frozenset(("images", "image", "imgs", "img", "jpegimages"))
_ANNOTATION_FOLDERS = frozenset(("annotations", "annotation", "masks", "mask", "trimaps", "segmentations"))
_LAYOUTS = (
    "Give a folder with one folder of images for each class, such folders inside train/, validation/ and test/, "
    "files named like cat.123.jpg, or a CSV manifest with the columns path and label."
)

Steps = tuple[str, ...]
"""A path from the source's root as its steps, such as `("train", "cat", "1.jpg")`."""


@dataclass(frozen=True)
class LabelledImage:
    """One image of a source.

    Attributes:
        path: relative to the source's root, with `/` between its steps.
        class_name: what the picture shows.
        part: the part that the layout puts it in; None where the layout leaves the split to us.
    """

    path: str
    class_name: str
    part: str | None = None


@dataclass(frozen=True)
class Layout:
    """All labelled images of a source, sorted by path, what was left aside and why, and what a person excluded."""

    images: tuple[LabelledImage, ...]
    notes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, sorted: a class's label is its place here."""
        return tuple(sorted({image.class_name for image in self.images}))


def is_clutter(step: str) -> bool:
    """Whether a file or folder of this name is the operating system's or a tool's own, never a person's image."""
    return step.startswith(".") or step.lower() in _CLUTTER


def is_image(path: str) -> bool:
    """Whether a file of this path is an image by its name, and a person's own."""
    steps = path.split("/")
    return _suffix(steps[-1]) in IMAGE_SUFFIXES and not any(map(is_clutter, steps))


def read_layout(where: str, paths: Iterable[str]) -> Layout:
    """Label the images among `paths`, which are relative and have `/` between their steps.

    Raises:
        DataError: no images, no labels, fewer than two classes, or parts that do not fit together.
    """
    images, others = _images_and_others(paths)
    if not images:
        got = f"{sum(others.values())} other files{_suffixes(others)}" if others else "an empty one"
        raise DataError(where, f"an image source holds images ({_image_kinds()}), got {got}.", _LAYOUTS)
    kept, asides = _without_annotations(images)
    labelled, notes = _labelled_images(where, kept)
    notes += asides
    if others:
        notes += [f"files that are no images, not used: {sum(others.values())}{_suffixes(others)}"]
    labelled.sort(key=lambda image: image.path)
    layout = Layout(tuple(labelled), (*notes, *_twins(labelled)))
    check_classes(where, layout, len(images))
    return layout


def _labelled_images(where: str, images: Sequence[Steps]) -> tuple[list[LabelledImage], list[str]]:
    """Every image with its label, by the one layout that these paths have, and notes on what was left aside."""
    depth = _wrapping_depth(images)
    tops = {steps[depth] for steps in images if len(steps) > depth + 1}
    parts = {PART_FOLDERS.get(top.lower()) for top in tops}
    if TRAIN in parts and None not in parts:
        return _labelled_parts(where, images, depth)
    if TRAIN in parts:
        _check_train_is_a_class(where, images, depth, tops)
    elif parts and None not in parts:
        return _labelled_beside_parts(where, images, depth, tops)
    elif _parts_inside_classes(images, depth):
        inside = [(steps, PART_FOLDERS[steps[depth + 1].lower()]) for steps in images]
        return [_labelled_image(steps, steps[depth], part) for steps, part in inside], []
    return _labelled(where, images, depth)


def _without_annotations(images: Sequence[Steps]) -> tuple[list[Steps], list[str]]:
    """The images alone, where masks lie beside them: `images/` and `annotations/` are no classes."""
    depth = _wrapping_depth(images)
    tops = {steps[depth].lower() for steps in images if len(steps) > depth + 1}
    if not (tops & _ANNOTATION_FOLDERS and tops & _IMAGE_FOLDERS and tops <= _ANNOTATION_FOLDERS | _IMAGE_FOLDERS):
        return list(images), []
    kept = [steps for steps in images if len(steps) == depth + 1 or steps[depth].lower() in _IMAGE_FOLDERS]
    aside = {steps[depth] for steps in images if steps[depth].lower() in _ANNOTATION_FOLDERS}
    return kept, [f"images in {_folders(aside)}, which hold annotations, not used: {len(images) - len(kept)}"]


def _parts_inside_classes(images: Sequence[Steps], depth: int) -> bool:
    """Whether every class folder holds a split of its own, such as `cat/train/1.jpg` and `cat/test/2.jpg`."""
    if any(len(steps) < depth + 3 or steps[depth + 1].lower() not in PART_FOLDERS for steps in images):
        return False
    trained = {steps[depth] for steps in images if PART_FOLDERS[steps[depth + 1].lower()] == TRAIN}
    others = {PART_FOLDERS[steps[depth + 1].lower()] for steps in images} - {TRAIN}
    return bool(others) and trained == {steps[depth] for steps in images}


def _images_and_others(paths: Iterable[str]) -> tuple[list[Steps], Counter[str]]:
    images, others = [], Counter[str]()
    for path in paths:
        steps = tuple(path.split("/"))
        if any(is_clutter(step) for step in steps):
            continue
        suffix = _suffix(steps[-1])
        if suffix in IMAGE_SUFFIXES:
            images.append(steps)
        else:
            others[suffix or "without a suffix"] += 1
    return images, others


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return (dot + suffix).lower() if stem else ""


def _wrapping_depth(images: Sequence[Steps], *, in_part: bool = False, classes: Collection[str] = ()) -> int:
    """How many folders lie around everything and mean nothing, such as `PetImages/` around `Cat/` and `Dog/`.

    A folder that bears the name of one of the `classes` means that class, even where it is the only one.
    """
    depth = 0
    while True:
        tops = {steps[depth] for steps in images}
        if len(tops) != 1 or not tops.isdisjoint(classes) or any(len(steps) == depth + 1 for steps in images):
            return depth
        if not in_part and tops.pop().lower() in PART_FOLDERS:
            return depth
        means_nothing = any(len(steps) > depth + 2 or is_labelled(steps[-1]) for steps in images)
        if not means_nothing:
            return depth
        depth += 1


def _labelled(
    where: str, images: Sequence[Steps], depth: int, part: str | None = None
) -> tuple[list[LabelledImage], list[str]]:
    """Labels by class folder where there are folders, else by the files' names; notes on images without a label."""
    in_folders = any(len(steps) > depth + 1 for steps in images)
    if in_folders:
        labels: Sequence[str | None] = [_folder_label(steps, depth) for steps in images]
        notes: list[str] = []
    else:
        guess = name_labels(where, [steps[-1] for steps in images])
        labels, notes = guess.labels, list(guess.notes)
    labelled = [_labelled_image(s, label, part) for s, label in zip(images, labels, strict=True) if label is not None]
    missing = len(images) - len(labelled)
    kind = "outside the class folders" if in_folders else "whose names hold no label"
    place = f" of the {part} part" if part else ""
    return labelled, [*notes, *([f"images{place} {kind}, not used: {missing}"] if missing else [])]


def _labelled_image(steps: Steps, label: str, part: str | None) -> LabelledImage:
    """The two ways in which Unicode writes an accent are one class: systems differ in which one they store."""
    return LabelledImage("/".join(steps), unicodedata.normalize("NFC", label), part)


def _folder_label(steps: Steps, depth: int) -> str | None:
    return steps[depth] if len(steps) > depth + 1 else None


def _labelled_beside_parts(
    where: str, images: Sequence[Steps], depth: int, tops: set[str]
) -> tuple[list[LabelledImage], list[str]]:
    """Labelled files beside a test folder without labels."""
    loose = [steps for steps in images if len(steps) == depth + 1]
    labelled, notes = _labelled(where, loose, depth)
    if not labelled:
        raise DataError(where, f"split folders need a train folder, got only {_folders(tops)}.", _LAYOUTS)
    aside = f"images in {_folders(tops)} beside the labelled files, not used: {len(images) - len(loose)}"
    return labelled, [*notes, aside]


def _labelled_parts(where: str, images: Sequence[Steps], depth: int) -> tuple[list[LabelledImage], list[str]]:
    """Labels within train, validation and test folders; parts without labels are left aside with a note."""
    found: dict[str, list[LabelledImage]] = {}
    notes: list[str] = []
    outside = sum(len(steps) == depth + 1 for steps in images)
    if outside:
        notes.append(f"images outside the split folders, not used: {outside}")
    for part in PARTS:
        of_part = [s for s in images if len(s) > depth + 1 and PART_FOLDERS[s[depth].lower()] == part]
        below = [steps[depth + 1 :] for steps in of_part]
        trained = {image.class_name for image in found.get(TRAIN, ())}
        inner = depth + 1 + (_wrapping_depth(below, in_part=True, classes=trained) if below else 0)
        found[part], part_notes = _labelled(where, of_part, inner, part)
        classes = {image.class_name for image in found[part]}
        unknown = classes - trained if part != TRAIN else set()
        if part != TRAIN and of_part and len(classes) <= 1 and unknown == classes:
            notes.append(f"images of the {part} part without a class of the train part, not used: {len(of_part)}")
            found[part] = []
        elif unknown:
            raise _unknown_classes(where, part, unknown)
        else:
            notes += part_notes
    return [image for part in PARTS for image in found[part]], notes


def _unknown_classes(where: str, part: str, unknown: set[str]) -> DataError:
    return DataError(
        where,
        f"every class of the {part} part must be in the train part, got {listed(unknown)} in {part} only.",
        "Rename or remove these classes, or add training images of them.",
    )


def _check_train_is_a_class(where: str, images: Sequence[Steps], depth: int, tops: set[str]) -> None:
    """Photos of trains beside photos of buses are fine; `train/` with class folders beside an unknown folder is not."""
    for steps in images:
        if PART_FOLDERS.get(steps[depth].lower()) == TRAIN and len(steps) > depth + 2:
            strange = {top for top in tops if top.lower() not in PART_FOLDERS}
            raise DataError(
                where,
                f"beside a train folder only validation and test folders may stand, got {_folders(strange)}.",
                "Move these elsewhere, or name the folder of one class as data.source's class folders.",
            )


def check_classes(where: str, layout: Layout, images: int) -> None:
    """Refuse a layout of `images` images that has not two classes.

    Raises:
        DataError: it has none, or one.
    """
    if not layout.classes:
        raise DataError(where, f"every image needs a class, got {images} images without any label.", _LAYOUTS)
    if len(layout.classes) == 1:
        only = layout.classes[0]
        raise DataError(where, f"telling classes apart takes at least two of them, got one: {only!r}.", _LAYOUTS)


def _twins(images: Sequence[LabelledImage]) -> list[str]:
    """Notes on class names that differ in capitals only, and on those that two ways of writing accents made one."""
    by_small: dict[str, set[str]] = {}
    spelled: dict[str, set[bool]] = {}
    for image in images:
        by_small.setdefault(image.class_name.casefold(), set()).add(image.class_name)
        spelled.setdefault(image.class_name, set()).add(image.class_name in image.path)
    twins = [name for names in by_small.values() if len(names) > 1 for name in names]
    merged = [name for name, kinds in spelled.items() if len(kinds) > 1]
    notes = [f"classes whose names differ in capitals only, kept apart: {listed(twins)}"] if twins else []
    return notes + ([f"classes spelled in two ways that look alike, taken as one: {listed(merged)}"] if merged else [])


def _image_kinds() -> str:
    return ", ".join(sorted(IMAGE_SUFFIXES))


def listed(names: Iterable[str], most: int = 5) -> str:
    """The first of these names in quotes, and how many more there are."""
    ordered = sorted(names)
    rest = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(repr(name) for name in ordered[:most]) + rest


def _folders(names: Iterable[str]) -> str:
    return listed(f"{name}/" for name in names)


def _suffixes(others: Counter[str], most: int = 5) -> str:
    return " (" + ", ".join(f"{suffix} {count}" for suffix, count in others.most_common(most)) + ")"
