"""The best model in TensorBoard: its pictures, its layers as text, and its embeddings for the projector.

All of it comes from the files in `best/`, which are there once a search has ended; nothing here loads a model.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnsearch.search.json_file import read_object
from cnnsearch.search.run_folder import ModelFolder, RunFolder

if TYPE_CHECKING:
    from cnnsearch.search.listeners.tensorboard_events import EventFile, Picture

SESSION = "best"
"""The folder beside those of the trials."""
_EMBEDDINGS = ("vectors.tsv", "labels.tsv", "sprite.png")


def log_best_model(run: RunFolder) -> None:
    """Write what is known of the best model to the run's TensorBoard logs, in place of an earlier one's.

    Nothing happens where there are no logs or no model, or where they are newer than the model.
    """
    folder = run.tensorboard / SESSION
    if not (run.tensorboard.is_dir() and run.best.metrics.is_file()) or _is_newer(folder, run.best):
        return
    from cnnsearch.search.listeners.tensorboard_events import EventFile

    shutil.rmtree(folder, ignore_errors=True)
    file = EventFile(folder)
    _write_texts(file, run.best)
    _write_pictures(file, run.best)
    file.close()
    _write_embeddings(folder, run.best)


def _is_newer(folder: Path, best: ModelFolder) -> bool:
    written = [path.stat().st_mtime for path in folder.glob("events.out.tfevents.*")]
    return bool(written) and best.classes.is_file() and min(written) >= best.classes.stat().st_mtime


def _write_texts(file: "EventFile", best: ModelFolder) -> None:
    metrics, layers = read_object(best.metrics), read_object(best.architecture)
    if layers.get("layers"):
        file.text("model/layers", layers_text(layers), 0)
    if best.config.is_file():
        file.text("model/configuration", _as_code(best.config.read_text(encoding="utf-8")), 0)
    scores = {
        f"model/{part}_{name}": metrics[part][name]
        for part in ("validation", "test")
        for name in ("accuracy", "loss", "macro_f1")
        if metrics.get(part) and metrics[part].get(name) is not None
    }
    file.scalars(scores, 0)


def layers_text(model: Mapping[str, Any]) -> str:
    """The layers of a model as a table in Markdown: name, kind, output's shape without the batch, weights."""
    from cnnsearch.search.listeners.tensorboard_events import markdown

    rows = [
        f"| {markdown(str(each['name']))} | {markdown(_kind(each))} | {_shape(each['output'])} | "
        f"{each['parameters']:,} | {each['trainable']:,} |"
        for each in model["layers"]
    ]
    total = f"{model['parameters']:,} weights, {model['trainable']:,} of them trained; input {_shape(model['input'])}."
    head = ["| layer | kind | output | weights | trained |", "|---|---|---|---:|---:|"]
    return "\n".join([total, "", *head, *rows])


def _kind(layer: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {_setting(value)}" for name, value in (layer.get("settings") or {}).items())
    return f"{layer['type']} ({settings})" if settings else str(layer["type"])


def _setting(value: object) -> str:
    return _shape(value) if isinstance(value, list) else str(value)


def _shape(shape: Sequence[object] | None) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape) if shape else "-"


def _as_code(text: str) -> str:
    """A text as Markdown shows it letter by letter."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _write_pictures(file: "EventFile", best: ModelFolder) -> None:
    for tag, paths, told in _pictures(best):
        pictures = [picture for path in paths if (picture := _picture(path)) is not None]
        file.images(tag, pictures, 0, told)


def _pictures(best: ModelFolder) -> Iterator[tuple[str, list[Path], str]]:
    """A tag, files, and what they show in Markdown."""
    yield "model/confusion_matrix", [best.confusion_matrix], "Which class is taken for which."
    yield "model/augmented", [best.explained / "augmented.jpg"], "Photos, and how a training changes them."
    gallery = read_object(best.gallery / "gallery.json")
    for name, what in (("wrong", "The most confident mistakes"), ("unsure", "What the model is least sure of")):
        shown = [each for each in gallery.get(name, ()) if isinstance(each, dict)]
        paths = [best.gallery / Path(str(each.get("file"))).name for each in shown]
        yield f"model/{name}", paths, f"{what}: {'; '.join(map(_told, shown))}"
    looked = read_object(best.explained / "explained.json").get("grad_cam") or {}
    paths = [best.explained / Path(str(each.get("file"))).name for each in looked.get("photos", ())]
    yield "model/grad_cam", paths, "What speaks for the model's answer, and, where it errs, for the truth (Grad-CAM)."


def _told(photo: Mapping[str, Any]) -> str:
    from cnnsearch.search.listeners.tensorboard_events import markdown

    taken = f"{photo.get('label')} taken for {photo.get('predicted')} ({photo.get('probability', 0.0):.2f})"
    return markdown(f"{photo.get('image')}: {taken}")


def _picture(path: Path) -> "Picture | None":
    from cnnsearch.search.listeners.tensorboard_events import Picture

    try:
        return Picture.of(path.read_bytes())
    except OSError:
        return None


def _write_embeddings(folder: Path, best: ModelFolder) -> None:
    """Copy the embeddings beside the log, with the file that the projector looks for."""
    source = best.explained / "embeddings"
    about = read_object(source / "embeddings.json")
    if not about or not all((source / name).is_file() for name in _EMBEDDINGS):
        return
    for name in _EMBEDDINGS:
        shutil.copyfile(source / name, folder / name)
    vectors, labels, sprite = _EMBEDDINGS
    width, height = int(about["width"]), int(about["height"])
    (folder / "projector_config.pbtxt").write_text(
        "embeddings {\n"
        f'  tensor_name: "{int(about["images"])} images"\n'
        f'  tensor_path: "{vectors}"\n'
        f'  metadata_path: "{labels}"\n'
        f'  sprite {{ image_path: "{sprite}" single_image_dim: {width} single_image_dim: {height} }}\n'
        "}\n",
        encoding="utf-8",
    )
