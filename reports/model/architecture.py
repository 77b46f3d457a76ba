"""A model drawn as blocks, from the image down to the classes: what each does, the shape it makes, its weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, drawing
from cnnsearch.reports.charts.marks import bar, rule, words
from cnnsearch.reports.charts.words import fitted
from cnnsearch.reports.markup import Element
from cnnsearch.reports.model.files import mappings, shape_text
from cnnsearch.search.json_file import read_object
from cnnsearch.search.run_folder import ModelFolder

MOST = 36
"""Of more blocks those in a row that make maps of one size are drawn as one."""
_JOINED = ("BatchNormalization", "Activation", "ReLU", "LeakyReLU", "Dropout", "SpatialDropout2D", "GaussianDropout")
"""Layers that are told with the one before."""
_AUGMENT, _AUGMENTS = "augment_", "augmentation"
_KINDS = (("Conv", "s0"), ("Pool", "s5"), ("Dense", "s1"), ("Flatten", "s5"), (_AUGMENTS, "s4"))
_ROW, _BOX, _TOP, _MIDDLE = 30.0, 22.0, 34.0, 90.0
_WIDEST, _NARROWEST = 160.0, 24.0
_DOES, _MAKES, _WEIGHTS = 186.0, 590.0, WIDTH - 10
_SHORT = {"BatchNormalization": "batch norm", "Activation": "", "GlobalAveragePooling2D": "average of each map"}


@dataclass(frozen=True)
class Block:
    """Some layers that are drawn as one.

    Attributes:
        does: what they do, in words.
        kind: the first layer's class.
        output: the shape of what they make of one image; empty where it is not known.
        parameters: how many weights they have.
        trainable: how many of them training moved.
        layers: how many there are.
    """

    does: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    trainable: int
    layers: int = 1


def architecture_chart(folder: ModelFolder) -> Chart | None:
    """The drawing of a model's `architecture.json`; None where there is none."""
    told = read_object(folder.architecture)
    layers = mappings(told.get("layers"))
    if not layers:
        return None
    blocks = folded(joined(layers))
    weights, moved = _number(told.get("parameters")), _number(told.get("trainable"))
    text = f"{len(layers)} layers, {weights:,} weights, {moved:,} of them trained; from the image down to the classes."
    image = _shape(told.get("input"))
    first = Block("image, 0 to 255", "image", image, 0, 0)
    rows = [part for place, block in enumerate((first, *blocks)) for part in _row(block, place, image)]
    spine = rule((_MIDDLE, _TOP), (_MIDDLE, _TOP + _ROW * len(blocks)), "grid")
    parts = [*_headings(), spine, *rows]
    return Chart("architecture", "Its layers", text, drawing(parts, text, _TOP + _ROW * (len(blocks) + 1)))


def joined(layers: Sequence[Mapping[str, Any]]) -> list[Block]:
    """The layers as blocks: norm, activation and dropout with the layer before them, all augmentation as one."""
    blocks: list[Block] = []
    for layer in layers:
        block = _block(layer)
        joins = block.kind in (_JOINED if blocks and blocks[-1].kind != _AUGMENTS else (_AUGMENTS,))
        if blocks and joins:
            blocks[-1] = _together(blocks[-1], block)
        else:
            is_first = block.kind == _AUGMENTS
            blocks.append(replace(block, does=f"augmentation: {block.does}") if is_first else block)
    return blocks


def _together(first: Block, second: Block) -> Block:
    sums = first.parameters + second.parameters, first.trainable + second.trainable
    return Block(
        f"{first.does}, {second.does}",
        first.kind,
        second.output or first.output,
        *sums,
        first.layers + second.layers,
    )


def folded(blocks: Sequence[Block], most: int = MOST) -> list[Block]:
    """The same, or, of more than so many, those in a row with maps of one size as one; then the middle as one."""
    if len(blocks) <= most:
        return list(blocks)
    shorter = [_fold(list(same)) for _, same in groupby(blocks, key=lambda each: each.output[:-1])]
    if len(shorter) <= most:
        return shorter
    half = most // 2
    return [*shorter[:half], _fold(shorter[half:-half]), *shorter[-half:]]


def _fold(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    kinds = list(dict.fromkeys(block.kind for block in blocks))
    layers = sum(block.layers for block in blocks)
    return Block(
        f"{layers} layers: {', '.join(kinds[:4])}{', ...' if len(kinds) > 4 else ''}",
        blocks[0].kind,
        blocks[-1].output,
        sum(block.parameters for block in blocks),
        sum(block.trainable for block in blocks),
        layers,
    )


def _block(layer: Mapping[str, Any]) -> Block:
    kind, name = str(layer.get("type", "")), str(layer.get("name", ""))
    if name.startswith(_AUGMENT):
        return Block(name.removeprefix(_AUGMENT).replace("_", " "), _AUGMENTS, _shape(layer.get("output")), 0, 0)
    parameters, trainable = _number(layer.get("parameters")), _number(layer.get("trainable"))
    return Block(_does(layer, kind), kind, _shape(layer.get("output")), parameters, trainable)


def _does(layer: Mapping[str, Any], kind: str) -> str:
    """What a layer does, in words such as `Conv2D 3x3, relu`."""
    within, settings = layer.get("within"), layer.get("settings")
    if isinstance(within, dict):
        return f"{layer.get('name')}: {within.get('layers')} layers"
    values = settings if isinstance(settings, dict) else {}
    text = [f"{_SHORT.get(kind, kind)}{_size(values.get('kernel_size', values.get('pool_size')))}"]
    text += [str(values["rate"])] if kind.endswith("Dropout") and "rate" in values else []
    text += [f"step {values['strides'][0]}"] if kind.endswith("Conv2D") and _size(values.get("strides")) else []
    text += [values["activation"]] if isinstance(values.get("activation"), str) else []
    return " ".join(filter(None, text))


def _size(sides: object) -> str:
    return f" {'x'.join(map(str, sides))}" if isinstance(sides, list) and sides else ""


def _shape(told: object) -> tuple[int, ...]:
    return tuple(map(_number, told)) if isinstance(told, list) else ()


def _number(told: object) -> int:
    return told if isinstance(told, int) else 0


def _headings() -> Iterator[Element]:
    yield words((_DOES, 16), "does", "name")
    yield words((_MAKES, 16), "makes", "name", "end")
    yield words((_WEIGHTS, 16), "weights", "name", "end")


def _row(block: Block, place: int, image: tuple[int, ...]) -> Iterator[Element]:
    """A box as wide as its maps are, beside the image, and what is told of it."""
    top = _TOP + place * _ROW
    rows = block.output[0] if len(block.output) == 3 else 0
    share = min(1.0, rows / image[0]) if image and image[0] else 0.0
    wide = _NARROWEST + (_WIDEST - _NARROWEST) * share
    frozen = block.parameters > 0 and not block.trainable
    yield bar(_MIDDLE - wide / 2, top, wide, _BOX, _colour(block) + " faint" * frozen, block.does)
    line = top + 15
    yield words((_DOES, line), fitted(block.does, 300), "", "start", block.does)
    yield words((_MAKES, line), shape_text(block.output), "tick", "end")
    if block.parameters:
        text = f"{block.parameters:,}{', frozen' if frozen else ''}"
        yield words((_WEIGHTS, line), text, "tick", "end")


def _colour(block: Block) -> str:
    if block.kind == "image":
        return "dim"
    return next((colour for part, colour in _KINDS if part in block.kind), "s2" if block.kind == "Functional" else "s7")
