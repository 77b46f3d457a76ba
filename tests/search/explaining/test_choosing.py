"""Which photos are shown of all that a model was asked about."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.explaining.choosing import (
    Predicted,
    least_sure,
    most_wrong,
    read_predicted,
    rows_of,
    surely_right,
)

SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3)
ASKED = st.lists(
    st.builds(
        lambda label, shares: Predicted("x", label, max(range(3), key=shares.__getitem__), tuple(shares)),
        st.integers(0, 2),
        SHARES,
    ),
    max_size=40,
)


def asked(image: str, label: int, first: float) -> Predicted:
    return Predicted(image, label, int(first < 0.5), (first, 1 - first))


@given(ASKED)
def test_the_most_confident_mistakes_come_first(photos: list[Predicted]) -> None:
    chosen = most_wrong(photos, 5)
    others = [one.probability for one in photos if not one.is_right and one not in chosen]
    assert not any(one.is_right for one in chosen)
    assert [one.probability for one in chosen] == sorted((one.probability for one in chosen), reverse=True)
    assert all(chosen[-1].probability >= other for other in others)


@given(ASKED)
def test_the_least_sure_have_the_smallest_lead(photos: list[Predicted]) -> None:
    chosen = least_sure(photos, 5)
    assert len(chosen) == min(5, len(photos))
    assert [one.lead for one in chosen] == sorted(one.lead for one in photos)[:5]


def test_the_surely_right_are_of_many_classes() -> None:
    photos = [asked("a", 0, 0.99), asked("b", 0, 0.98), asked("c", 1, 0.3), asked("d", 1, 0.9)]
    assert [one.image for one in surely_right(photos, 3)] == ["a", "c", "b"]


def test_names_that_a_spreadsheet_would_run_are_found_again(tmp_path: Path) -> None:
    names, classes = ["=a.png", "b\udcff.png"], ["-x", "y"]
    rows = [["validation", names[0], "-x", "y", 0.25, 0.75], ["validation", names[1], "y", "y", 0.1, 0.9]]
    write_rows(tmp_path / "predictions.csv", ["part", "image", "label", "predicted", "p:-x", "p:y"], rows)
    part, photos = read_predicted(tmp_path / "predictions.csv", classes)
    assert (part, photos[0].label, photos[0].predicted, photos[0].shares) == ("validation", 0, 1, (0.25, 0.75))
    assert [rows_of(names)[one.image] for one in photos] == [0, 1]


def test_without_photos_there_is_nothing_to_show(tmp_path: Path) -> None:
    write_rows(tmp_path / "predictions.csv", ["part", "image", "label", "predicted", "p:x", "p:y"], [])
    assert read_predicted(tmp_path / "predictions.csv", ["x", "y"]) == ("validation", [])
