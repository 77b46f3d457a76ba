"""The terminal's view of an examination."""

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from cnnsearch.reports.doctor.table import examination_text
from cnnsearch.search.dataset.sources.layout import LabelledImage
from cnnsearch.search.doctor.doctor import Examination
from cnnsearch.search.doctor.examine import Examined, Look
from cnnsearch.search.doctor.findings import Finding, Subject
from cnnsearch.search.doctor.kinds import Kind


def examination(*findings: Finding, classes: int = 2) -> Examination:
    names = [f"class{number:03d}" for number in range(classes)]
    files = tuple(
        Examined(LabelledImage(f"{name}/1.jpg", name), 9, name, Look("JPEG", "RGB", 40 + row, 60, 99))
        for row, name in enumerate(names)
    )
    return Examination("photos", {name: {"": 1} for name in names}, files, findings, ("links not followed: 1",))


def singles(kind: Kind, names: Sequence[str]) -> Finding:
    return Finding(kind, tuple((Subject(name, "is empty"),) for name in names))


def printed(found: Examination, width: int, *, color: bool = False) -> str:
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=color, highlight=False, emoji=False).print(examination_text(found))
    return file.getvalue()


def test_the_whole_view() -> None:
    pair = (Subject("a/1.jpg", "", "a"), Subject("b/1.jpg", "", "b"))
    found = examination(singles(Kind.EMPTY_FILE, ["a/2.jpg"]), Finding(Kind.NEAR_TWO_LABELS, (pair,)))
    lines = [line.rstrip() for line in printed(found, 120).splitlines()]
    assert lines[:13] == [
        "photos: 2 images of 2 classes",
        "",
        "class     images",
        "class000       1",
        "class001       1",
        "",
        "heights     40 to 41 pixels, median 40",
        "widths      60 pixels",
        "formats     JPEG 2",
        "modes       RGB 2",
        "left aside  links not followed: 1",
        "",
        "error  Empty files  empty-file: 1 file",
    ]
    assert "    a/2.jpg  is empty" in lines
    assert "warning  Nearly the same image under two labels  near-two-labels: 1 set, 2 files" in lines
    assert "    a/1.jpg (a) ~ b/1.jpg (b)" in lines
    assert lines[-1] == "Found: 1 error and 1 warning."


def test_a_healthy_set_is_said_to_be_one() -> None:
    assert printed(examination(), 80).splitlines()[-1] == "Healthy: no errors, no warnings."
    noted = examination(singles(Kind.CLUTTER, ["Thumbs.db"]))
    assert printed(noted, 80).splitlines()[-1] == "Healthy: no errors, no warnings, 1 note."


def test_long_lists_are_cut_and_say_so() -> None:
    copies = Finding(Kind.DUPLICATES, (tuple(Subject(f"a/{number}.jpg") for number in range(50)),))
    text = printed(examination(singles(Kind.BLANK, [f"{n}.jpg" for n in range(1005)]), copies, classes=120), 120)
    assert "and 1,000 more (--json lists all)" in text
    assert "a/5.jpg and 44 more" in text
    assert "and 100 more (--json lists all)" in text
    assert "class019" in text
    assert "class020" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_lines_keep_to_the_width_and_names_stay_whole(width: int) -> None:
    name = "train/" + "long-name-" * 20 + ".jpg"
    text = printed(examination(singles(Kind.EMPTY_FILE, [name])), width)
    assert max(map(len, text.splitlines())) <= width
    assert name in "".join(line.strip() for line in text.splitlines())


def test_names_can_neither_steer_the_terminal_nor_be_markup() -> None:
    names = ["\x1b[2J.jpg", "a\nb.jpg", "[red]x[/red].jpg", "\u202egpj.exe", "caf\udce9.jpg"]
    text = printed(examination(singles(Kind.EMPTY_FILE, names)), 120)
    for shown in (r"\x1b[2J.jpg", r"a\nb.jpg", "[red]x[/red].jpg", r"\u202egpj.exe", r"caf\udce9.jpg"):
        assert shown in text
    assert "\x1b" not in text


def test_colours_are_for_terminals_alone() -> None:
    found = examination(singles(Kind.EMPTY_FILE, ["a.jpg"]))
    assert "\x1b[31merror\x1b[0m" in printed(found, 80, color=True)
    assert "\x1b" not in printed(found, 80)


def test_a_long_set_names_one_of_each_part() -> None:
    copies = tuple(Subject(f"train/{number}.jpg", "", "a", "train") for number in range(7))
    found = examination(Finding(Kind.LEAK, ((*copies, Subject("val/1.jpg", "", "a", "validation")),)))
    text = printed(found, 300)
    assert "train/4.jpg (train) = val/1.jpg (validation) and 2 more" in text
    assert "train/5.jpg" not in text
