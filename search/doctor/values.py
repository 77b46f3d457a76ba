"""An examination as JSON, for programs: everything is listed. docs/data.md describes the keys, which stay so."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from cnnsearch.search.dataset.survey import Spread
from cnnsearch.search.doctor.doctor import Examination
from cnnsearch.search.doctor.figures import figures_of
from cnnsearch.search.doctor.findings import VERSION, Finding
from cnnsearch.search.doctor.leaving_out import left_out

UNSPLIT = "unsplit"
"""The part of images that are yet to be split."""


def json_text(examination: Examination) -> str:
    r"""One JSON object in plain ASCII; bytes of a name that are no UTF-8 are lone surrogates such as `\udcff`."""
    return json.dumps(values(examination), indent=2, allow_nan=False).replace("\x7f", "\\u007f")


def values(examination: Examination) -> dict[str, Any]:
    """The examination as JSON values."""
    figures = figures_of(examination.files)
    return {
        "version": VERSION,
        "source": examination.source,
        "healthy": examination.is_healthy,
        "images": len(examination.files),
        "unreadable": sum(file.look is None for file in examination.files),
        "bytes": figures.size,
        "classes": {
            name: {part or UNSPLIT: count for part, count in by_part.items()}
            for name, by_part in examination.counts.items()
        },
        "heights": _spread(figures.heights),
        "widths": _spread(figures.widths),
        "formats": dict(figures.formats),
        "modes": dict(figures.modes),
        "findings": [_finding(finding) for finding in examination.findings],
        "exclude": dict(left_out(examination.findings)),
        "notes": list(examination.notes),
    }


def _spread(spread: Spread | None) -> dict[str, int] | None:
    return asdict(spread) if spread else None


def _finding(finding: Finding) -> dict[str, Any]:
    trait = finding.trait
    return {
        "kind": finding.kind.value,
        "severity": trait.severity.value,
        "title": trait.title,
        "meaning": trait.meaning,
        "advice": trait.advice,
        "count": len(finding.subjects),
        "subjects": list(_subjects(finding)),
    }


def _subjects(finding: Finding) -> Iterator[dict[str, Any]]:
    for number, group in enumerate(finding.groups):
        for subject in group:
            yield {
                "name": subject.name,
                "detail": subject.detail,
                "class": subject.class_name or None,
                "part": subject.part,
                "set": number if finding.in_sets else None,
            }
