"""Whether the model file that lies there is the one whose scores stand beside it."""

from pathlib import Path

from cnnsearch.search.file_hash import file_hash
from cnnsearch.search.json_file import read_object
from cnnsearch.search.model_label import WeighedFile, label_of
from cnnsearch.search.run_folder import ModelFolder


def told_change(folder: ModelFolder) -> str:
    """A warning where the scores are those of another file than the one that lies there; else nothing.

    Nothing, too, where the file is gone, or where an earlier version wrote the scores and did not say of which file.
    """
    label = label_of(folder)
    of = WeighedFile.told_by(read_object(folder.metrics).get("of")) or (label.weighed if label else None)
    if of is None:
        return ""
    file = folder.path / Path(of.file).name
    try:
        now = file_hash(file)
    except OSError:
        return ""
    if now == of.sha256:
        return ""
    return (
        f"{file}: the scores beside it are of another file (sha256 {of.sha256[:12]}), this one is {now[:12]}. "
        "They say nothing of it: cnnsearch retrain writes both anew."
    )
