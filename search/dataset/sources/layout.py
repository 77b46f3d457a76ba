"""Finds classes and parts in the relative paths of a source, be it a folder or an archive. Pure: it opens no file."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnnsearch.search.dataset.errors import DataError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = (TRAIN, VALIDATION, TEST)
PART_FOLDERS = {
    "train": TRAIN,
    "training": TRAIN,
    "training_set": TRAIN,
    "validation": VALIDATION,
    "val": VALIDATION,
    "valid": VALIDATION,
    "test": TEST,
    "test1": TEST,
    "test_set": TEST,
}
"""Folder names in small letters, and the part of the data that they hold."""

IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp"))
_CLUTTER = frozenset(("__macosx", "thumbs.db", "desktop.ini"))
_LABELLED_NAME = re.compile(r"(.+)\.\d+\.[^.]+", re.DOTALL)
_LAYOUTS = (
    "Give a folder with one folder of images for each class, such folders inside train/, validation/ and test/, "
    "or files named like cat.123.jpg."
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
    """All labelled images of a source, sorted by path, and what was left aside and why."""

    images: tuple[LabelledImage, ...]
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, sorted: a class's label is its place here."""
        return tuple(sorted({image.class_name for image in self.images}))


def is_clutter(step: str) -> bool:
    """Whether a file or folder of this name is the operating system's or a tool's own, never a person's image."""
    return step.startswith(".") or step.lower() in _CLUTTER


def read_layout(where: str, paths: Iterable[str]) -> Layout:
    """Label the images among `paths`, which are relative and have `/` between their steps.

    Raises:
        DataError: no images, no labels, fewer than two classes, or parts that do not fit together.
    """
    images, others = _images_and_others(paths)
    if not images:
        got = f"{sum(others.values())} other files{_suffixes(others)}" if others else "an empty one"
        raise DataError(where, f"an image source holds images ({_image_kinds()}), got {got}.", _LAYOUTS)
    depth = _wrapping_depth(images)
    tops = {steps[depth] for steps in images if len(steps) > depth + 1}
    parts = {PART_FOLDERS.get(top.lower()) for top in tops}
    loose = [steps for steps in images if len(steps) == depth + 1]
    labelled, notes = _labelled(images, depth)
    if TRAIN in parts and None not in parts:
        labelled, notes = _labelled_parts(where, images, depth)
    elif TRAIN in parts:
        _check_train_is_a_class(where, images, depth, tops)
    elif parts and None not in parts:
        labelled, notes = _labelled(loose, depth)
        if not labelled:
            raise DataError(where, f"split folders need a train folder, got only {_folders(tops)}.", _LAYOUTS)
        notes += [f"images in {_folders(tops)} beside the labelled files, not used: {len(images) - len(loose)}"]
    if others:
        notes += [f"files that are no images, not used: {sum(others.values())}{_suffixes(others)}"]
    layout = Layout(tuple(sorted(labelled, key=lambda image: image.path)), tuple(notes))
    _check_classes(where, layout, len(images))
    return layout


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


def _wrapping_depth(images: Sequence[Steps], *, in_part: bool = False) -> int:
    """How many folders lie around everything and mean nothing, such as `PetImages/` around `Cat/` and `Dog/`."""
    depth = 0
    while True:
        tops = {steps[depth] for steps in images}
        if len(tops) != 1 or any(len(steps) == depth + 1 for steps in images):
            return depth
        if not in_part and tops.pop().lower() in PART_FOLDERS:
            return depth
        means_nothing = any(len(steps) > depth + 2 or _LABELLED_NAME.fullmatch(steps[-1]) for steps in images)
        if not means_nothing:
            return depth
        depth += 1


def _labelled(images: Sequence[Steps], depth: int, part: str | None = None) -> tuple[list[LabelledImage], list[str]]:
    """Labels by class folder where there are folders, else by the files' names; notes on images without a label."""
    in_folders = any(len(steps) > depth + 1 for steps in images)
    labelled = []
    for steps in images:
        label = _folder_label(steps, depth) if in_folders else _name_label(steps[-1])
        if label is not None:
            labelled.append(LabelledImage("/".join(steps), label, part))
    missing = len(images) - len(labelled)
    kind = "outside the class folders" if in_folders else "whose names hold no label"
    place = f" of the {part} part" if part else ""
    return labelled, [f"images{place} {kind}, not used: {missing}"] if missing else []


def _folder_label(steps: Steps, depth: int) -> str | None:
    return steps[depth] if len(steps) > depth + 1 else None


def _name_label(name: str) -> str | None:
    match = _LABELLED_NAME.fullmatch(name)
    return match[1] if match else None


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
        inner = depth + 1 + (_wrapping_depth(below, in_part=True) if below else 0)
        found[part], part_notes = _labelled(of_part, inner, part)
        classes = {image.class_name for image in found[part]}
        unknown = classes - {image.class_name for image in found[TRAIN]}
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
        f"every class of the {part} part must be in the train part, got {_listed(unknown)} in {part} only.",
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


def _check_classes(where: str, layout: Layout, images: int) -> None:
    if not layout.classes:
        raise DataError(where, f"every image needs a class, got {images} images without any label.", _LAYOUTS)
    if len(layout.classes) == 1:
        only = layout.classes[0]
        raise DataError(where, f"telling classes apart takes at least two of them, got one: {only!r}.", _LAYOUTS)


def _image_kinds() -> str:
    return ", ".join(sorted(IMAGE_SUFFIXES))


def _listed(names: Iterable[str], most: int = 5) -> str:
    ordered = sorted(names)
    rest = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(repr(name) for name in ordered[:most]) + rest


def _folders(names: Iterable[str]) -> str:
    return _listed(f"{name}/" for name in names)


def _suffixes(others: Counter[str], most: int = 5) -> str:
    return " (" + ", ".join(f"{suffix} {count}" for suffix, count in others.most_common(most)) + ")"
