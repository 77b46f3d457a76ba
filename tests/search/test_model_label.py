"""A model's label: what is written is read again, what is missing has its usual meaning, damage is named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.model_label import ModelLabel, WeighedFile, label_of
from cnnsearch.search.records import NewSeeds, Origin
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError

SEEDS = NewSeeds(retraining=2, seeds=3, mean=0.9, error=0.01, search_score=0.93)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
floats = st.floats(allow_nan=False, allow_infinity=False)
origins = st.builds(
    Origin,
    trial=st.integers(0, 10**6),
    epoch=st.none() | st.integers(1, 100),
    objective=texts,
    score=st.none() | floats,
    phases=st.lists(st.integers(1, 100), max_size=2).map(tuple),
    objectives=st.dictionaries(texts, floats, max_size=2),
    confirmed=st.sampled_from([None, SEEDS]),
    searched=st.none() | floats,
)
labels = st.builds(
    ModelLabel,
    classes=st.lists(texts, max_size=4).map(tuple),
    shape=st.tuples(*[st.integers(1, 1024)] * 3),
    resize=st.sampled_from(["stretch", "crop", "pad"]),
    origin=st.none() | origins,
    source=texts,
    stamp=texts,
    parts=st.lists(st.sampled_from(["train", "validation", "test"]), unique=True).map(tuple),
    weighed=st.none() | st.builds(WeighedFile, file=texts, sha256=texts),
)


@given(label=labels)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, label: ModelLabel) -> None:
    path = tmp_path_factory.getbasetemp() / "classes.json"
    label.write(path)
    assert ModelLabel.read(path) == label


def test_a_label_by_hand_needs_classes_and_shape(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    assert label_of(folder) is None
    folder.classes.write_text('{"classes": ["cat", "dog"], "shape": [64, 64, 3]}')
    assert label_of(folder) == ModelLabel(("cat", "dog"), (64, 64, 3))


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("{}", r"got no key 'shape'\. .*copy both"),
        ("<html>", r"got Expecting value.*copy both"),
        ("[]", r"copy both"),
        ('{"classes": 7, "shape": [8, 8, 3]}', r"copy both"),
        ('{"classes": [], "shape": [8, 8]}', r"copy both"),
        ('{"classes": [], "shape": [8, 8, 3], "resize": "bend"}', r"resize is one of .*, got 'bend'"),
        ('{"classes": [], "shape": [8, 8, 3], "resize": []}', r"resize is one of .*, got \[\]"),
        ('{"classes": [], "shape": [8, 8, 3], "origin": {"trial": 3, "colour": 1}}', r"an origin has trial, .*colour"),
        ('{"classes": [], "shape": [8, 8, 3], "origin": {"trial": 3, "phases": 1}}', r"an origin has trial, .*phases"),
    ],
)
def test_damage_is_named(tmp_path: Path, text: str, got: str) -> None:
    path = tmp_path / "classes.json"
    path.write_text(text)
    with pytest.raises(CnnSearchError, match=rf"classes\.json: .*{got}"):
        ModelLabel.read(path)


@pytest.mark.parametrize(
    "rest", [{"data": []}, {"data": {"parts": 3}}, {"model": "model.keras"}, {"model": {"file": 3}}]
)
def test_what_is_no_use_counts_as_missing(tmp_path: Path, rest: dict[str, object]) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps({"classes": [], "shape": [8, 8, 3], **rest}))
    assert ModelLabel.read(path) == ModelLabel((), (8, 8, 3))
