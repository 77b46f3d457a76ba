"""Whether the scores are those of the model file that lies there."""

import json
from collections.abc import Callable

from cnnsearch.reports.model.file_identity import told_change
from cnnsearch.reports.write import write_model_report
from cnnsearch.search.file_hash import file_hash
from cnnsearch.search.model_label import ModelLabel, WeighedFile
from cnnsearch.search.run_folder import ModelFolder

Maker = Callable[..., ModelFolder]


def exported(folder: ModelFolder) -> ModelFolder:
    """The folder as an export leaves it: it says which file was asked."""
    folder.model.write_bytes(b"a model")
    described = json.loads(folder.classes.read_text())
    of = {"file": "model.keras", "sha256": file_hash(folder.model)}
    folder.classes.write_text(json.dumps({**described, "model": of}))
    return folder


def test_metrics_say_which_file_was_asked(folder_of: Maker) -> None:
    folder = exported(folder_of(2))
    write_model_report(folder)
    label = ModelLabel.read(folder.classes)
    assert label.weighed is not None
    assert WeighedFile.told_by(json.loads(folder.metrics.read_text())["of"]) == label.weighed
    assert told_change(folder) == ""


def test_another_file_is_told_and_stays_told(folder_of: Maker) -> None:
    folder = exported(folder_of(2))
    write_model_report(folder)
    folder.model.write_bytes(b"another model")
    for _ in range(2):
        assert "the scores beside it are of another file (sha256 " in told_change(folder)
        write_model_report(folder)


def test_scores_of_an_earlier_version_are_taken_as_they_are(folder_of: Maker) -> None:
    folder = folder_of(2)
    folder.model.write_bytes(b"a model")
    write_model_report(folder)
    assert json.loads(folder.metrics.read_text())["of"] is None
    assert told_change(folder) == ""


def test_a_model_that_is_gone_is_no_change(folder_of: Maker) -> None:
    folder = exported(folder_of(2))
    folder.model.unlink()
    assert told_change(folder) == ""


def test_the_hash_of_known_bytes(folder_of: Maker) -> None:
    folder = folder_of(2)
    folder.model.write_bytes(b"abc")
    assert file_hash(folder.model) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
