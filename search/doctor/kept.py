"""The findings that a run keeps of its images: the doctor's JSON, and the fingerprint of what was examined."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from cnnsearch.search.doctor.findings import VERSION, Finding, Group, Subject
from cnnsearch.search.doctor.kinds import Kind
from cnnsearch.search.json_file import read_object

FINGERPRINT = "fingerprint"
"""The key that a run's file has beside the doctor's own."""


def read_findings(path: Path, fingerprint: str) -> tuple[Finding, ...] | None:
    """What was found in the images of this fingerprint.

    None where these were not examined, or the file is gone, damaged, or of another version.
    """
    known = read_object(path)
    if not fingerprint or known.get(FINGERPRINT) != fingerprint or known.get("version") != VERSION:
        return None
    try:
        return tuple(_finding(each) for each in known["findings"])
    except (KeyError, TypeError, ValueError):
        return None


def _finding(told: Mapping[str, Any]) -> Finding:
    return Finding(Kind(told["kind"]), tuple(_groups(told["subjects"])))


def _groups(subjects: Sequence[Mapping[str, Any]]) -> Iterator[Group]:
    """The subjects by the numbers of their sets; each alone where they are in none."""
    for number, members in groupby(subjects, key=lambda subject: subject["set"]):
        group = tuple(_subject(member) for member in members)
        yield from [group] if number is not None else ((subject,) for subject in group)


def _subject(told: Mapping[str, Any]) -> Subject:
    return Subject(str(told["name"]), str(told["detail"]), str(told["class"] or ""), told["part"])
