"""Where exports go: an earlier one is replaced, what a person has there never is, and a kill loses nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnsearch.reports.exports.formats import targets_of
from cnnsearch.reports.exports.placing import prepare_folder, put
from cnnsearch.search.writing import UnwritableFile, write_json
from cnnsearch.spaces.errors import CnnSearchError

(KERAS,) = targets_of("keras")
REFUSED = "an export replaces an earlier export and nothing else, got "


def folder(place: Path, *names: str) -> Path:
    """A folder with files of these names, which hold the folder's own."""
    place.mkdir(parents=True)
    for name in names:
        (place / name).write_text(place.name)
    return place


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A finished export that is not in its place yet."""
    return folder(tmp_path / "new", "model.keras", "predict.py")


@pytest.mark.parametrize("names", [(), ("model.keras", "classes.json", "predict.py", "photo.py", "__pycache__")])
def test_an_earlier_export_is_replaced(tmp_path: Path, new: Path, names: tuple[str, ...]) -> None:
    out = folder(tmp_path / "out" / "keras", *names).parent
    prepare_folder(out, [KERAS])
    place = put(new, out, KERAS)
    assert {path.name: path.read_text() for path in place.iterdir()} == {"model.keras": "new", "predict.py": "new"}
    assert list(out.iterdir()) == [place]


def test_one_that_the_index_lists_may_hold_other_things(tmp_path: Path, new: Path) -> None:
    out = folder(tmp_path / "out" / "keras", "model.keras", "answers.csv").parent
    write_json(out / "export.json", {"model": "0" * 64, "formats": {"keras": {}}})
    prepare_folder(out, [KERAS])
    assert (put(new, out, KERAS) / "model.keras").read_text() == "new"


def own(out: Path, kind: str) -> None:
    """Things of a person's own that have the name of a format, or of the index."""
    out.mkdir()
    if kind == "file":
        (out / "keras").touch()
    elif kind == "link":
        (out / "keras").symlink_to(folder(out.parent / "elsewhere", "predict.py"))
    elif kind == "index":
        (out / "export.json").write_text('{"to": "excel"}')
    else:
        folder(out / "keras", *kind.split())


@pytest.mark.parametrize(
    ("kind", "got"),
    [
        ("main.c model.keras", "keras: {}a folder with 'main.c' in it"),
        ("model.keras classes.json", "keras: {}a folder with 'classes.json', 'model.keras' in it"),
        ("file", "keras: {}a file"),
        ("link", "keras: {}a link"),
        ("index", "export.json: {}another file of this name"),
    ],
)
def test_what_is_a_person_s_own_is_told_and_stays(tmp_path: Path, new: Path, kind: str, got: str) -> None:
    out = tmp_path / "out"
    own(out, kind)
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    with pytest.raises(CnnSearchError) as raised:
        prepare_folder(out, [KERAS])
    assert str(raised.value) == (f"{out}/{got.format(REFUSED)}. Name another folder with --out, or move this one away.")
    if kind != "index":
        with pytest.raises(CnnSearchError, match=REFUSED):
            put(new, out, KERAS)
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_all_such_places_are_named_at_once_and_nothing_is_made(tmp_path: Path) -> None:
    for name in ("keras", "onnx"):
        folder(tmp_path / name, "notes.txt")
    with pytest.raises(CnnSearchError) as raised:
        prepare_folder(tmp_path, targets_of("keras,litert,onnx"))
    assert [line.split(":")[0] for line in str(raised.value).splitlines()] == [f"{tmp_path}/keras", f"{tmp_path}/onnx"]


def test_a_place_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        UnwritableFile,
        match=r"file/out: exports must be writable here, got Not a directory\. Name another folder with --o",
    ):
        prepare_folder(tmp_path / "file" / "out", [KERAS])


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_is_told_too(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UnwritableFile, match=r"exports must be writable here, got Permission denied\."):
        prepare_folder(tmp_path / "exports", [KERAS])


def test_a_kill_between_the_two_steps_loses_nothing(tmp_path: Path, new: Path) -> None:
    out = folder(tmp_path / "out" / "keras", "predict.py").parent
    script = (
        "import os, sys; from pathlib import Path\n"
        "from cnnsearch.reports.exports.formats import targets_of\n"
        "from cnnsearch.reports.exports.placing import put\n"
        "new, out, rename = Path(sys.argv[1]), Path(sys.argv[2]), Path.rename\n"
        "Path.rename = lambda self, to: os.kill(os.getpid(), 9) if self == new else rename(self, to)\n"
        "put(new, out, *targets_of('keras'))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(new), str(out)], check=False)
    assert done.returncode == -9
    assert [path.read_text() for path in out.rglob("predict.py")] == ["keras"]
    assert (put(new, out, KERAS) / "predict.py").read_text() == "new"


def test_where_the_new_one_cannot_come_the_old_one_stays(tmp_path: Path) -> None:
    out = folder(tmp_path / "out" / "keras", "predict.py").parent
    with pytest.raises(FileNotFoundError):
        put(tmp_path / "gone", out, KERAS)
    assert [path.relative_to(out) for path in out.rglob("*")] == [Path("keras"), Path("keras/predict.py")]
