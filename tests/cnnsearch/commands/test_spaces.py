"""`cnnsearch spaces` and `cnnsearch schema`, as functions and as commands."""

import json

import pytest

from cnnsearch.commands.schema import schema
from cnnsearch.commands.spaces import described, first_sentence, space_text
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space, loads_space, shipped_spaces
from tests.cnnsearch.command_line import CommandLine


def test_the_list_names_every_space_with_its_first_sentence_and_its_size(command_line: CommandLine):
    command_line.environment["COLUMNS"] = "300"
    out = command_line.good("spaces")
    lines = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert set(lines) == set(shipped_spaces())
    assert out.splitlines()[0].split() == ["space", "parameters", "configurations", "what", "it", "is"]
    assert described("basic").about in lines["basic"]
    assert lines["basic"].split()[1] == str(len(load_space("basic").parameters))


def test_the_list_as_json(command_line: CommandLine):
    found = json.loads(command_line.good("spaces", "--json"))
    assert [space["name"] for space in found] == shipped_spaces()
    assert found[shipped_spaces().index("basic")]["configurations"] is None


def test_a_name_prints_the_file_as_it_is_so_that_it_can_be_copied(command_line: CommandLine):
    text = command_line.good("spaces", "basic")
    assert text == space_text("basic.yaml")
    assert loads_space(text, "basic") == load_space("basic")
    assert text.startswith("# yaml-language-server: $schema=space.schema.json\n# ")


@pytest.mark.parametrize("name", shipped_spaces())
def test_every_shipped_space_says_what_it_is(name: str):
    assert described(name).about.endswith(".")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(
        CnnSearchError, match=r"^NAME: a shipped space must have this name, got 'bassic'\. Did you mean"
    ):
        space_text("bassic")
    with pytest.raises(CnnSearchError, match=r"got '\.\./basic'\. .*The shipped spaces are .*basic"):
        space_text("../basic")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# yaml-language-server: $schema=x\n# One. Two.\n", "One."),
        ("# A space\n# in two lines.\n# More.\nversion: 1\n", "A space in two lines."),
        ("# Version 2.0 of it: ready\n\n# Another.\n", "Version 2.0 of it: ready"),
        ("version: 1  # no.\n", ""),
    ],
)
def test_the_first_sentence_of_a_comment(text: str, sentence: str):
    assert first_sentence(text) == sentence


def test_the_schema_goes_beside_a_file_of_ones_own(command_line: CommandLine):
    text = command_line.good("schema")
    assert text == schema()
    assert json.loads(text)["title"] == "A space of cnnsearch"
