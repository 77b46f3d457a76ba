"""An examination as JSON."""

import json
import os
import re
from pathlib import Path

from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.doctor.doctor import Examination, examined_source
from cnnsearch.search.doctor.kinds import TRAITS
from cnnsearch.search.doctor.values import json_text, values
from tests.search.doctor.faults import clean_files, picture, saved, written


def test_everything_is_listed_under_the_documented_keys(tmp_path: Path) -> None:
    photo = saved(picture(1001))
    files = clean_files() | {"train/cat/a.jpg": photo, "test/cat/a.jpg": photo, "train/dog/b.jpg": b""}
    found = json.loads(json_text(examined_source(open_source(str(written(tmp_path / "photos", files))))))
    findings = found.pop("findings")
    assert found == {
        "version": 1,
        "source": str(tmp_path / "photos"),
        "healthy": False,
        "images": 57,
        "unreadable": 1,
        "bytes": sum(map(len, files.values())),
        "classes": {
            "bird": {"train": 12, "validation": 3, "test": 3},
            "cat": {"train": 13, "validation": 3, "test": 4},
            "dog": {"train": 12, "validation": 3, "test": 3},
        },
        "heights": {"least": 48, "median": 48, "most": 48},
        "widths": {"least": 64, "median": 64, "most": 64},
        "formats": {"JPEG": 56},
        "modes": {"RGB": 56},
        "exclude": {"train/cat/a.jpg": "is a copy of test/cat/a.jpg", "train/dog/b.jpg": "is empty"},
        "notes": [],
    }
    assert [(finding["kind"], finding["severity"], finding["count"]) for finding in findings] == [
        ("empty-file", "error", 1),
        ("leak", "warning", 2),
    ]
    assert findings[0]["subjects"] == [
        {"name": "train/dog/b.jpg", "detail": "is empty", "class": "dog", "part": "train", "set": None}
    ]
    assert [(each["name"], each["part"], each["set"]) for each in findings[1]["subjects"]] == [
        ("test/cat/a.jpg", "test", 0),
        ("train/cat/a.jpg", "train", 0),
    ]


def test_every_name_comes_back_from_the_text(tmp_path: Path) -> None:
    names = ["a\nb.jpg", "\x7f\x1b[2J.jpg", "\u202e.jpg", os.fsdecode(b"caf\xe9.jpg")]
    files = clean_files() | {f"train/cat/{name}": saved(picture(n)) for n, name in enumerate(names, 500)}
    text = json_text(examined_source(open_source(str(written(tmp_path / "photos", files)))))
    assert text.isascii()
    assert all(character == "\n" or character.isprintable() for character in text)
    found = {each["name"] for finding in json.loads(text)["findings"] for each in finding["subjects"]}
    assert found == {f"train/cat/{name}" for name in names}


def test_the_guide_tells_of_every_kind_and_every_key(checkout: Path) -> None:
    guide = (checkout / "docs/data.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (error|warning|note) \|", guide, re.MULTILINE)
    assert rows == [(kind.value, trait.severity.value) for kind, trait in TRAITS.items()]
    keys = values(Examination("photos", {}, (), ()))
    assert [key for key in keys if f"`{key}`" not in guide] == []
