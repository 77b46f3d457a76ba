"""A confusion matrix as a picture, drawn without a plotting library: a trial's process has none at hand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cnnsearch.search.explaining.pictures import Pixels

_WORDED = 24
"""Classes up to which cells have numbers and rows have names; more of them are a map of small cells."""
_PLAIN, _FULL = (247, 250, 253), (16, 78, 139)
"""Of a cell to which none of a class goes, and of one to which all go."""
_INK = (30, 30, 30)
_CELL, _FONT, _GAP = 44, 13, 6
_LETTERS = 18
"""Of a class' name; the rest is an ellipsis."""
_MAP = 480
"""Pixels of a map's side, about."""


def legend(classes: Sequence[str]) -> str:
    """What the picture's names stand for, where its font cannot write them; else nothing."""
    if len(classes) > _WORDED or all(map(_can_be_written, classes)):
        return ""
    return ", ".join(f"{number} is {name}" for number, name in enumerate(classes, start=1))


def drawn(counts: NDArray[np.int64], classes: Sequence[str]) -> Pixels:
    """Counts (classes, classes), a row for each true class; a cell is the darker, the larger its share of its row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    if len(classes) > _WORDED:
        side = max(2, _MAP // len(classes))
        return np.kron(_coloured(shares), np.ones((side, side, 1), np.uint8))
    font = ImageFont.load_default(_FONT)
    names = [str(number) for number in range(1, len(classes) + 1)] if legend(classes) else [*map(_short, classes)]
    margin = int(max(font.getlength(name) for name in names)) + 2 * _GAP
    cells = np.kron(_coloured(shares), np.ones((_CELL, _CELL, 1), np.uint8))
    picture = Image.new("RGB", (margin + cells.shape[1], margin + cells.shape[0]), "white")
    picture.paste(Image.fromarray(cells), (margin, margin))
    _write_columns(picture, names, margin)
    draw = ImageDraw.Draw(picture)
    for row, name in enumerate(names):
        middle = margin + row * _CELL + _CELL // 2
        draw.text((margin - _GAP, middle), name, _INK, font, anchor="rm")
        for column, count in enumerate(counts[row].tolist()):
            ink = "white" if shares[row, column] > 0.5 else _INK
            draw.text((margin + column * _CELL + _CELL // 2, middle), str(count), ink, font, anchor="mm")
    return np.asarray(picture)


def _coloured(shares: NDArray[np.float64]) -> Pixels:
    cells: Pixels = (_PLAIN + shares[..., None] * np.subtract(_FULL, _PLAIN)).round().astype(np.uint8)
    return cells


def _write_columns(picture: Image.Image, names: Sequence[str], margin: int) -> None:
    """Names that read upward, above their columns."""
    font = ImageFont.load_default(_FONT)
    for column, name in enumerate(names):
        strip = Image.new("RGB", (margin, _CELL), "white")
        ImageDraw.Draw(strip).text((_GAP, _CELL // 2), name, _INK, font, anchor="lm")
        picture.paste(strip.transpose(Image.Transpose.ROTATE_90), (margin + column * _CELL, 0))


def _can_be_written(name: str) -> bool:
    """Whether Pillow's own font has its letters: those of western Europe."""
    return all(letter.isprintable() and ord(letter) < 0x100 for letter in name)


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 3]}..."
