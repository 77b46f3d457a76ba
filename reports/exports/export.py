"""Exports a model into a folder: one folder for each format, and `export.json`, which says how each came out."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any

from cnnsearch.reports.exports.formats import Target, check_installed
from cnnsearch.reports.exports.placing import INDEX, SCRIPT, prepare_folder, put, written_in
from cnnsearch.reports.exports.samples import Photos
from cnnsearch.reports.exports.scripts import photo_script, predict_script
from cnnsearch.reports.exports.work import ExportJob, run_export
from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.engine.slots import CPU
from cnnsearch.search.environment import environment
from cnnsearch.search.json_file import read_object
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.writing import write_json
from cnnsearch.spaces.errors import CnnSearchError


@dataclass(frozen=True)
class Exported:
    """One format that came out.

    Attributes:
        name: such as `litert-int8`.
        folder: where it lies, with its predict.py.
        figures: what `export.json` says of it: bytes, latency in seconds, parity.
    """

    name: str
    folder: Path
    figures: dict[str, Any]

    @property
    def holds(self) -> bool:
        """Whether it is near enough to Keras."""
        return bool(self.figures["parity"]["holds"])


@dataclass(frozen=True)
class Exporting:
    """A model and where its exports go.

    Attributes:
        model: the Keras file, beside its classes.json.
        photos: what exports are checked on.
        out: the folder of the exports.
    """

    model: Path
    photos: Photos
    out: Path


def export(exporting: Exporting, targets: Sequence[Target], told: Callable[[Exported], None]) -> list[Exported]:
    """Make each target in a process of its own; those that came out are told, and stay whatever the others do.

    Raises:
        CnnSearchError: packages are missing or there is no place for the exports (then nothing is made), or a target
            could not be made: all of these.
    """
    check_installed(targets)
    prepare_folder(exporting.out, targets)
    done: list[Exported] = []
    problems: list[str] = []
    for target in targets:
        try:
            found = _exported(exporting, target)
        except CnnSearchError as error:
            problems.append(str(error))
            continue
        done.append(found)
        _note(exporting, found)
        told(found)
    if problems:
        raise CnnSearchError("\n".join(problems))
    return done


def _exported(exporting: Exporting, target: Target) -> Exported:
    with written_in(exporting.out):
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=exporting.out))
    try:
        folder = scratch / target.name
        folder.mkdir()
        file, result = folder / target.format.file, scratch / "result.json"
        job = ExportJob(exporting.model, target, exporting.photos, file, result)
        broken = run_in_child(Work(run_export, job, scratch / "log.txt", CPU.environment), lambda _: None)
        if broken:
            raise CnnSearchError(broken.message)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        figures = {"file": f"{target.name}/{target.format.file}", "bytes": size, **read_object(result)}
        with written_in(exporting.out):
            _add_scripts(ModelFolder(exporting.model.parent), target, folder)
            place = put(folder, exporting.out, target)
        return Exported(target.name, place, figures)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _add_scripts(model: ModelFolder, target: Target, folder: Path) -> None:
    label = ModelLabel.read(model.classes)
    # To be handed on, it does not tell where on this machine the photos lie: of their path the last name stays.
    replace(label, source=PurePath(label.source).name).write(folder / model.classes.name)
    (folder / SCRIPT).write_text(predict_script(target.format), encoding="utf-8")
    (folder / "photo.py").write_text(photo_script(), encoding="utf-8")


def _note(exporting: Exporting, found: Exported) -> None:
    """Say in `export.json` what came out; what it says of another model's exports is left out."""
    index, model = exporting.out / INDEX, sha256(exporting.model.read_bytes()).hexdigest()
    before = read_object(index)
    formats = before.get("formats", {}) if before.get("model") == model else {}
    machine = environment([CPU])
    kept = {name: machine[name] for name in ("packages", "python", "platform", "cpu_cores")}
    write_json(index, {"model": model, "machine": kept, "formats": {**formats, found.name: found.figures}})
