"""The backups of half-trained trials as their parent sees them; what is in one, only a trial's process knows."""

import shutil
from collections.abc import Iterable

from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder, TrialFolder


def stamp_of(trial: TrialFolder) -> int | None:
    """When a trial's backup was written, in nanoseconds; None where there is none."""
    try:
        return trial.backup.stat().st_mtime_ns
    except OSError:
        return None


def remove_backup(trial: TrialFolder) -> None:
    """Remove a trial's backup, and what was left of one that was being written."""
    shutil.rmtree(trial.backup.parent, ignore_errors=True)


def remove_backups_of(run: RunFolder, ended: Iterable[TrialRecord]) -> None:
    """Remove the backups of ended trials, which a parent leaves that is killed just then."""
    numbers = {trial.number for trial in ended}
    for folder in run.trials.glob("*"):
        if folder.name.isdecimal() and int(folder.name) in numbers:
            remove_backup(TrialFolder(folder))


def clear(trial: TrialFolder, *, goes_on: bool) -> None:
    """Empty a trial's folder for its next process; where it goes on, its backup, its log and its history stay.

    A retraining's epochs stand in its history alone.
    """
    if not goes_on:
        shutil.rmtree(trial.path, ignore_errors=True)
        return
    stays = (trial.backup.parent, trial.log, trial.history)
    for path in trial.path.iterdir() if trial.path.is_dir() else ():
        if path not in stays:
            path.unlink(missing_ok=True)
