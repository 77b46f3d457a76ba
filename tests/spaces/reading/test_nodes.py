"""Reading YAML: what is refused and why, and where each value stands."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.reading.nodes import MOST_NODES, Mark, Node, read_nodes, scalar_of
from cnnsearch.spaces.reading.source import Source


def told(text: str) -> tuple[str, str]:
    """The first problem of a text, and the part of the text that it points at."""
    try:
        _, problems = read_nodes(text, "f")
    except SpaceError as error:
        problem = error.problems[0]
    else:
        _, problem = problems[0]
    return str(problem), pointed(problem)


def pointed(found: Any) -> str:
    excerpt = found.excerpt
    assert excerpt is not None
    return excerpt.text[excerpt.start : excerpt.start + excerpt.length]


@pytest.mark.parametrize(
    ("text", "message", "meant"),
    [
        ("a:\n\tb: 1", "f:2:1: indentation is made of spaces, got a tab. Replace the tab by spaces.", "\t"),
        ("a:\tb", "f:1:3: spaces separate words, got a tab. Replace the tab by spaces.", "\t"),
        ("a: @x", 'f:1:4: a text without quotes does not begin with `@`, got @x. Put it in quotes: "@x".', "@x"),
        ("a: `x`", "f:1:4: a text without quotes does not begin with ```, got `x`. Put it in quotes:", "`x`"),
        ("a: %20", "a text without quotes does not begin with `%`, got %20. Write a share as a decimal, 20%", "%20"),
        ("%foo\na: 1", "f:1:1: a line that begins with % speaks to YAML itself, got %foo. Put a #", "%foo"),
        ("%YAML 1.1\n---\na: 1", "f:1:1: a space is YAML 1.2, got %YAML 1.1. Take that line away.", "%YAML 1.1"),
        ("%YAML 3.0\n---\na: 1", "f:1:1: a line that begins with % speaks to YAML itself", "%YAML 3.0"),
        ("a: *", "f:1:4: `*` begins an alias, a pointer to a value above, got no name behind it. Put a text", "*"),
        ("a: & b", "f:1:4: `&` begins an anchor, a name for the value after it, got no name", "&"),
        ("a: *.jpg", "f:1:4: an alias follows its anchor, got *.jpg. Put `&.jpg` before a value above, or", "*.jpg"),
        (
            "a: &x",
            'f:1:4: an anchor names the value behind it, got &x alone. Put it in quotes if it is text: "&x"',
            "&x",
        ),
        ("a: &x [*x]", "f:1:8: an alias points to a value above, got *x within &x. Write it out.", "*x"),
        ("a: {{ b }}", "got {'b': None}. Braces in braces are no template here: write the value itself", "{ b }"),
        ("a: {{}: 1}", "Braces in braces are no template here", "{}"),
        ("? [a]\n: 1", "f:1:3: a key is a word, got ['a']. Take the brackets away.", "[a]"),
        ("~: 1", "f:1:1: a key is a word, got nothing (null). Write the key before the colon.", "~"),
        ("true: 1", "f:1:1: a key is a word, got true. Put it in quotes if it is meant.", "true"),
        (
            "a: {lr: 1,5}",
            "f:1:11: a key is a word, got 5. A comma begins the next key: write a decimal with a poin",
            "5",
        ),
        ("a:\n  b:c\n  d: 5", "f:2:3: a colon and a space stand between key and value, got b:c. Write `b: c`.", "b:c"),
        ("a:\n  b: 1\n  d:5", "f:3:3: a colon and a space stand between key and value, got d:5. Write `d: 5`.", "d:5"),
        ("a: {b:c, d: 1}", "f:1:5: a colon and a space stand between key and value, got b:c. Write `b: c`.", "b:c"),
        ("data  # d\nb: x", "f:1:1: a key is followed by a colon, got `data` alone. Write `data:`.", "data"),
        ("data\n  b: x", "f:1:1: a key is followed by a colon, got `data` alone. Write `data:`.", "data"),
        ("a b\nc: d", "f:1:1: each line is a key, a colon and a value, got a b. Write `key: value`", "a b"),
        ("a: x\ny", "f:2:1: a key is followed by a colon and a space, got y. Write key: value, or indent", "y"),
        (
            "a:\n  b: x\n   c: 5",
            "got 3 spaces where line 2 has 2. Indent it by 2 spaces, or leave nothing but `b:`",
            "c",
        ),
        ("a:\n    b: x\n  c: 5", "got 2 spaces. Indent it by 4 spaces like line 2, or by 0 spaces like line 1.", "c:"),
        (
            "a: b: c",
            "f:1:5: a line holds one key and its value, got a second `:`. Put a text with a colon in quot",
            ":",
        ),
        ("a: int: [2, 4]  # b", "got a second `:`. Put braces around a searched value: {int: [2, 4]}.", ":"),
        ("a:\n  b:c  # d\n  d: 5", "f:2:3: a colon and a space stand between key and value, got b:c.", "b:c"),
        ("a: - b", "f:1:4: a list begins on a line of its own, got `-` behind a key. Write it in brackets: [a,", "-"),
        ("a: 1\n- b", "f:2:1: a mapping holds keys with a colon, got an entry of a list (`-`). Indent the list", "-"),
        ("- a\nb: 1", "f:2:1: a list goes on with `-`, got `b:`. Put a dash before it", "b:"),
        ('a: "b" c', "f:1:8: a value ends its line, got `c` behind it. Put quotes around the whole", "c"),
        ("a: [1] 2", "f:1:8: a value ends its line, got `2` behind it. Give it a line of its own", "2"),
        ("a: ]", "f:1:4: a value begins with no `]`, got ]. Take it away, or add the bracket", "]"),
        ("a: [1,,2]", "f:1:7: a value begins with no `,`, got ,. Take the comma away.", ","),
        ("a: [1", "f:1:4: a `[` is closed by `]`, got the end of the text first. Add the `]`", "["),
        ("a: [1,", "f:1:4: a `[` is closed by `]`, got the end of the text first. Add the `]`", "["),
        ("a: {b: [1\nc: 2", "f:1:8: a `[` is closed by `]`, got `:` in line 2 first.", "["),
        (
            "a: [b, c}",
            "f:1:9: entries between `[` and `]` are separated by commas, got `}`. Put a comma before it",
            "}",
        ),
        ("a: 'x", "f:1:4: a quote that opens is closed, got the end of the text before the second '. Close it", "'"),
        (
            'a: "x\nb: 1\nc: "y"',
            "f:1:4: a quote that opens is closed in its line, got one that goes on to line 3.",
            '"',
        ),
        (
            'a: "C:\\photos"',
            "f:1:7: a backslash in double quotes begins an escape such as \\n, got \\p. Write paths",
            "\\p",
        ),
        ("a: | x", "f:1:4: a text after `|` begins on the next line, got | x. Put a text that begins with it", "| x"),
        ("a: >5", "f:1:4: a text after `>` begins on the next line, got >5. Put a text", ">5"),
        (
            "a: !!python/object:os.system ls",
            "got !!python/object:os.system. Nothing in a space can make an obje",
            "!!p",
        ),
        ("a: !foo b", "f:1:4: a value is written without a tag, got !foo. Take the tag away: a value's kind", "!foo"),
        ("a: !!str 5", "got !!str. Take it away and put the text in quotes.", "!!s"),
        ("a: !<x", "f:1:4: a value is written without a tag, got !<x", "!<x"),
        ("a: 0777", 'got 0777. Write 777; in base 8 it would be 0o777; a text goes in quotes: "0777".', "0777"),
        ("a: 008", "f:1:4: a number begins with no zeros, got 008. Write 8; a text goes in quotes", "008"),
        (
            "x: &b {c: 1}\ny:\n  <<: *b",
            "f:3:3: a key is known in the language, got `<<`, a merge of YAML 1.1. Writ",
            "<<",
        ),
        ("a: 1\n---\nb: 2", "f:2:1: a file holds one document, got a second one. Keep one of them", "---"),
        ("a: 1\n...\nb: 2", "f:3:1: a file holds one document, got a second one. Keep one of them", "b"),
        ("a: 1\n{b: 2}", "f:2:1: ", "{b: 2}"),
        ("a: x\n b: \x07", "f:2:5: a space is made of characters that can be seen, got U+0007. Delete it", "\x07"),
        ("[" * 33 + "]" * 33, "f:1:33: a document has at most 32 levels, got more", "["),
    ],
)
def test_what_yaml_stumbles_over_is_said_in_our_words(text: str, message: str, meant: str):
    said, at = told(text)
    assert message in said
    assert at.startswith(meant)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        (".5", 0.5),
        ("0", 0),
        ("0.0", 0.0),
        ("00.5", 0.5),
        ("0x1F", 31),
        ("0o17", 15),
        ("yes", "yes"),
        ("Off", "Off"),
        ("no", "no"),
        ("True", True),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("20%", "20%"),
        ("2024-01-01", "2024-01-01"),
        ("None", "None"),
        ("Null", None),
        ("nan", "nan"),
        ("-.inf", float("-inf")),
        ("=", "="),
    ],
)
def test_a_scalar_means_what_the_core_schema_says(text: str, value: Any):
    root, problems = read_nodes(f"- {text}", "f")
    assert root is not None
    assert root.plain() == [value]
    assert type(scalar_of(text)) is type(value)
    assert problems == []


def test_a_merge_and_a_glued_key_are_read_as_they_were_meant_so_that_nothing_else_is_reported():
    root, problems = read_nodes("a: &b {c: 1, d: 2}\ne: {<<: *b, d: 3}\nf: {g:5}", "f")
    assert root is not None
    assert root.plain() == {"a": {"c": 1, "d": 2}, "e": {"c": 1, "d": 3}, "f": {"g": 5}}
    assert len(problems) == 2


def test_an_alias_stands_where_it_is_written_and_its_inside_where_that_is():
    root, _ = read_nodes("a: &x {b: 5}\nc: *x\n", "f")
    assert root is not None
    alias = root.content["c"]
    assert (alias.mark.where, pointed(alias.mark)) == ("f:2:4", "*x")
    assert (alias.content["b"].mark.where, pointed(alias.content["b"].mark)) == ("f:1:11", "5")
    assert pointed(root.content["a"].mark) == "{b: 5}"


def test_empty_values_stand_at_their_key_and_long_ones_where_they_begin():
    text = "a:\n\n# remark\nb: |\n  text\n  more\nc: two\n  words\nd: 'x\n  y'\n"
    text += "e: 5   # remark\nf:\n  - 1\n  -\ng: {h: }\n"
    root, _ = read_nodes(text, "f")
    assert root is not None
    marks = {key: (node.mark.where, pointed(node.mark)) for key, node in root.content.items()}
    assert marks == {
        "a": ("f:1:1", "a"),
        "b": ("f:4:4", "|"),
        "c": ("f:7:4", "two"),
        "d": ("f:9:4", "'x"),
        "e": ("f:11:4", "5"),
        "f": ("f:13:3", "-"),
        "g": ("f:15:4", "{h: }"),
    }
    assert root.content["g"].content["h"].mark.where == "f:15:5"


def test_windows_line_ends_and_a_byte_order_mark_move_nothing():
    root, _ = read_nodes("\ufeffa: 1\r\nb: 語 x\r\nc:\r\n  d: 2\r\n", "f")
    assert root is not None
    assert pointed(root.content["a"].mark) == "1"
    assert pointed(root.content["b"].mark) == "語 x"
    assert pointed(root.content["c"].mark) == "d"


words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
trees = st.recursive(
    words.map(lambda word: f"s{word}"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words.map(lambda word: f"k{word}"), inner, max_size=4),
    max_leaves=20,
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def block(tree: Any, indent: int, flow: bool) -> str:
    """The tree as YAML: quoted scalars, blocks on the outside, braces inside where asked for; remarks between."""
    pad = "\n" + " " * indent
    if isinstance(tree, dict) and tree and not flow:
        lines = (f"{quoted(key)}: {block(value, indent + 2, len(key) % 2 == 0)}  # x" for key, value in tree.items())
        return pad + f"{pad}# remark{pad}".join(lines)
    if isinstance(tree, list) and tree and not flow:
        return pad + pad.join(f"- {block(value, indent + 2, True)}" for value in tree)
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{quoted(key)}: {block(value, 0, True)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(block(value, 0, True) for value in tree) + "]"
    return quoted(tree)


def scalars(node: Node) -> Iterator[tuple[str, Mark]]:
    """Every key and scalar text below, with its mark."""
    if isinstance(node.content, dict):
        yield from node.key_marks.items()
        for child in node.content.values():
            yield from scalars(child)
    elif isinstance(node.content, list):
        for child in node.content:
            yield from scalars(child)
    else:
        yield node.content, node.mark


@given(trees, st.booleans())
def test_every_mark_points_at_its_text(tree: Any, flow: bool):
    text = block(tree, 0, flow)
    root, problems = read_nodes(text, "f")
    assert root is not None
    assert problems == []
    assert root.plain() == tree
    for value, mark in scalars(root):
        line, column = map(int, mark.where.split(":")[1:])
        assert pointed(mark) == quoted(value)
        assert Source(text, "f").line(line - 1)[column - 1 :].startswith(quoted(value))


@given(st.text() | st.text(st.sampled_from(" \t\n\r-:,?&*!|>'\"%@`#[]{}<=0.e_ax\\\x00\x85\u2028\ufeff"), max_size=60))
def test_no_text_ends_in_anything_but_nodes_or_problems(text: str):
    try:
        _, problems = read_nodes(text, "f")
        found = [problem for _, problem in problems]
    except SpaceError as error:
        found = list(error.problems)
    for problem in found:
        assert "must be valid YAML" not in problem.rule
        excerpt = problem.excerpt
        assert excerpt is not None
        assert excerpt.length >= 1
        assert 0 <= excerpt.start <= len(excerpt.text)


NEAR_MOST = 256 * 1024 - 16
WORST = {
    "open brackets": "[" * NEAR_MOST,
    "open mappings": "{a: " * (NEAR_MOST // 4),
    "dashes": "- " * (NEAR_MOST // 2),
    "question marks": "? " * (NEAR_MOST // 2),
    "an unclosed mapping": "{" + "a\n" * (NEAR_MOST // 2),
    "an unclosed quote": 'k: "' + "a\n" * (NEAR_MOST // 2 - 2),
    "a long key": "a" * NEAR_MOST + ": 1",
    "a long number": "a: " + "1" * NEAR_MOST,
    "a long exponent": "a: 1e" + "9" * (NEAR_MOST - 5),
    "one key again and again": "a: 1\n" * (NEAR_MOST // 5),
    "wrong keys in one line": "{" + "01: 1," * 4900 + "}",
    "directives": "%FOO\n" * (NEAR_MOST // 5),
    "tags": "- !a b\n" * (NEAR_MOST // 7),
    "tags without spaces": "[" + "!a," * (NEAR_MOST // 3),
    "anchors": "[" + "&a," * (NEAR_MOST // 3),
    "blank lines in a text": "k: |\n" + "  \n" * (NEAR_MOST // 3 - 2),
    "spaces": " " * NEAR_MOST + "x",
    "colons": "a:b" * (NEAR_MOST // 3 - 3) + "\nb: 1",
}


@pytest.mark.timeout(30)  # measured: 0.45 s at most
@pytest.mark.parametrize("name", WORST)
def test_the_worst_shapes_of_a_file_are_read_or_refused_quickly(name: str):
    said, count = "", 0
    try:
        root, _ = read_nodes(WORST[name], "f")
        count = root.count if root is not None else 0
    except SpaceError as error:
        said = str(error)
    assert count <= MOST_NODES
    assert len(said) < 400
