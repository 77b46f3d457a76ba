"""Charts become SVG and PNG files that say the same; what is no longer drawn goes away."""

import io
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from cnnsearch.reports.charts import files
from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.files import charts_written, png_bytes, svg_text
from cnnsearch.reports.charts.frame import drawing
from cnnsearch.reports.charts.marks import bar, words


def chart(name: str, title: str = "A title", text: str = "words") -> Chart:
    parts = [bar(0, 0, 200, 50, "failed"), words((10, 80), text)]
    return Chart(name, title, "told", drawing(parts, "told", 100))


def write_charts(folder: Path, charts: Sequence[Chart]) -> None:
    with charts_written(folder, charts):
        pass


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_chart_becomes_two_files(tmp_path: Path) -> None:
    write_charts(tmp_path / "report", [chart("a"), chart("b")])
    assert names(tmp_path / "report") == ["a.png", "a.svg", "b.png", "b.svg"]


def test_a_picture_is_twice_as_large_and_on_white_ground(tmp_path: Path) -> None:
    write_charts(tmp_path, [chart("a")])
    with Image.open(tmp_path / "a.png") as picture:
        pixels = picture.convert("RGB")
    assert pixels.width == 2 * (720 + 32)
    assert pixels.getpixel((2, 2)) == (255, 255, 255)
    assert pixels.getpixel((2 * 116, 2 * 54)) == (0xC0, 0x26, 0x4B)


def test_text_is_drawn_without_any_font_of_the_system() -> None:
    pixels = [Image.open(io.BytesIO(png_bytes(svg_text(chart("a", text=text))))).tobytes() for text in ("", "words")]
    assert pixels[0] != pixels[1]


def test_on_dark_ground_colours_are_others() -> None:
    with Image.open(io.BytesIO(png_bytes(svg_text(chart("a"), dark=True)))) as picture:
        assert picture.convert("RGB").getpixel((2, 2)) == (0x1B, 0x21, 0x2B)


def test_charts_that_are_gone_lose_their_files_and_other_pictures_stay(tmp_path: Path) -> None:
    write_charts(tmp_path, [chart("old"), chart("kept")])
    (tmp_path / "photo.png").write_bytes(b"mine")
    write_charts(tmp_path, [chart("kept")])
    assert names(tmp_path) == ["kept.png", "kept.svg", "photo.png"]


def test_an_unchanged_chart_is_not_rendered_again(tmp_path: Path) -> None:
    write_charts(tmp_path, [chart("a")])
    (tmp_path / "a.png").write_bytes(b"as it was")
    write_charts(tmp_path, [chart("a")])
    assert (tmp_path / "a.png").read_bytes() == b"as it was"


def test_a_changed_chart_and_a_lost_picture_are_rendered(tmp_path: Path) -> None:
    write_charts(tmp_path, [chart("a"), chart("b")])
    (tmp_path / "a.png").write_bytes(b"as it was")
    (tmp_path / "b.png").unlink()
    write_charts(tmp_path, [chart("a", text="other words"), chart("b")])
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("a.png", "b.png"))


def test_markup_in_words_stays_text_and_what_no_document_may_have_is_replaced(tmp_path: Path) -> None:
    write_charts(tmp_path, [chart("a", "<script>alert(1)</script>", "</text><script>\x00\ufffe\uffff")])
    root = ET.fromstring((tmp_path / "a.svg").read_text(encoding="utf-8"))
    svg = "{http://www.w3.org/2000/svg}"
    assert [text.text for text in root.iter(f"{svg}text")] == [
        "<script>alert(1)</script>",
        "</text><script>\\x00\ufffd\ufffd",
    ]
    assert not list(root.iter(f"{svg}script"))


def test_names_in_other_scripts_are_drawn(tmp_path: Path) -> None:
    write_charts(tmp_path, [chart("a", "猫と犬", "кошка")])
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_process_renders_while_something_else_is_done(tmp_path: Path) -> None:
    charts = [chart(name, text=name * 5) for name in "abcd"]
    with charts_written(tmp_path, charts):
        written_by_a_process(tmp_path / "d.svg")
    assert names(tmp_path) == sorted(f"{name}.{kind}" for name in "abcd" for kind in ("png", "svg"))
    assert png_bytes(svg_text(charts[3])) == (tmp_path / "d.png").read_bytes()


def test_what_the_process_cannot_do_is_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "RENDERING", "cnnsearch.no_such_module")
    write_charts(tmp_path, [chart(name) for name in "abcd"])
    assert len(names(tmp_path)) == 8


def written_by_a_process(path: Path) -> None:
    """Wait for a file that nobody here writes; the test's time limit ends what never comes."""
    while not path.is_file():
        time.sleep(0.01)
