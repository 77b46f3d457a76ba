"""How pretrained networks are shown: all of them in a table, one of them by its blocks or layers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cnnsearch.reports.wording import count_text
from cnnsearch.spaces.sections.backbones import BACKBONES

if TYPE_CHECKING:  # it stands on keras
    from cnnsearch.search.model.anatomy import Anatomy, BlockAnatomy, LayerAnatomy


def backbones_table(here: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """Every backbone; `here` gives the settings of those whose ImageNet weights are on this machine."""
    table = _table("name", "weights>", "layers>", "least image>", "settings", "ImageNet weights here")
    for name, variants in here.items():
        facts = BACKBONES[name]
        settings = ", ".join(f"{key} {_choices(values)}".rstrip() for key, values in facts.settings.items())
        row = (name, count_text(facts.parameters), str(facts.layers), str(facts.smallest), settings)
        table.add_row(*row, "; ".join(map(_variant, variants)) or "-")
    return table


def anatomy_text(found: "Anatomy", last: int, *, each_layer: bool) -> RenderableType:
    """One backbone: its size, its blocks or each of its layers, and where `{last: ...}` would begin.

    Args:
        last: the number of layers from the end that is told as an example.
    """
    return Group(
        _headline(found),
        "",
        _layers(found.layers) if each_layer else _blocks(found.blocks),
        "",
        *_notes(found, last, each_layer=each_layer),
    )


def _headline(found: "Anatomy") -> Text:
    own = f", {_variant(found.settings)}" if found.settings else ""
    height, width = found.image_size
    size = f"{count_text(found.weights)} weights, {len(found.layers)} layers"
    line = Text(found.name, "bold")
    return line.append(f"{own}: {size}, for images of {height} x {width} pixels, at least {_least(found)}.", "not bold")


def _least(found: "Anatomy") -> int:
    return BACKBONES[found.name].smallest


def _blocks(blocks: Sequence["BlockAnatomy"]) -> Table:
    table = _table("trainable_from", "layers>", "from the end>", "weights>", "maps>", "trained from here on>")
    for block in blocks:
        row = (block.name, str(block.layers), str(block.last), count_text(block.weights), _shape(block.maps))
        table.add_row(*map(Text, row), _share(block.trained))
    return table


def _layers(layers: Sequence["LayerAnatomy"]) -> Table:
    table = _table("last>", "layer", "kind", "block", "output>", "weights>")
    for layer in layers:
        name = Text(layer.name, "" if layer.nameable else "dim", overflow="fold")
        name.append("" if layer.nameable else " *")
        weights = count_text(layer.weights) if layer.weights else ""
        table.add_row(str(layer.last), name, layer.kind, layer.block, _shape(layer.output), weights)
    return table


def _notes(found: "Anatomy", last: int, *, each_layer: bool) -> Iterator[Text]:
    first, count = found.layer_from_end(last), len(found.layers)
    if count < last:
        yield Text(f"{{last: {last}}} is more than its {count} layers; {{last: {count}}} would be all of them.")
    else:
        yield Text(f"{{last: {last}}} begins in block {first.block}, at layer {first.name}.")
    if each_layer and not all(layer.nameable for layer in found.layers):
        yield Text("* Keras numbers these names anew in every process: {last: ...} reaches these layers.", "dim")
    if not each_layer:
        yield Text("trainable_from: none trains the head alone; --layers lists each layer.", "dim")


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _choices(values: Sequence[Any]) -> str:
    return "" if False in values else " ".join(map(str, values))


def _variant(settings: Mapping[str, Any]) -> str:
    """Settings in words: `alpha 0.75, minimalistic`; `yes` where there are none."""
    words = [key if value is True else f"{key} {value}" for key, value in settings.items() if value is not False]
    return ", ".join(words) or "yes"


def _table(*columns: str) -> Table:
    """A table with these columns; those that end with > are set to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for column in columns:
        right = column.endswith(">")
        table.add_column(column.removesuffix(">"), justify="right" if right else "left", no_wrap=right)
    return table
