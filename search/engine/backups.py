"""The backups of half-trained trials as their parent sees them; what is in one, only a trial's process knows."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder

_FOLDER = "backup"
_STAYS = (_FOLDER, "log.txt", "history.csv")
"""What a trial's next process goes on with; a retraining's epochs stand in its history alone."""


def backup_of(trial: Path) -> Path:
    """Where the backup lies in a trial's folder."""
    return trial / _FOLDER / "state.npz"


def stamp_of(trial: Path) -> int | None:
    """When a trial's backup was written, in nanoseconds; None where there is none."""
    try:
        return backup_of(trial).stat().st_mtime_ns
    except OSError:
        return None


def remove_backup(trial: Path) -> None:
    """Remove a trial's backup, and what was left of one that was being written."""
    shutil.rmtree(trial / _FOLDER, ignore_errors=True)


def remove_backups_of(run: RunFolder, ended: Iterable[TrialRecord]) -> None:
    """Remove the backups of ended trials, which a parent leaves that is killed just then."""
    numbers = {trial.number for trial in ended}
    for folder in run.trials.glob(f"*/{_FOLDER}"):
        if folder.parent.name.isdecimal() and int(folder.parent.name) in numbers:
            remove_backup(folder.parent)


def clear(trial: Path, *, goes_on: bool) -> None:
    """Empty a trial's folder for its next process; where it goes on, its backup, its log and its history stay."""
    if not goes_on:
        shutil.rmtree(trial, ignore_errors=True)
        return
    for path in trial.iterdir() if trial.is_dir() else ():
        if path.name not in _STAYS:
            path.unlink(missing_ok=True)
