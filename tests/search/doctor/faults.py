"""A small clean set of real image files in train, validation and test folders, and faults to plant into it."""

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from cnnsearch.search.doctor.kinds import Kind

CLASSES = ("bird", "cat", "dog")
COUNTS = {"train": 12, "validation": 3, "test": 3}


def picture(seed: int, width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A picture with coarse shapes and fine detail that no other seed gives."""
    dots = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(dots).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def saved(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:  # noqa: A002 - Pillow's own word
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, format=format, **options)
    return file.getvalue()


def clean_files() -> dict[str, bytes]:
    """54 different photos of three classes, by path."""
    paths = [
        f"{part}/{name}/{number}.jpg"
        for part, count in COUNTS.items()
        for name in CLASSES
        for number in range(100 * len(part), 100 * len(part) + count)
    ]
    return {path: saved(picture(seed), quality=92) for seed, path in enumerate(paths)}


def written(root: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def _files(kind: Kind, files: Mapping[str, bytes]) -> tuple[Kind, Callable[[Path], set[str]]]:
    def plant(root: Path) -> set[str]:
        written(root, files)
        return set(files)

    return kind, plant


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def _animation(format: str) -> bytes:  # noqa: A002 - Pillow's own word
    return saved(picture(800), format, save_all=True, append_images=[picture(801), picture(802)], duration=40)


def _twice(kind: Kind, first: str, second: str, *, near: bool) -> tuple[Kind, Callable[[Path], set[str]]]:
    seed = sum(map(ord, first + second))
    photo = picture(seed, 160, 120)
    other = saved(photo.resize((120, 90)), quality=60) if near else saved(photo)
    return _files(kind, {first: saved(photo), second: other})


def _deep() -> bytes:
    grey = np.asarray(picture(900, mode="L")).astype(np.uint16) * 257
    return saved(Image.fromarray(grey), "PNG")


def _bomb() -> bytes:
    return saved(Image.new("1", (9000, 9000)), "PNG")


def _link_out(root: Path) -> set[str]:
    outside = root.parent / "outside.jpg"
    outside.write_bytes(saved(picture(901)))
    (root / "train/cat/link.jpg").symlink_to(outside)
    return {"train/cat/link.jpg"}


def _empty_folder(root: Path) -> set[str]:
    (root / "train/fish/inner").mkdir(parents=True)
    return {"train/fish"}


def _undecodable(root: Path) -> set[str]:
    name = os.fsdecode(b"train/cat/caf\xe9.jpg")
    (root / name).write_bytes(saved(picture(902)))
    return {name}


_PHOTO, _PNG = saved(picture(700), quality=92), saved(picture(701), "PNG")
_BLANK = Image.new("RGB", (64, 48), (200, 180, 40))
FAULTS: dict[str, tuple[Kind, Callable[[Path], set[str]]]] = {
    "a file of 0 bytes": _files(Kind.EMPTY_FILE, {"train/cat/f.jpg": b""}),
    "half a JPEG": _files(Kind.TRUNCATED, {"train/cat/f.jpg": _PHOTO[: len(_PHOTO) // 2]}),
    "half a PNG": _files(Kind.TRUNCATED, {"train/cat/f.png": _PNG[: len(_PNG) // 2]}),
    "a text": _files(Kind.UNREADABLE, {"train/cat/f.jpg": b"not found"}),
    "a web page": _files(Kind.UNREADABLE, {"train/cat/f.jpg": b"<!DOCTYPE html><title>404</title>"}),
    "a TIFF called .jpg": _files(Kind.UNREADABLE, {"train/cat/f.jpg": saved(picture(702), "TIFF")}),
    "a bomb": _files(Kind.UNREADABLE, {"train/cat/f.png": _bomb()}),
    "two labels": _twice(Kind.TWO_LABELS, "train/cat/f.jpg", "train/dog/f.jpg", near=False),
    "nearly, two labels": _twice(Kind.NEAR_TWO_LABELS, "train/cat/f.jpg", "train/dog/f.jpg", near=True),
    "in train and test": _twice(Kind.LEAK, "train/cat/f.jpg", "test/cat/f.jpg", near=False),
    "in train and validation": _twice(Kind.LEAK, "train/cat/f.jpg", "validation/cat/g.jpg", near=False),
    "nearly, in train and test": _twice(Kind.NEAR_LEAK, "train/cat/f.jpg", "test/cat/f.jpg", near=True),
    "a copy": _twice(Kind.DUPLICATES, "train/cat/f.jpg", "train/cat/g.jpg", near=False),
    "nearly a copy": _twice(Kind.NEAR_DUPLICATES, "train/cat/f.jpg", "train/cat/g.jpg", near=True),
    "one colour": _files(Kind.BLANK, {"train/cat/f.png": saved(_BLANK, "PNG")}),
    "one colour as a JPEG": _files(Kind.BLANK, {"train/cat/f.jpg": saved(_BLANK, quality=30)}),
    "1 x 1": _files(Kind.TINY, {"train/cat/f.png": saved(picture(703, 7, 7), "PNG")}),
    "1 x 20000": _files(Kind.EXTREME_SHAPE, {"train/cat/f.png": saved(picture(704, 20000, 1), "PNG")}),
    "2000 x 200": _files(Kind.EXTREME_SHAPE, {"train/cat/f.jpg": saved(picture(705, 2000, 200))}),
    "a PNG called .jpg": _files(Kind.WRONG_EXTENSION, {"train/cat/f.jpg": _PNG}),
    "an animated GIF": _files(Kind.ANIMATED, {"train/cat/f.gif": _animation("GIF")}),
    "an animated WebP": _files(Kind.ANIMATED, {"train/cat/f.webp": _animation("WEBP")}),
    "turned": _files(Kind.TURNED, {"train/cat/f.jpg": saved(picture(706), exif=_exif(6))}),
    "16 bits": _files(Kind.SIXTEEN_BIT, {"train/cat/f.png": _deep()}),
    "CMYK": _files(Kind.CMYK, {"train/cat/f.jpg": saved(picture(707, mode="CMYK"))}),
    "transparent": _files(Kind.TRANSPARENT, {"train/cat/f.png": saved(picture(708, mode="RGBA"), "PNG")}),
    "a tag as a name": _files(Kind.WRONG_EXTENSION, {"train/cat/<img src=x onerror=alert(1)>.jpg": _PNG}),
    "an escape code": _files(Kind.ODD_NAME, {"train/cat/\x1b[31mred.jpg": _PHOTO}),
    "a line end": _files(Kind.ODD_NAME, {"train/cat/a\nb.jpg": _PHOTO}),
    "no UTF-8": (Kind.ODD_NAME, _undecodable),
    "a camera's format": _files(Kind.UNREAD_FORMAT, {"train/cat/f.tif": saved(picture(709), "TIFF")}),
    "a text file": _files(Kind.NO_IMAGE, {"train/cat/readme.txt": b"hello"}),
    "clutter": _files(Kind.CLUTTER, {"train/cat/Thumbs.db": b"x"}),
    "a hidden file": _files(Kind.CLUTTER, {"train/dog/._1.jpg": b"x"}),
    "a link out": (Kind.LINK, _link_out),
    "an empty class": (Kind.EMPTY_FOLDER, _empty_folder),
    "outside of the classes": _files(Kind.UNLABELLED, {"train/f.jpg": _PHOTO}),
}
"""For each fault the kind of its finding, and a function that plants it into a clean set and gives the names."""
