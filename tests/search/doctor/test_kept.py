"""The findings that a run keeps are read again as they were."""

import json
from pathlib import Path

import pytest

from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.doctor.doctor import examined_source
from cnnsearch.search.doctor.kept import read_findings
from cnnsearch.search.doctor.values import values
from tests.search.doctor.faults import clean_files, picture, saved, written


def test_findings_come_back_as_they_were_found(tmp_path: Path) -> None:
    one, other = saved(picture(1001)), saved(picture(1002))
    copies = {"train/cat/a.jpg": one, "test/cat/a.jpg": one, "train/cat/b.jpg": other, "test/cat/b.jpg": other}
    files = clean_files() | copies | {"train/dog/c.jpg": b"", "train/dog/d.jpg": b""}
    examination = examined_source(open_source(str(written(tmp_path / "photos", files))))
    path = tmp_path / "doctor.json"
    path.write_text(json.dumps({"fingerprint": "f0", **values(examination)}))
    assert len(examination.findings) == 2
    assert read_findings(path, "f0") == examination.findings


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"fingerprint": "f1", "version": 1, "findings": []}',
        '{"fingerprint": "f0", "version": 2, "findings": []}',
        '{"fingerprint": "f0", "version": 1, "findings": 3}',
        '{"fingerprint": "f0", "version": 1, "findings": [{"kind": "unheard-of", "subjects": []}]}',
        '{"fingerprint": "f0", "version": 1, "findings": [{"kind": "tiny", "subjects": [{"name": "a"}]}]}',
    ],
)
def test_of_other_images_and_of_damaged_files_there_are_none(content: str, tmp_path: Path) -> None:
    path = tmp_path / "doctor.json"
    assert read_findings(path, "f0") is None
    path.write_text(content)
    assert read_findings(path, "f0") is None
    assert read_findings(path, "") is None
