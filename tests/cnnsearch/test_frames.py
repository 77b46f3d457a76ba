"""Problems as they are drawn on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cnnsearch.frames import MOST_FRAMES, problem_frame, problem_frames, window
from cnnsearch.spaces.errors import Excerpt, Problem, SpaceError
from cnnsearch.spaces.load import loads_space


def drawn(text: str, *overrides: str, width: int = 60) -> list[str]:
    with pytest.raises(SpaceError, match=": ") as caught:
        loads_space(text, "f", overrides)
    return "\n".join(frame.plain for frame in problem_frames(caught.value.problems, width)).splitlines()


def test_a_problem_is_drawn_as_where_rule_line_caret_and_advice():
    *lines, advice = drawn("data: {source: x}\nmodel:\n    vgg61:\n")
    assert advice.startswith("Did you mean `vgg16` or `vgg19`?")
    assert lines == [
        "f.yaml:3:5",
        "a key must be known in `model`, got `vgg61`",
        " 3 │     vgg61:",
        "   │     ^~~~~",
    ]


def test_an_option_is_drawn_with_a_caret_too():
    assert drawn("data: {source: x}\nmodel: vgg16\n", "search.trails=5")[:4] == [
        "command line",
        "a key must be known in `search`, got `trails`",
        "    --set search.trails=5",
        "                 ^~~~~~",
    ]


def test_where_rule_and_advice_are_told_apart_by_their_looks():
    frame = problem_frame(Problem("f:1:1", "rule", "advice", Excerpt("abc", 1, 2, 1)), 40, 1)
    styles = {frame.plain[span.start : span.end].strip(): str(span.style) for span in frame.spans}
    assert styles["f:1:1"] == "bold"
    assert styles["^~"] == "bold red"
    assert styles["advice"] == "green"


def test_a_problem_without_a_line_is_drawn_without():
    assert problem_frame(Problem("data.source", "a rule", "an advice"), 40, 0).plain == "data.source\na rule\nan advice"


def test_numbers_of_lines_are_set_right_and_frames_are_apart():
    problems = [Problem(f"f:{n}:1", "rule", "", Excerpt("a", 0, 1, n)) for n in (9, 10)]
    assert "\n".join(frame.plain for frame in problem_frames(problems, 40)).splitlines() == [
        *("f:9:1", "rule", "  9 │ a", "    │ ^", ""),
        *("f:10:1", "rule", " 10 │ a", "    │ ^"),
    ]


def test_of_many_problems_the_first_are_drawn_and_the_rest_counted():
    problems = [Problem(f"f:{n}:1", "rule") for n in range(MOST_FRAMES + 12)]
    frames = problem_frames(problems, 40)
    assert len(frames) == MOST_FRAMES + 1
    assert frames[-1].plain.strip() == "and 12 more"
    assert len(problem_frames(problems[:MOST_FRAMES], 40)) == MOST_FRAMES


@pytest.mark.parametrize(
    ("excerpt", "shown"),
    [
        (Excerpt("abc", 1, 1), ("abc", 1, 1)),
        (Excerpt("\tb: 1", 1, 1), ("    b: 1", 4, 1)),
        (Excerpt("\tb: 1", 0, 1), ("    b: 1", 0, 4)),
        (Excerpt("語: 語語", 3, 2), ("語: 語語", 4, 4)),
        (Excerpt("a\x1b[31mb", 1, 1), (r"a\x1b[31mb", 1, 4)),
        (Excerpt("abc", 3, 1), ("abc", 3, 1)),
        (Excerpt("", 0, 1), ("", 0, 1)),
        (Excerpt("0123456789" * 3, 0, 3), ("012345678901234567…", 0, 3)),
        (Excerpt("0123456789" * 3, 27, 3), ("…234567890123456789", 16, 3)),
        (Excerpt("0123456789" * 3, 14, 3), ("012345678901234567…", 14, 3)),
        (Excerpt("x" * 100_000 + "mark" + "y" * 100_000, 100_000, 4), ("…xxxxxxxmarkyyyyyyy…", 8, 4)),
        (Excerpt("a: " + "y" * 100_000, 3, 100_000), ("a: yyyyyyyyyyyyyyy…", 3, 15)),
    ],
)
def test_a_line_is_shown_around_what_is_meant(excerpt: Excerpt, shown: tuple[str, int, int]):
    assert window(excerpt, 20) == shown


@given(st.text(st.characters(blacklist_characters="\r\n"), max_size=60), st.data(), st.integers(8, 40))
def test_a_line_always_fits_and_its_caret_stands_under_it(text: str, data: st.DataObject, width: int):
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(1, max(1, len(text) - start)))
    line, column, cells = window(Excerpt(text, start, length), width)
    assert cell_len(line) <= max(width, 12)
    assert 0 <= column <= cell_len(line)
    assert column + cells <= max(cell_len(line), column + 1)
