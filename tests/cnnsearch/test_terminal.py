"""What goes out to the terminal: nothing in it steers the terminal; errors are blocks there and lines in a pipe."""

import os
import pty
import subprocess
import sys
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from cnnsearch import terminal
from cnnsearch.spaces import load
from cnnsearch.spaces.errors import CnnSearchError, Problem, SpaceError

PROBLEMS = [
    Problem("space.yaml:3:5", "no key of model.scratch is called 'filtres'", "The nearest is 'filters'."),
    Problem("space.yaml:9:1", "trials must be at least 1, got 0"),
]


@pytest.fixture(autouse=True)
def _fresh_consoles() -> Iterator[None]:
    terminal.output.cache_clear()
    terminal.errors.cache_clear()
    yield
    terminal.output.cache_clear()
    terminal.errors.cache_clear()


def on_a_terminal(code: str) -> str:
    """What a program prints where its stdout and stderr are a terminal."""
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", code], stdout=theirs, stderr=theirs, check=True)
    os.close(theirs)
    printed = b""
    try:
        while part := os.read(ours, 65536):
            printed += part
    except OSError:  # the other end is closed and all is read
        pass
    os.close(ours)
    return printed.decode()


@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    shown = terminal.one_line(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    shown.encode("utf-8")


@given(st.text())
@example("[red]\\")
def test_text_between_tags_is_shown_as_it_is(text: str) -> None:
    shown = Text.from_markup(f"[bold]{terminal.markup(text)}[/bold]", emoji=False)
    assert shown.plain == terminal.plain(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines", "two\nlines"),
        ("a\rb", r"a\rb"),
        ("cat\u202egpj.exe", r"cat\u202egpj.exe"),
        ("\udcff.jpg", r"\udcff.jpg"),
        ("Zoë 👩\u200d🔬 語", "Zoë 👩\u200d🔬 語"),
    ],
)
def test_plain_spells_out_what_cannot_be_seen(text: str, shown: str) -> None:
    assert terminal.plain(text) == shown


def test_one_line_spells_out_line_ends() -> None:
    assert terminal.one_line("a\nb\tc") == r"a\nb\tc"


def test_long_lines_and_brackets_go_out_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    line = "[red]" + "x" * 500 + "[/red] :cat: 3/4 'text'"
    terminal.say(line)
    assert capsys.readouterr() == (line + "\n", "")


def test_warnings_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.warn("3 images were skipped")
    assert capsys.readouterr() == ("", "warning: 3 images were skipped\n")


def test_each_problem_is_one_plain_line_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.complain(SpaceError(PROBLEMS))
    assert capsys.readouterr().err.splitlines() == [f"error: {problem}" for problem in PROBLEMS]


def test_an_error_without_a_message_is_named_by_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.complain(CnnSearchError())
    assert capsys.readouterr().err == "error: CnnSearchError\n"


def test_an_error_is_a_block_on_a_terminal() -> None:
    printed = on_a_terminal(
        "from cnnsearch import terminal; from cnnsearch.spaces.errors import Problem, SpaceError;"
        f"terminal.complain(SpaceError({PROBLEMS!r}))"
    )
    assert "2 errors" in printed
    assert "space.yaml:3:5" in printed
    assert "The nearest is 'filters'." in printed
    assert "╭" in printed
    assert "\x1b[1m" in printed  # bold: where


def test_the_line_of_the_file_stands_in_the_block_and_not_in_the_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    code = "from cnnsearch import terminal; from cnnsearch.spaces import load, errors\n"
    code += "try: load.loads_space('data: {source: x}\\nmodel: {vgg61: {}}', 'f')\n"
    code += "except errors.SpaceError as error: terminal.complain(error)"
    printed = on_a_terminal(code)
    assert "model: {vgg61: {}}" in printed
    assert "^~~~~" in printed
    with pytest.raises(SpaceError, match="vgg61") as caught:
        load.loads_space("data: {source: x}\nmodel: {vgg61: {}}", "f")
    terminal.complain(caught.value)
    assert capsys.readouterr().err.splitlines() == [f"error: {problem}" for problem in caught.value.problems]


def test_a_table_in_a_pipe_keeps_its_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS")
    table = Table("trial", "why it ended")
    table.add_row("7", "a" * 150)
    terminal.show(table)
    assert "a" * 150 in capsys.readouterr().out


def test_a_name_that_the_encoding_lacks_does_not_end_the_program() -> None:
    code = "from cnnsearch import terminal; terminal.say('語.jpg')"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "\\u8a9e.jpg\n"
