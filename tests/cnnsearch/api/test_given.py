"""What is given to `cnnsearch.run` becomes what the space language takes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnsearch.api.given import plain_value, settings_of, space_given
from cnnsearch.spaces.errors import CnnSearchError, SpaceError
from cnnsearch.spaces.load import load_space

SPACE = {
    "data": {"source": Path("photos"), "image_size": (64, 48)},
    "model": {"scratch": {"blocks": {"int": [2, np.int64(4)]}, "dropout": np.float64(0.25)}},
}


def test_a_mapping_is_the_space_that_its_text_would_be() -> None:
    document = space_given(SPACE, [], allow_code=False).document
    assert (document.data.source, list(document.data.image_size)) == ("photos", [64, 48])
    assert [p.name for p in space_given(SPACE, [], allow_code=False).parameters] == ["model.scratch.blocks"]


def test_a_name_and_a_path_are_those_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("data: {source: x}\nmodel: scratch\n", encoding="utf-8")
    assert space_given("basic", [], allow_code=False) == load_space("basic")
    assert space_given(tmp_path / "my.yaml", [], allow_code=False).name == "my"


def test_settings_and_options_become_overrides_of_which_options_win() -> None:
    settings = settings_of({"training.epochs": 5, "search.trials": 9, "head.dense": (8,)}, Path("a b"), 3, 1800)
    assert settings == [
        "training.epochs=5",
        "search.trials=9",
        "head.dense=[8]",
        'data.source="a b"',
        "search.trials=3",
        "search.time=1800",
    ]
    document = space_given(SPACE, settings, allow_code=False).document
    assert (document.training.epochs, document.search.trials, document.search.time) == (5, 3, 1800.0)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (3, "space: a space is a file, a shipped one's name, a mapping or a keras_tuner.HyperModel, got int"),
        ({"data": {"source": print}}, "space.data.source: a value is a text, .* got builtin_function_or_method"),
        ({1: 2}, "space: its keys are texts, got 1"),
        ({"model": "scratch"}, "space.*`data`"),
    ],
)
def test_what_is_no_space_is_told(space: Any, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        space_given(space, [], allow_code=False)


def test_a_mistake_in_a_mapping_is_told_by_its_key() -> None:
    with pytest.raises(SpaceError, match=r"a key must be known in `model`, got `scrtch`\. Did you mean `scratch`\?"):
        space_given({**SPACE, "model": {"scrtch": {}}}, [], allow_code=False)


def test_arrays_are_refused_with_the_way_to_give_them() -> None:
    with pytest.raises(CnnSearchError, match=r'data: it names images .* got ndarray\. .*np\.savez\("images\.npz"'):
        settings_of(None, np.zeros(3), None, None)  # type: ignore[arg-type]


def test_settings_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(CnnSearchError, match="set: settings are a mapping of dotted keys, got list"):
        settings_of(["training.epochs=5"], None, None, None)  # type: ignore[arg-type]


def test_plain_values_stay_what_they_are() -> None:
    value = {"a": [1, 2.5, True, None, "text"]}
    assert plain_value(value, "x") == value
