"""CSV manifests as spreadsheets, scripts and Kaggle write them, and what is wrong with them."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source

HEADER = "path,label\n"


@pytest.fixture
def manifest(folder, pets):
    """`manifest(text)`: a manifest of that text or bytes beside `images/` with the ten cats and ten dogs."""

    def written(text: str | bytes, name: str = "labels.csv") -> str:
        root = folder({f"images/{path}": content for path, content in pets.items()})
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(root / name)

    return written


def labels(source: str) -> dict[str, tuple[str, str | None]]:
    return {image.path: (image.class_name, image.part) for image in open_source(source).images}


TWO = {"images/cat/0.jpg": ("katze", None), "images/dog/1.jpg": ("hund", None)}


@pytest.mark.parametrize(
    "text",
    [
        "path,label\nimages/cat/0.jpg,katze\nimages/dog/1.jpg,hund\n",
        "label;file\nkatze;images/cat/0.jpg\nhund;images/dog/1.jpg\n",
        "Filename\tnote\tClass Name\nimages/cat/0.jpg\tx\tkatze\nimages/dog/1.jpg\t\thund\n",
        'image,category\r\n"images/cat/0.jpg","katze"\r\n\r\n"images/dog/1.jpg", hund\r\n',
        "images/cat/0.jpg,katze\nimages/dog/1.jpg,hund",
        "katze,images/cat/0.jpg\nhund,images/dog/1.jpg",
        "path,label\nimages\\cat\\0.jpg,katze\n./images//dog/../dog/1.jpg,hund\n",
        "id,breed\nimages/cat/0,katze\nimages/dog/1,hund\n",
        "id,label\ncat/0,katze\ndog/1.jpg,hund\n",
    ],
)
def test_forms_of_a_manifest(text: str, manifest) -> None:
    assert labels(manifest(text)) == TWO


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_a_manifest(encoding: str, manifest) -> None:
    bom = "\ufeff" if encoding.startswith("utf-16-") else ""
    text = bom + "path,label\nimages/cat/0.jpg,kätzchen\nimages/dog/1.jpg,hund\n"
    assert open_source(manifest(text.encode(encoding))).classes == ("hund", "kätzchen")


def test_the_split_column_gives_the_part(manifest) -> None:
    text = "path,label,split\nimages/cat/0.jpg,cat,train\nimages/cat/1.jpg,cat,Val\nimages/dog/1.jpg,dog,testing\n"
    assert [part for _, part in labels(manifest(text)).values()] == ["train", "validation", "test"]


def test_a_table_with_tabs_may_end_in_tsv(manifest) -> None:
    assert labels(manifest("path\tlabel\nimages/cat/0.jpg\tkatze\nimages/dog/1.jpg\thund\n", "labels.tsv")) == TWO


def test_absolute_paths_inside_are_the_same_as_relative_ones(manifest) -> None:
    root = Path(manifest("")).parent
    text = f"path,label\n{root}/images/cat/0.jpg,katze\n{root}/images/dog/1.jpg,hund\n"
    assert labels(manifest(text)) == TWO


def test_names_that_are_no_utf8_are_found(manifest, pets) -> None:
    root = Path(manifest("")).parent
    (root / "\udcff.jpg").write_bytes(pets["cat/0.jpg"])
    assert "\udcff.jpg" in labels(manifest(b"path,label\n\xff.jpg,cat\nimages/dog/1.jpg,dog\n"))


def test_an_image_named_twice_is_taken_once(manifest) -> None:
    source = open_source(manifest(HEADER + "images/cat/0.jpg,a\nimages/./cat/0.jpg,a\nimages/dog/1.jpg,b\n"))
    assert len(source.images) == 2
    assert source.notes == ("rows of an image that an earlier row names, not used: 1",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "labels.csv: a manifest names images and their labels, got an empty file. Begin"),
        ("a,b\n1,2\n", "labels.csv:1: a manifest's first line names its columns, path and label among them, got 'a'"),
        ("x.jpg,y.jpg\n", "labels.csv:1: a manifest's first line names its columns"),
        (HEADER, "labels.csv: every image needs a class, got 0 images"),
        (HEADER + "images/cat/0.jpg,\n", "labels.csv:2, column 2 (label): every row has a path and a label, got an em"),
        (HEADER + "images/cat/0.jpg\n", "labels.csv:2, column 2 (label): every row has a path and a label, got an em"),
        (HEADER + ",cat\n", "labels.csv:2, column 1 (path): every row has a path and a label, got an empty one."),
        (HEADER + "\nimages/cat/0\0.jpg,cat\n", "labels.csv:3, column 1 (path): a value has no control characters"),
        (HEADER + "../x.jpg,cat\n", "got '../x.jpg'. Move the manifest to a folder that holds them all."),
        (HEADER + "images/../../x.jpg,cat\n", "labels.csv:2: a manifest's images lie in its folder"),
        (HEADER + "/etc/passwd,cat\n", "labels.csv:2: a manifest's images lie in its folder"),
        (HEADER + "..\\x.jpg,cat\n", "labels.csv:2: a manifest's images lie in its folder"),
        (
            HEADER + "".join(f"images/{n}.jpg,a\n" for n in range(7)),
            "every image of a manifest must exist beside it, got 7 that do not: 'images/0.jpg' (line 2), 'images/1.jpg'"
            " (line 3), 'images/2.jpg' (line 4), 'images/3.jpg' (line 5), 'images/4.jpg' (line 6) and 2 more.",
        ),
        (HEADER + "images,cat\n", "got 1 that do not: 'images' (line 2)"),
        (
            HEADER + "images/cat/0.jpg,cat\nimages//cat/0.jpg,dog\n",
            "labels.csv:3: an image has one label, got 'dog' for 'images/cat/0.jpg', which is 'cat' in line 2. Delete",
        ),
        (
            "path,label,split\nimages/cat/0.jpg,a,train\nimages/cat/0.jpg,a,test\n",
            "labels.csv:3: an image has one split, got 'test' for 'images/cat/0.jpg', which is 'train' in line 2.",
        ),
        (
            "path,label,split\nimages/cat/0.jpg,a,holdout\n",
            "labels.csv:2, column 3 (split): a split is one of train, validation, test, got 'holdout'. Correct",
        ),
        ("path,label,split\nimages/cat/0.jpg,a\n", "labels.csv:2, column 3 (split): a split is one of"),
        (HEADER + 'images/cat/0.jpg,"cat\n', "labels.csv:2: a manifest is a table"),
        (
            HEADER + "images/cat/0.jpg," + "x" * 70_000,
            "labels.csv:2: a manifest is a table in UTF-8 or UTF-16 with com",
        ),
        ("\ufeffa".encode("utf-16-le") + b"\0", "labels.csv: a manifest is a table in UTF-8 or UTF-16 with commas"),
        (HEADER + "images/cat/0.jpg,cat\nimages/cat/1.jpg,cat\n", "at least two of them, got one: 'cat'."),
    ],
)
def test_what_is_wrong_with_a_manifest_is_told(text: str | bytes, message: str, manifest) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        open_source(manifest(text))


def test_links_that_leave_the_folder_of_a_manifest_are_not_followed(manifest, photo) -> None:
    root = Path(manifest("")).parent
    (root.parent / "secret").mkdir()
    (root.parent / "secret/1.jpg").write_bytes(photo(1))
    (root / "out").symlink_to(root.parent / "secret")
    (root / "out.jpg").symlink_to(root.parent / "secret/1.jpg")
    (root / "in.jpg").symlink_to(root / "images/cat/0.jpg")
    with pytest.raises(DataError, match=r"got 2 that do not: 'out/1.jpg' \(line 3\), 'out.jpg' \(line 4\)\."):
        open_source(manifest(HEADER + "in.jpg,a\nout/1.jpg,b\nout.jpg,b\n"))


@pytest.mark.timeout(20)
def test_a_line_of_a_gigabyte_is_not_read(manifest) -> None:
    path = Path(manifest(HEADER))
    with path.open("r+b") as file:
        file.truncate(2**30)
    with pytest.raises(DataError, match=r"labels.csv:2: a manifest is a table .+ a line of 65536 characters or more"):
        open_source(str(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text("path,label\n\"';.jpg/\0\ufeff", max_size=80).map(str.encode))
def test_any_bytes_are_a_manifest_or_one_clear_error(manifest, text: bytes) -> None:
    with pytest.raises(DataError, match=r"labels\.csv|manifest"):
        open_source(manifest(text))


def test_a_quoted_value_may_stand_behind_a_blank(manifest) -> None:
    text = 'path, label\nimages/cat/0.jpg, "cat, big"\nimages/dog/1.jpg, dog\n'
    assert [name for name, _ in labels(manifest(text)).values()] == ["cat, big", "dog"]


def test_a_row_with_more_values_than_columns_is_told(manifest) -> None:
    source = manifest(HEADER + "images/cat/0.jpg,cat,\nimages/dog/1.jpg,dog, brown\n")
    rule = r"labels\.csv:3: a row has a value for each of 2 columns, got 3 values\. Put a value that has commas"
    with pytest.raises(DataError, match=rule):
        open_source(source)
