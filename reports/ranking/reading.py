"""Reads runs for a ranking, without keras: trials from the study, image counts from `dataset.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnsearch.reports.ranking.ranking import RankedRun
from cnnsearch.search.confirmed import read_confirmation
from cnnsearch.search.json_file import read_object
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.study_file import StudyFile


def ranked_run(run: RunFolder, study: StudyFile, name: str) -> RankedRun:
    """A run with all that its ranking needs beside its study."""
    images = scored_images(run, study.trials)
    return RankedRun(name, study.trials, study.objectives, images, read_confirmation(run))


def scored_images(run: RunFolder, trials: Sequence[TrialRecord]) -> dict[str, int]:
    """How many images each score is of, by the fingerprint in the trials' stamps.

    A trial of an earlier version has no stamp; it was trained on the images of now, unless there were others before.
    """
    now = read_object(run.dataset)
    found = {str(now.get("fingerprint")): _validation(now)}
    if not (run.path / "datasets").is_dir():
        found[""] = _validation(now)
    for fingerprint in {trial.fingerprint for trial in trials} - set(found):
        found[fingerprint] = _validation(read_object(run.earlier_dataset(fingerprint)))
    return {fingerprint: images for fingerprint, images in found.items() if images}


def _validation(summary: Mapping[str, Any]) -> int:
    try:
        return sum(int(parts["validation"]) for parts in summary["counts"].values())
    except (KeyError, TypeError, ValueError, AttributeError):
        return 0
