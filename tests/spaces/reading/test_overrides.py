"""Values set on the command line."""

from typing import Any

import pytest

from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import loads_space

TEXT = """\
data: {source: photos}
model:
  choice:
    scratch: {blocks: {int: [2, 4]}, filters: {choice: [8, 16]}}
    vgg16: {trainable_from: block5}
head: {dense: [{units: 64}, 32]}
optimizer: {choice: [adam, sgd]}
"""


def tree_with(*overrides: str) -> dict[str, Any]:
    """The space with these values set."""
    return loads_space(TEXT, "f", overrides).tree


def test_a_dotted_key_reaches_into_sections_branches_and_lists():
    tree = tree_with(
        "data.image_size=[64,48]",
        "model.scratch.blocks=3",
        "head.dense.0.units=128",
        "search.trials=8",
        "optimizer.sgd.momentum=0.9",
        "model.scratch.filters={int: [4, 8]}",
    )
    assert tree["data"]["image_size"] == [64, 48]
    assert tree["model"]["choice"]["scratch"]["blocks"] == 3
    assert tree["model"]["choice"]["scratch"]["filters"] == {"int": [4, 8]}
    assert tree["head"]["dense"][0]["units"] == 128
    assert tree["search"]["trials"] == 8
    assert tree["optimizer"]["choice"]["sgd"]["momentum"] == 0.9


def test_a_branch_taken_by_its_name_keeps_its_settings():
    assert tree_with("model=vgg16")["model"]["vgg16"]["trainable_from"] == "block5"
    assert list(tree_with("optimizer=rmsprop")["optimizer"]) == ["rmsprop"]


def test_a_new_branch_joins_the_choice():
    choice = tree_with("model.mobilenet.alpha=0.25", "optimizer.rmsprop=")
    assert choice["model"]["choice"]["mobilenet"]["alpha"] == 0.25
    assert set(choice["model"]["choice"]) == {"scratch", "vgg16", "mobilenet"}
    assert set(choice["optimizer"]["choice"]) == {"adam", "sgd", "rmsprop"}


def test_the_last_of_two_values_for_one_key_holds():
    assert tree_with("search.trials=8", "search.trials=9")["search"]["trials"] == 9


def test_a_value_may_be_null_or_hold_an_equals_sign():
    assert tree_with("training.early_stopping=null")["training"]["early_stopping"] is None
    assert tree_with("training.early_stopping=")["training"]["early_stopping"] is None
    assert tree_with("data.source=a=b")["data"]["source"] == "a=b"


def test_setting_one_alias_leaves_the_other_alone():
    text = TEXT + "augment: {zoom: &strength {float: [0.0, 0.2]}, shear: *strength}\n"
    augment = loads_space(text, "f", ["augment.zoom.float=[0.0, 0.5]"]).tree["augment"]
    assert augment["zoom"] == {"float": [0.0, 0.5]}
    assert augment["shear"] == {"float": [0.0, 0.2]}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("search.trials", r"a setting must be KEY=VALUE, got 'search\.trials'\. Write it like --set"),
        ("=5", r"a setting must be KEY=VALUE, got '=5'"),
        ("search..trials=5", r"a setting must be KEY=VALUE, got"),
        ("search.trails=5", r"a key must be known in `search`, got `trails`\. Did you mean `trials`\?"),
        ("search.trials=many", r"`search\.trials` must be a whole number, got \"many\""),
        ("search.trials=[", r"a `\[` is closed by `\]`, got the end of the text first"),
        ("head.dense.7.units=5", r"`head\.dense` has 2 entries, the first is 0, got `7`"),
        ("head.dense.1.units=5", r"`head\.dense\.1` must have keys inside, got 32\. Set the whole of it\."),
        ("model.mobilenet=5", r"`model\.mobilenet` must be a mapping of keys to values, got 5"),
    ],
)
def test_a_wrong_setting_is_named_as_it_was_given(override: str, message: str):
    with pytest.raises(SpaceError, match=message) as caught:
        loads_space(TEXT, "f", [override])
    assert all(problem.where == f"--set {override}" for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("search.trails=5", "trails"),
        ("serach.trials=5", "serach"),
        ("search.trials=many", "many"),
        ("head.dense.7.units=5", "7"),
        ("model.scratch.blocks={int: [1, many]}", "many"),
        ("data.image_size=[", "["),
        ("data.source=", "source"),
        ("keep", "keep"),
        ("data.source=\n 5", "5"),
        ("data.source=[\n5", "["),
    ],
)
def test_the_part_of_the_option_that_is_meant_is_pointed_at(override: str, meant: str):
    with pytest.raises(SpaceError, match="--set ") as caught:
        loads_space(TEXT, "f", [override])
    excerpt = caught.value.problems[0].excerpt
    assert excerpt is not None
    assert excerpt.line is None
    assert excerpt.text[excerpt.start : excerpt.start + excerpt.length] == meant
