"""Two models side by side: which images only one gets right, what is said of it, and where it is shown."""

import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import IntDistribution
from rich.console import Console

from cnnsearch.reports.comparison.comparison import OnlyOne, compared
from cnnsearch.reports.comparison.curves import curve, curves_chart, sparkline
from cnnsearch.reports.comparison.mcnemar import mcnemar
from cnnsearch.reports.comparison.shown import as_text
from cnnsearch.reports.comparison.sides import side_of
from cnnsearch.reports.comparison.wording import verdict
from cnnsearch.reports.comparison.written import as_json, write_page
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.errors import CnnSearchError

CONFIGURATION = "data: {source: photos, image_size: [8, 8]}\nmodel: {scratch: {blocks: 1}}\ntraining: {epochs: %d}\n"
Maker = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path) -> Maker:
    """Makes a model folder from what it says of some images: (image, class, predicted class, probability)."""

    def make(name: str, rows: list[tuple[str, str, str, float]], epochs: int = 2) -> Path:
        folder = ModelFolder(tmp_path / name)
        folder.path.mkdir(parents=True)
        folder.classes.write_text(json.dumps({"classes": ["cat", "dog"], "shape": [8, 8, 3]}))
        folder.config.write_text(CONFIGURATION % epochs)
        lines = ["part,image,label,predicted,p:cat,p:dog"]
        for image, label, predicted, sure in rows:
            shares = (sure, 1 - sure) if predicted == "cat" else (1 - sure, sure)
            lines.append(f"test,{image},{label},{predicted},{shares[0]},{shares[1]}")
        folder.predictions.write_text("\n".join(lines) + "\n")
        folder.history.write_text("epoch,seconds,val_accuracy\n1,1.0,0.25\n2,1.0,0.75\n")
        return folder.path

    return make


@pytest.fixture
def pair(model: Maker) -> tuple[Path, Path]:
    """Two models: the first alone is right about b.jpg and <i>.jpg, the second alone about c.jpg."""
    first = [("a.jpg", "cat", "cat", 0.9), ("b.jpg", "dog", "dog", 0.6), ("c.jpg", "cat", "dog", 0.8)]
    second = [("a.jpg", "cat", "cat", 0.7), ("b.jpg", "dog", "cat", 0.75), ("c.jpg", "cat", "cat", 0.6)]
    first += [("<i>.jpg", "dog", "dog", 0.9), ("x.jpg", "dog", "dog", 0.9)]
    second += [("<i>.jpg", "dog", "cat", 0.875)]
    return model("first", first), model("second", second, epochs=3)


def printed(first: Path | str, second: Path | str) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(as_text(compared(side_of(str(first)), side_of(str(second)))))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_images_that_only_one_gets_right(pair: tuple[Path, Path]) -> None:
    (part,) = compared(*(side_of(str(path)) for path in pair)).parts
    assert (part.part, part.images, part.both, part.neither) == ("test", 4, 1, 0)
    assert part.first == (OnlyOne("<i>.jpg", "dog", "cat", 0.875), OnlyOne("b.jpg", "dog", "cat", 0.75))
    assert part.second == (OnlyOne("c.jpg", "cat", "dog", 0.8),)
    assert part.test == mcnemar(2, 1)


def test_the_terminal_says_what_differs_and_how_sure_that_is(pair: tuple[Path, Path]) -> None:
    text = printed(*pair)
    assert "Of 4 test images both get 1 right and neither 0; only A gets 2 right, only B 1." in text
    assert "too little to call one better" in text
    assert "(McNemar's test, exact binomial: p = 1.0000)" in text
    assert [line.split() for line in text.splitlines() if line.startswith("training.epochs")] == [
        ["training.epochs", "2", "3"]
    ]
    assert "A  ▁█  0.7500 at the end" in text


def test_json_has_all_of_it(pair: tuple[Path, Path]) -> None:
    found = json.loads(as_json(compared(*(side_of(str(path)) for path in pair))))
    assert found["parameters"] == [{"name": "training.epochs", "a": 2, "b": 3}]
    assert found["parts"][0]["second"] == [{"image": "c.jpg", "label": "cat", "taken_for": "dog", "probability": 0.8}]
    assert found["sides"][0]["curve"] == [0.25, 0.75]


def test_the_page_shows_names_as_text(pair: tuple[Path, Path], tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", compared(*(side_of(str(path)) for path in pair)))
    text = (tmp_path / "page.html").read_text()
    assert "&lt;i&gt;.jpg" in text
    assert "<i>.jpg" not in text
    assert text.count("<svg") == 1


def test_without_predictions_the_command_that_makes_them_is_named(pair: tuple[Path, Path]) -> None:
    (pair[1] / "predictions.csv").unlink()
    assert f"{pair[1]} has no predictions.csv; cnnsearch retrain {pair[1]} makes one." in " ".join(
        printed(*pair).split()
    )


def test_predictions_of_other_images_are_not_compared(model: Maker) -> None:
    one, other = model("one", [("a.jpg", "cat", "cat", 0.9)]), model("other", [("z.jpg", "cat", "cat", 0.9)])
    assert "They have no predictions of the same images" in printed(one, other)


def test_images_of_two_data_sets_are_the_same_where_their_contents_are(model: Maker) -> None:
    rows = [("1.jpg", "cat", "cat", 0.9), ("2.jpg", "cat", "cat", 0.9)]
    one, other = model("a/one", rows), model("b/other", rows)
    for folder, fingerprint, contents in [(one, "f1", {"1.jpg": "h1", "2.jpg": "h2"}), (other, "f2", {"1.jpg": "h2"})]:
        classes = json.loads((folder / "classes.json").read_text()) | {"data": {"stamp": f"{fingerprint}-8x8x3"}}
        (folder / "classes.json").write_text(json.dumps(classes))
        summary = {"fingerprint": fingerprint, "files": {"test": {"cat": contents}}}
        (folder.parent / "dataset.json").write_text(json.dumps(summary))
    (part,) = compared(side_of(str(one)), side_of(str(other))).parts
    assert (part.images, part.both) == (1, 1), "2.jpg of the one is 1.jpg of the other"


def test_trials_of_somebodys_hypermodel_are_compared_by_their_values(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "small-001")
    run.path.mkdir()
    study = TrialStudy.open(open_storage(sqlite_url(run.study)), Objective.of("val_accuracy"))
    for units in (8, 16):
        number = study.begin({"units": units}, {"units": IntDistribution(8, 16)})
        study.tell(TrialRecord(number, {"units": units}, Status.COMPLETED, best_epoch=1, score=0.5, seconds=2.0))
        run.trial(number).path.mkdir(parents=True)
        run.trial(number).config.write_text(f"# of a HyperModel\nhyperparameters: {{units: {units}}}\n")
    found = json.loads(as_json(compared(side_of(f"{run.path}:0"), side_of(f"{run.path}:1"))))
    assert found["parameters"] == [{"name": "hyperparameters.units", "a": 8, "b": 16}]


def test_two_trials_of_a_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "basic-001")
    run.path.mkdir()
    study = TrialStudy.open(open_storage(sqlite_url(run.study)), Objective.of("val_accuracy"))
    for score in (0.5, 0.75):
        number = study.begin()
        study.report(number, Epoch(1, {"val_accuracy": score}, 1.0))
        study.tell(TrialRecord(number, {}, Status.COMPLETED, best_epoch=1, score=score, seconds=2.0, parameters=10))
    run.trial(0).path.mkdir(parents=True)
    run.trial(0).config.write_text(CONFIGURATION % 1)
    text = " ".join(printed(f"{run.path}:0", run.trial(1).path).split())
    assert "trial 1 of basic-001" in text
    assert "val_accuracy in the search 0.5000 0.7500" in text
    assert "no config.yaml is left, so nobody knows what differs" in text
    assert f"trial 0 has no predictions; cnnsearch retrain {run.trial(0).config} makes a model folder" in text
    assert "trial 1 of basic-001" in side_of(str(run.path)).told
    with pytest.raises(CnnSearchError, match=r"basic-001: a run of 2 trials, got trial 7\. cnnsearch report .* lists"):
        side_of(f"{run.path}:7")


def test_what_is_nothing_of_that_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        CnnSearchError, match=r"a run, a trial of a run, or a model folder is needed, got nothing there"
    ):
        side_of(str(tmp_path / "absent"))
    with pytest.raises(CnnSearchError, match=r"is needed, got a folder without\. Name one such as"):
        side_of(str(tmp_path))


def test_a_verdict_names_the_better_one() -> None:
    assert verdict(mcnemar(2, 30), "A", "B").startswith("B is better than A: equally good models seldom differ")
    assert verdict(mcnemar(0, 0), "A", "B") == "They get the same images right: nothing tells them apart."
    assert "p < 0.0001" in verdict(mcnemar(100, 10), "A", "B")


def test_a_curve_is_that_of_the_kept_model() -> None:
    epochs = [Epoch(k, {"loss": float(10 * fold + k)}, 1.0, fold) for fold in (1, 2) for k in (1, 2)]
    assert curve(epochs, "loss") == [11.0, 12.0]
    assert all(map(math.isnan, curve(epochs, "absent")))


@given(st.lists(st.floats(0, 1) | st.just(math.nan), min_size=1, max_size=200), st.integers(1, 80))
def test_a_sparkline_fits_and_ends_with_the_last_value(values: list[float], most: int) -> None:
    drawn = sparkline(values, 0, 1, most)
    assert 1 <= len(drawn) <= most
    assert drawn[-1] == sparkline(values[-1:], 0, 1)


def test_no_epochs_make_no_chart(pair: tuple[Path, Path]) -> None:
    (pair[0] / "history.csv").unlink()
    assert curves_chart(compared(*(side_of(str(path)) for path in pair))) is None
