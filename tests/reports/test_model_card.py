"""The model card: what it tells, that names are only names in it, and that what people fill in stays."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cnnsearch.reports.model_card import escaped, read_card, write_model_card
from cnnsearch.reports.write import write_model_report
from cnnsearch.search.run_folder import ModelFolder

ROWS = [("test", "1.png", "<b>", "<b>", 0.9, 0.1), ("test", "2.png", "a|b", "a|b", 0.2, 0.8)]


@pytest.fixture
def folder(model_folder: Callable[..., ModelFolder]) -> ModelFolder:
    """A model folder whose classes and source have names that Markdown, HTML and YAML would take for their own."""
    made = model_folder(["<b>", "a|b"], ROWS)
    about = json.loads(made.classes.read_text())
    about["data"] = {"source": 'far/pho"tos: [x](evil) `y`\n# top', "stamp": "0f3a-8x8x3-stretch"}
    made.classes.write_text(json.dumps(about))
    return made


def card(folder: ModelFolder) -> str:
    return (folder.path / "README.md").read_text(encoding="utf-8")


def test_it_is_written_with_the_other_reports_and_has_what_the_hub_reads(folder: ModelFolder) -> None:
    write_model_report(folder)
    _, front, body = card(folder).split("---\n", 2)
    told = YAML(typ="safe").load(front)
    assert (told["library_name"], told["pipeline_tag"], told["license"]) == ("keras", "image-classification", "unknown")
    (result,) = told["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "accuracy", "value": 1.0}]
    assert result["dataset"]["name"] == 'pho"tos: [x](evil) `y`\\n# top'
    assert "| test | 2 | 1.0000 |" in body
    assert "fingerprint: `0f3a-8x8x3-stretch`" in body
    assert "cnnsearch retrain config.yaml" in body


def test_names_are_only_names(folder: ModelFolder) -> None:
    write_model_report(folder)
    body = card(folder).split("---\n", 2)[2]
    assert "<b>" not in body
    assert "&lt;b\\>, a\\|b" in body
    assert "[x](evil" not in body
    assert "\n# top" not in body
    assert escaped("*a* <script> #1 & `b`") == "\\*a\\* &lt;script\\> #1 &amp; \\`b\\`"


def test_what_people_fill_in_stays(folder: ModelFolder) -> None:
    write_model_report(folder)
    readme = folder.path / "README.md"
    readme.write_text(card(folder).replace("license: unknown", "license: mit"))
    write_model_report(folder)
    assert "license: mit" in card(folder)


def test_the_counts_of_the_run_s_images_stand_in_it(folder: ModelFolder) -> None:
    files = {"train": {"<b>": {"1.png": "h1", "2.png": "h2"}}, "test": {"<b>": {"3.png": "h3"}}}
    summary = {"fingerprint": "0f3a", "source": "x", "classes": ["<b>"], "files": files}
    (folder.path.parent / "dataset.json").write_text(json.dumps(summary))
    write_model_report(folder)
    assert "| &lt;b\\> | 2 | 0 | 1 |" in card(folder)


def test_damaged_files_leave_a_shorter_card(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path / "best")
    folder.path.mkdir()
    folder.metrics.write_text("[1")
    assert read_card(folder).metrics == {}
    write_model_card(folder)
    assert "No images were left to measure it on." in card(folder)


def test_a_confirmed_model_says_so(folder: ModelFolder) -> None:
    about = json.loads(folder.classes.read_text())
    seeds = {"retraining": 2, "seeds": 3, "mean": 0.91234, "error": 0.01, "search_score": 0.93}
    about["origin"] = {"trial": 4, "epoch": 3, "objective": "val_accuracy", "score": 0.91, "confirmed": seeds}
    folder.classes.write_text(json.dumps(about))
    write_model_report(folder)
    assert "trained 3 times with new seeds, with a mean score of 0.9123 +- 0.0100" in card(folder)
    assert "It was trial 4 of the search" in card(folder)
