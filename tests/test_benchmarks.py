"""The benchmarks start, write their figures and say what they need; what they measure is not tested here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnsearch.spaces.load import load_space

NAMES = [
    "asking.py",
    "data.py",
    "engine.py",
    "likeness.py",
    "photos.py",
    "report.py",
    "samplers.py",
    "scale.py",
    "slots.py",
    "startup.py",
    "transfer.py",
    "versus_keras_tuner.py",
]


def benchmark(checkout: Path, name: str, *options: str) -> "subprocess.CompletedProcess[str]":
    known = {variable: value for variable, value in os.environ.items() if variable != "CNNSEARCH_TEST_DATA"}
    command = [sys.executable, str(checkout / "benchmarks" / name), *options]
    return subprocess.run(command, env=known, capture_output=True, text=True, check=False)


def test_the_small_form_measures_and_writes_its_figures(checkout: Path, tmp_path: Path) -> None:
    done = benchmark(checkout, "startup.py", "--quick", "--json", str(tmp_path / "startup.json"))
    assert done.returncode == 0, done.stderr
    assert "cnnsearch --help, median" in done.stdout
    report = json.loads((tmp_path / "startup.json").read_text())
    heavy = {figure["name"]: figure["value"] for figure in report["figures"] if "tensorflow" in figure["name"]}
    assert len(heavy) == 3
    assert set(heavy.values()) == {0}


def test_the_small_form_of_asking_asks_the_default_sampler_too(checkout: Path, tmp_path: Path) -> None:
    done = benchmark(checkout, "asking.py", "--quick", "--trials", "120", "--json", str(tmp_path / "asking.json"))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "asking.json").read_text())
    limits = {figure["name"]: figure["at_most"] for figure in report["figures"] if "median" in figure["name"]}
    assert limits == {f"{who}: ask and tell with 120 trials, median": most for who, most in (("tpe", 50), ("gp", None))}
    assert {len(seconds) for seconds in report["seconds"].values()} == {30}


@pytest.mark.parametrize("name", NAMES)
def test_each_explains_its_options(checkout: Path, name: str) -> None:
    done = benchmark(checkout, name, "--help")
    assert done.returncode == 0, done.stderr
    assert "--quick" in done.stdout


def test_the_small_form_of_data_paints_its_photos(checkout: Path, tmp_path: Path) -> None:
    done = benchmark(checkout, "data.py", "--quick", "--json", str(tmp_path / "data.json"))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "data.json").read_text())
    assert len(report["paces"]) == 5
    assert all(figure["value"] > 0 for figure in report["figures"] if "growth" not in figure["name"])


def test_data_asks_for_the_photos_it_needs(checkout: Path, tmp_path: Path) -> None:
    unnamed = benchmark(checkout, "data.py")
    asked = "data.py needs real photos: name their folder with --data FOLDER or in CNNSEARCH_TEST_DATA\n"
    assert (unnamed.returncode, unnamed.stderr) == (1, asked)
    empty = benchmark(checkout, "data.py", "--data", str(tmp_path))
    missing = f"data.py needs real photos: there is no {tmp_path / 'data' / 'dogs-vs-cats-4000.zip'}\n"
    assert (empty.returncode, empty.stderr) == (1, missing)


def test_photos_asks_for_the_folder_it_needs(checkout: Path, tmp_path: Path) -> None:
    unnamed = benchmark(checkout, "photos.py", "--quick")
    assert (unnamed.returncode, unnamed.stderr) == (
        1,
        "photos.py needs real photos: name their folder with --data FOLDER or in CNNSEARCH_TEST_DATA\n",
    )
    empty = benchmark(checkout, "photos.py", "--quick", "--data", str(tmp_path))
    assert empty.returncode == 1
    assert f"there is no {tmp_path / 'data' / 'dogs-vs-cats-4000.zip'} and no {tmp_path}/keras_home/" in empty.stderr


def test_the_small_form_of_transfer_measures_both_sides(checkout: Path, tmp_path: Path) -> None:
    done = benchmark(
        checkout, "transfer.py", "--quick", "--only", "mobilenet", "--json", str(tmp_path / "figures.json")
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "figures.json").read_text())
    figures = {figure["name"].partition(": ")[2]: figure["value"] for figure in report["figures"]}
    assert figures["cnnsearch, epochs trained in all"] == 2
    faster = figures["plain KerasTuner, the same trials, measured"]
    faster /= figures["cnnsearch, the trials, features included"]
    assert figures["times faster"] == pytest.approx(faster)


def test_the_small_form_of_samplers_compares_with_chance(checkout: Path, tmp_path: Path) -> None:
    options = ("--quick", "--json", str(tmp_path / "samplers.json"), "--keep", str(tmp_path / "kept"))
    done = benchmark(checkout, "samplers.py", *options)
    assert done.returncode == 0, done.stderr
    assert "| random | none |" in done.stdout
    report = json.loads((tmp_path / "samplers.json").read_text())
    assert all(figure["value"] > 0 for figure in report["figures"])
    assert {len(way["searches"]) for way in report["searches"]} == {2}
    (tmp_path / "kept" / "digits-random-none.json").unlink()
    again = benchmark(checkout, "samplers.py", *options)
    assert again.stderr.splitlines()[-1:] == ["4 of 4: digits-random-none"], "only what is missing is made"
    assert json.loads((tmp_path / "samplers.json").read_text())["searches"] == report["searches"]


def test_the_table_of_samplers_is_read_from_a_run(checkout: Path) -> None:
    done = benchmark(checkout, "tabulated/make.py", "--help")
    assert done.returncode == 0, done.stderr
    assert "--runs" in done.stdout


@pytest.mark.nightly
@pytest.mark.parametrize("part", ["vgg16", "accuracy"])
def test_the_small_form_of_transfer_paints_its_photos(checkout: Path, part: str) -> None:
    done = benchmark(checkout, "transfer.py", "--quick", "--only", part)
    assert done.returncode == 0, done.stderr
    assert "times faster" in done.stdout or "test accuracy, 4 photos" in done.stdout


def test_transfer_asks_for_the_folder_it_needs(checkout: Path, tmp_path: Path) -> None:
    unnamed = benchmark(checkout, "transfer.py")
    asked = "transfer.py needs real photos: name their folder with --data FOLDER or in CNNSEARCH_TEST_DATA\n"
    assert (unnamed.returncode, unnamed.stderr) == (1, asked)
    empty = benchmark(checkout, "transfer.py", "--data", str(tmp_path))
    assert empty.returncode == 1
    assert f"there is no {tmp_path / 'data' / 'dogs-vs-cats-4000.zip'} and no {tmp_path}/keras_home/" in empty.stderr


@pytest.mark.parametrize("name", ["frozen_mobilenet.yaml", "frozen_vgg16.yaml", "mobilenet_photos.yaml"])
def test_the_spaces_of_transfer_are_valid(checkout: Path, name: str) -> None:
    assert load_space(checkout / "benchmarks" / name).parameters


def test_the_space_of_the_backbone_is_valid(checkout: Path) -> None:
    space = load_space(checkout / "benchmarks" / "mobilenet.yaml")
    assert not [parameter.name for parameter in space.parameters if parameter.name.startswith(("model", "data"))]


def test_the_small_form_of_versus_measures_both_sides_and_goes_on_from_what_it_kept(
    checkout: Path, tmp_path: Path
) -> None:
    options = ("versus_keras_tuner.py", "--quick", "--only", "identical", "--keep", str(tmp_path / "kept"))
    done = benchmark(checkout, *options, "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "figures.json").read_text())
    figures = {figure["name"].partition(": ")[2]: figure["value"] for figure in report["figures"]}
    assert figures["cnnsearch, epochs"] == figures["KerasTuner, epochs"] == 2
    assert figures["times faster"] == pytest.approx(figures["KerasTuner"] / figures["cnnsearch"])
    again = benchmark(checkout, *options)
    assert (again.returncode, again.stderr) == (0, "")
    assert "times faster" in again.stdout


@pytest.mark.nightly
@pytest.mark.parametrize("part", ["random", "hyperband"])
def test_the_small_form_of_versus_paints_its_photos(checkout: Path, part: str) -> None:
    done = benchmark(checkout, "versus_keras_tuner.py", "--quick", "--only", part)
    assert done.returncode == 0, done.stderr
    assert "times sooner" in done.stdout


def test_versus_asks_for_the_photos_it_needs(checkout: Path, tmp_path: Path) -> None:
    unnamed = benchmark(checkout, "versus_keras_tuner.py")
    asked = "versus_keras_tuner.py needs real photos: name their folder with --data FOLDER or in CNNSEARCH_TEST_DATA\n"
    assert (unnamed.returncode, unnamed.stderr) == (1, asked)
    empty = benchmark(checkout, "versus_keras_tuner.py", "--data", str(tmp_path))
    assert empty.returncode == 1
    assert f"there is no {tmp_path / 'data' / 'dogs-vs-cats-4000.zip'}. Name their folder" in empty.stderr


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("pooling", ["flatten", "average"])
def test_both_sides_of_versus_build_the_same_network(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, norm: str, pooling: str
) -> None:
    monkeypatch.syspath_prepend(str(checkout / "benchmarks"))
    import keras_tuner
    from plain_search import Job

    from cnnsearch.search.model.build import build_model

    values = {"blocks": 3, "filters.start": 16, "filters.growth": 2.0, "norm": norm, "dropout": 0.1}
    ours = {f"model.scratch.{name}": value for name, value in values.items()}
    ours |= {"head.pooling": pooling, "head.dense.0.units": 64, "head.dense.0.dropout": 0.25}
    ours |= {"optimizer": "sgd", "optimizer.sgd.learning_rate": 0.03}
    theirs = keras_tuner.HyperParameters()
    theirs.values = {"blocks": 3, "filters": 16, "growth": 2.0, "norm": norm, "dropout": 0.1, "pooling": pooling}
    theirs.values |= {"units": 64, "dense_dropout": 0.25, "optimizer": "sgd", "sgd_rate": 0.03}
    configuration = load_space(checkout / "benchmarks" / "versus.yaml").configuration(ours)
    mine = build_model(configuration, 2, 1)
    other = Job("", "random", 64, 32, 1, 1, 1, 0.0, []).build_model(theirs)
    shapes = [[weight.shape for weight in model.weights if "seed" not in weight.path] for model in (mine, other)]
    assert shapes[0] == shapes[1]
    settings = [model.optimizer.get_config() for model in (mine, other)]
    assert {key: settings[0][key] for key in ("momentum", "nesterov")} == {"momentum": 0.9, "nesterov": False}
    assert settings[0]["learning_rate"] == pytest.approx(settings[1]["learning_rate"])
    assert settings[0]["momentum"] == settings[1]["momentum"]


def test_an_incumbent_counts_from_when_it_is_good_on_the_test_photos_and_stays_so(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(checkout / "benchmarks"))
    from incumbents import Finished, Searched

    scores = {"a": 0.6, "b": 0.5, "c": 0.7, "d": 0.7, "e": 0.8, "f": 0.9}
    trials = tuple(Finished(name, score, at, 1) for at, (name, score) in enumerate(scores.items(), start=1))
    searched = Searched(trials, 0, 0, {"a": 0.75, "c": 0.65, "e": 0.75, "f": 0.72}, {})
    assert searched.reached(0.65) == 1
    assert searched.reached(0.70) == 5
    assert searched.reached(0.73) == float("inf")
    assert searched.accuracy == 0.72
