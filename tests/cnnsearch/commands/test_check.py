"""`cnnsearch check` and `cnnsearch render`, as functions."""

import pytest

from cnnsearch.commands.check import check
from cnnsearch.commands.render import render
from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import load_space, loads_space


def test_check_says_how_much_there_is_to_search():
    assert check("basic", ["search.trials=8", "search.time=1h30m"]) == (
        "basic is valid. It searches 14 parameters, 4 of them in every trial; its branches are model (scratch, vgg16) "
        "and optimizer (sgd, adam, rmsprop). A continuous range makes its distinct configurations uncountable. "
        "The search makes 8 trials, for 1h30m at most (sampler gp, pruner patient)."
    )


def test_check_knows_one_trial():
    assert check("basic", ["search.trials=1"]).endswith("The search makes 1 trial (sampler gp, pruner patient).")


def test_check_counts_distinct_configurations():
    assert "It has 4 distinct configurations." in check(
        "basic",
        ["model=vgg16", "optimizer=adam", "optimizer.adam.learning_rate=0.001", "head.dense=[{choice: [8, 16]}]"],
    )


def test_check_knows_a_configuration(tmp_path):
    path = tmp_path / "fixed.yaml"
    path.write_text("data: {source: photos}\nmodel: vgg16\n", encoding="utf-8")
    assert "Nothing in it is searched" in check(str(path))


def test_check_refuses_a_wrong_space_with_its_problems():
    with pytest.raises(SpaceError, match=r"--set data\.colour=rgb: a key must be known in `data`, got `colour`"):
        check("basic", ["data.colour=rgb"])


def test_render_fills_in_every_default_and_loads_back():
    text = render("basic", ["search.trials=8"])
    assert "min_delta: 0.0" in text  # left out in the file
    assert loads_space(text, "basic") == load_space("basic", ["search.trials=8"])
