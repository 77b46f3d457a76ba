"""Charts and sections of a model, from its folder alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from cnnsearch.reports.model.explained import Explained, explained
from cnnsearch.reports.page.section import Section
from cnnsearch.search.run_folder import ModelFolder

Maker = Callable[..., ModelFolder]


def text_of(section: Section) -> str:
    return "".join(ET.tostring(each, encoding="unicode") for each in section.body)


@pytest.mark.parametrize("classes", [2, 3, 40, 200])
def test_predictions_alone_give_charts(folder_of: Maker, classes: int) -> None:
    charts = explained(folder_of(classes)).charts
    names = ["confusion_matrix", "roc", "precision_recall", "calibration", "confidence"]
    assert [chart.name for chart in charts] == names
    assert all(chart.drawing.tag == "svg" and chart.told for chart in charts)


def test_the_captions_have_the_main_numbers(folder_of: Maker) -> None:
    told = {chart.name: chart.told for chart in explained(folder_of(2)).charts}
    assert told["confusion_matrix"].startswith("Test part: ")
    assert " of 200 images right" in told["confusion_matrix"]
    assert told["roc"].startswith("AUC 0.")
    assert told["precision_recall"].startswith("Average precision 0.")
    assert "Expected calibration error 0." in told["calibration"]
    assert "15 bins, 200 images" in told["calibration"]


def test_without_a_test_part_the_validation_part_is_told(folder_of: Maker) -> None:
    assert "Validation part: " in explained(folder_of(3, part="validation")).charts[0].told


def test_a_folder_without_predictions_has_nothing_to_tell(folder_of: Maker) -> None:
    folder = folder_of(2)
    folder.predictions.unlink()
    assert explained(folder) == Explained((), (), "")


def test_of_many_classes_the_worst_are_told(folder_of: Maker) -> None:
    sections = {section.anchor: text_of(section) for section in explained(folder_of(200, images=2000)).sections}
    assert "The 50 of 200 classes with the lowest recall" in sections["model-classes"]
    assert sections["model-classes"].count("<tr>") == 51
    assert "The 7 worst of 200 classes are drawn" in sections["model-answers"]


def test_names_from_data_are_text(folder_of: Maker) -> None:
    folder = folder_of(["<script>alert(1)</script>", "=cmd"], images=30)
    whole = "".join(map(text_of, explained(folder).sections))
    assert "<script>" not in whole
    assert "&lt;script&gt;" in whole


def test_a_model_of_another_file_is_warned_of(folder_of: Maker) -> None:
    folder = folder_of(2)
    folder.model.write_bytes(b"another")
    folder.metrics.write_text(json.dumps({"of": {"file": "model.keras", "sha256": "0" * 64}}))
    told = {section.anchor: text_of(section) for section in explained(folder).sections}
    assert "the scores beside it are of another file" in told["model-answers"]


def test_nothing_slow_is_imported(folder_of: Maker) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from cnnsearch.reports.model.explained import explained\n"
        "from cnnsearch.search.run_folder import ModelFolder\n"
        "explained(ModelFolder(Path(sys.argv[1]))).sections\n"
        "slow = {'keras', 'tensorflow', 'sklearn', 'scipy', 'matplotlib', 'optuna'} & set(sys.modules)\n"
        "sys.exit(str(slow) if slow else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder_of(3).path)], check=True)
