"""Whether the model file that lies there is the one whose scores stand beside it."""

from pathlib import Path
from typing import Any

from cnnsearch.search.file_hash import file_hash
from cnnsearch.search.json_file import read_object
from cnnsearch.search.run_folder import ModelFolder


def weighed_file(folder: ModelFolder) -> dict[str, str] | None:
    """The file that the predictions come from, as `{"file": ..., "sha256": ...}`; None where nothing says so."""
    return _named(read_object(folder.classes).get("model"))


def told_change(folder: ModelFolder) -> str:
    """A warning where the scores are those of another file than the one that lies there; else nothing.

    Nothing, too, where the file is gone, or where an earlier version wrote the scores and did not say of which file.
    """
    of = _named(read_object(folder.metrics).get("of")) or weighed_file(folder)
    if of is None:
        return ""
    file = folder.path / Path(of["file"]).name
    try:
        now = file_hash(file)
    except OSError:
        return ""
    if now == of["sha256"]:
        return ""
    return (
        f"{file}: the scores beside it are of another file (sha256 {of['sha256'][:12]}), this one is {now[:12]}. "
        "They say nothing of it: cnnsearch retrain writes both anew."
    )


def _named(told: Any) -> dict[str, str] | None:  # noqa: ANN401 - any JSON value
    """A file and its hash; None of anything else."""
    if not isinstance(told, dict):
        return None
    file, found = told.get("file"), told.get("sha256")
    return {"file": file, "sha256": found} if isinstance(file, str) and isinstance(found, str) else None
