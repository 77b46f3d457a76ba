"""`cnnsearch export`: a model in other programs' formats, each compared with Keras and measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from cnnsearch import terminal
from cnnsearch.reports.exports.formats import Target, check_installed, targets_of
from cnnsearch.reports.exports.placing import prepare_folder
from cnnsearch.reports.exports.samples import photos_of
from cnnsearch.reports.inert import visible
from cnnsearch.reports.inference import model_file
from cnnsearch.search.dataset.cache.disk import bytes_text
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError, Problem

if TYPE_CHECKING:  # stands on keras
    from cnnsearch.reports.exports.export import Exported, Exporting


def export(model: Path, to: str, quantize: str | None, out: Path | None) -> None:
    """Export a model, and print a table of what came out.

    Raises:
        CnnSearchError: there is no such model, a package is missing, there is no place for the exports, a conversion
            failed, or an export's answers are too far from those of Keras (its files stay).
    """
    targets = targets_of(to, quantize)
    check_installed(targets)
    file = model_file(model)
    shape = ModelLabel.read(ModelFolder(file.parent).classes).shape
    place = out or file.parent / "exports"
    prepare_folder(place, targets)
    start_forkserver()
    with _bar("reading photos") as bar:
        task = bar.add_task("", total=None)
        photos = photos_of(
            ModelFolder(file.parent), shape, lambda done, total: bar.update(task, completed=done, total=total)
        )
    if photos.lack:
        terminal.warn(f"exports are checked on seeded noise, not on photos: {photos.lack}")
    with without_native_messages():
        from cnnsearch.reports.exports.export import Exporting
    found: list[Exported] = []
    try:
        _make(Exporting(file, photos, place), targets, found)
    finally:
        if found:
            terminal.show(_table(found))
            terminal.say(f"exports: {found[0].folder.parent}; each folder has a predict.py")
    check_near(found)


def _make(exporting: "Exporting", targets: Sequence[Target], found: list["Exported"]) -> None:
    from cnnsearch.reports.exports.export import export as make

    with _bar("exporting") as bar:
        task = bar.add_task("", total=len(targets))

        def told(each: "Exported") -> None:
            found.append(each)
            bar.advance(task)

        make(exporting, targets, told)


def _bar(what: str) -> Progress:
    console = terminal.errors()
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def check_near(found: Sequence["Exported"]) -> None:
    """Refuse exports whose answers are too far from those of Keras.

    Raises:
        CnnSearchError: some are; all of them are named.
    """
    if wrong := [each for each in found if not each.holds]:
        raise CnnSearchError("\n".join(map(_too_far, wrong)))


def _too_far(each: "Exported") -> str:
    parity = each.figures["parity"]
    rule = (
        f"its answers must be those of Keras, got a difference of {parity['difference']:.1e} and the same class for "
        f"{parity['agreement']:.1%} of {parity['images']} images"
    )
    advice = "The files stay; do not rely on them before you know why."
    if each.name.endswith("int8"):
        advice += " int8 is rough where a network is small or unsure: --quantize float16 is nearer."
    return str(Problem(visible(str(each.folder)), rule, advice))


def _table(found: list["Exported"]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("format", no_wrap=True)
    for name in ("size", "one image", "largest difference", "same class"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("checked on", overflow="fold")
    for each in found:
        parity = each.figures["parity"]
        table.add_row(
            each.name,
            bytes_text(each.figures["bytes"]),
            f"{each.figures['latency'] * 1000:.2f} ms",
            f"{parity['difference']:.1e}",
            f"{parity['agreement']:.1%}",
            f"{parity['images']} images of {parity['on']}",
        )
    return table
