"""`cnnsearch evaluate`: how good a model is on labelled images."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from cnnsearch import terminal
from cnnsearch.asking import asking, complaining
from cnnsearch.reports.evaluation import Labelled, Watch, answered, labelled_images, scores, watch_of
from cnnsearch.reports.inference import load_classifier, model_file
from cnnsearch.search.dataset.sources.layout import PARTS
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError, Problem

_MOST_CLASSES = 12
"""As many columns as a matrix may have; of more classes the most frequent confusions are listed."""
_MOST_CONFUSIONS = 20


def evaluate(model: Path, data: str, *, part: str | None = None, as_json: bool = False) -> None:
    """Print a model's scores on the images of a source, as tables or as one JSON object.

    Args:
        model: a run, a model folder, or a .keras file beside its classes.json.
        data: as `data.source` takes it.
        part: only the images in the source's own folder of this part.

    Raises:
        CnnSearchError: there is no model, the source cannot be read or is not labelled, a class is unknown to the
            model, or not one image can be read.
    """
    if part is not None and part not in PARTS:
        rule = f"it is one of {', '.join(PARTS)}, got {part!r}"
        raise CnnSearchError(str(Problem("--part", rule, "Leave it out for all images.")))
    file = model_file(model)
    folder = ModelFolder(file.parent)
    classes = ModelLabel.read(folder.classes).classes
    source, watch = open_source(data), watch_of(folder)
    images = labelled_images(source, classes, watch, part)
    classifier = load_classifier(model)
    with asking(len(images), terminal.errors()) as advance:
        found = scores(answered(classifier, images, complaining(terminal.errors()), advance))
    _warn(images, watch, found["images"])
    if as_json:
        told = {"model": str(file), "data": data, "part": part, "skipped": len(images) - found["images"]}
        terminal.say(json.dumps({**told, "trained_on": len(watch.met), "class_names": classes, **found}, indent=2))
        return
    _show(found, classes)


def _warn(images: Sequence[Labelled], watch: Watch, asked: int) -> None:
    """Say what makes the scores better than they are."""
    if watch.met:
        terminal.warn(f"the model was trained on {len(watch.met)} of these {asked} images: the scores are too good")
    parts = sorted({image.image.part for image in images if image.image.part})
    if len(parts) > 1:
        terminal.warn(f"these are the images of {' and '.join(parts)} together; --part {parts[0]} takes one of them")


def _show(found: Mapping[str, Any], classes: Sequence[str]) -> None:
    low, high = found["interval"]
    terminal.say(f"accuracy {found['accuracy']:.4f} (95 %: {low:.4f} to {high:.4f}), {found['images']:,} images")
    terminal.say(f"loss     {found['loss']:.4f} (mean log loss in nats)\nmacro F1 {found['macro_f1']:.4f}\n")
    terminal.show(_class_table(found["classes"]))
    terminal.say()
    many = len(classes) > _MOST_CLASSES
    terminal.show((_confusions if many else _matrix)(found["confusion"], classes))


def _class_table(found: Mapping[str, Mapping[str, float | None]]) -> Table:
    table = _new_table("class", "precision", "recall", "F1", "images")
    for name, row in found.items():
        shares = ("-" if row[key] is None else f"{row[key]:.4f}" for key in ("precision", "recall", "f1"))
        table.add_row(terminal.markup(name), *shares, f"{row['images']:,}")
    return table


def _matrix(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> Table:
    table = _new_table("shown, and taken for", *map(terminal.markup, classes))
    for name, row in zip(classes, confusion, strict=True):
        table.add_row(terminal.markup(name), *(f"{count:,}" for count in row))
    return table


def _confusions(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> Table:
    """The most frequent mistakes."""
    pairs = [(row[k], i, k) for i, row in enumerate(confusion) for k in range(len(row)) if k != i and row[k]]
    table = _new_table("shown", "taken for", "images")
    for count, shown, taken in sorted(pairs, key=lambda pair: -pair[0])[:_MOST_CONFUSIONS]:
        table.add_row(terminal.markup(classes[shown]), terminal.markup(classes[taken]), f"{count:,}")
    return table


def _new_table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", overflow="fold")
    return table
