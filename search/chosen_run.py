"""Which run folder a search works in: a new one, or one that goes on with the images that it began with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnnsearch.search.confirmed import read_confirmation
from cnnsearch.search.dataset.change import Change, Summary, change_between
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.request import Request
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.search.run_status import data_fingerprint, read_status, read_summary, run_identity, searches
from cnnsearch.search.study.owners import this_process
from cnnsearch.search.study.reading import read_trials
from cnnsearch.search.writing import write_json, write_text
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.sections.search import Confirm

_ATTEMPTS = 1000


class DataChanged(CnnSearchError):
    """The images are others than those that a run's trials were trained on."""


@dataclass(frozen=True)
class SearchIdentity:
    """What shall be searched, on what, after all checks.

    Attributes:
        space: the identity of the space.
        data: the images of now.
        trials: how many the space asks for.
        confirm: how the best of them are confirmed; None for not at all.
    """

    space: str
    data: Summary
    trials: int
    confirm: Confirm | None = None

    @property
    def identity(self) -> str:
        """Tells this search from others."""
        return run_identity(self.space, self.data.fingerprint)


@dataclass(frozen=True)
class ChosenRun:
    """Where a search takes place.

    Attributes:
        run: its folder.
        trials: how many the run shall have.
        continued: whether it goes on with trials that are there.
        change: what has become of its images since, where it matters and was accepted.
        warnings: what a person should know.
    """

    run: RunFolder
    trials: int
    continued: bool
    change: Change | None = None
    warnings: tuple[str, ...] = field(default=())


def choose(request: Request, wanted: SearchIdentity) -> ChosenRun:
    """The run's folder for a request.

    Raises:
        DataChanged: the run to go on with has other images, and nobody accepted that.
        CnnSearchError: there is no such run, or a new one cannot be made.
    """
    if request.resume is not None:
        run = resumable(request.resume if request.resume.exists() else request.runs / request.resume)
    elif request.more is not None:
        run = newest(request, wanted)
    elif request.new or (run_that_waits := unfinished(request, wanted)) is None:
        run = make_run(request.runs, request.name, wanted.identity)
        return ChosenRun(run, wanted.trials, continued=False, warnings=earlier_form(request, wanted))
    else:
        run = run_that_waits
    change = data_change(run, wanted.data)
    if change:
        _check_accepted(run, change, accepted=request.accept_data_change)
    trials = wanted.trials if request.more is None else _extended(run, request.more)
    if request.resume is None and request.more is None and _is_finished(run):  # it is to be confirmed, and no more
        trials = _extended(run, 0)
    return ChosenRun(run, trials, run.has_study, change, (_of_change(change),) if change else ())


def runs_named(runs: Path, name: str) -> list[RunFolder]:
    """The runs `<name>-001`, `<name>-002`, ... of a folder, in the order of their numbers."""
    pattern = re.compile(re.escape(name) + r"-(\d{3,})")
    found = [(int(match[1]), path) for path in _folders(runs) if (match := pattern.fullmatch(path.name))]
    return [RunFolder(path) for _, path in sorted(found)]


def _folders(runs: Path) -> list[Path]:
    return [path for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []


def unfinished(request: Request, wanted: SearchIdentity) -> RunFolder | None:
    """The newest run of this name and space that is not finished: on the same images, else on images that changed.

    Where all are finished, it is the newest one if its trials are not yet confirmed as it is wanted now.
    A run on wholly other images from another place has nothing to do with this one.
    """
    waiting = [run for run in _of_name(request) if not _is_finished(run)]
    return _best_match(waiting, wanted) or _unconfirmed(request, wanted)


def _is_finished(run: RunFolder) -> bool:
    return RunState.told_by(read_status(run)) is RunState.FINISHED


def _unconfirmed(request: Request, wanted: SearchIdentity) -> RunFolder | None:
    """The newest run of this name, space and images, where it is to be confirmed and was not."""
    run, asked = _best_match(_of_name(request), wanted), wanted.confirm
    if run is None or asked is None or data_fingerprint(run) != wanted.data.fingerprint:
        return None
    found = read_confirmation(run)
    done = found is not None and found.is_done and (found.top, found.seeds) == (asked.top, asked.seeds)
    return None if done else run


def newest(request: Request, wanted: SearchIdentity) -> RunFolder:
    """The newest run of this name and space, finished or not: on the same images, else on images that changed.

    Raises:
        CnnSearchError: there is none.
    """
    run = _best_match(_of_name(request), wanted)
    if run is not None:
        return run
    raise CnnSearchError(
        f"{request.runs / request.name}-*: --more adds trials to an earlier run of the same space and data, got none "
        "there. Give the --name and --set of that run again; where its space has changed since, name it with --resume."
    )


def _of_name(request: Request) -> Iterator[RunFolder]:
    """The runs of a request's name with a study of their own, the newest first."""
    return (run for run in reversed(runs_named(request.runs, request.name)) if not run.link.is_file())


def _best_match(runs: Iterator[RunFolder] | list[RunFolder], wanted: SearchIdentity) -> RunFolder | None:
    changed = None
    for run in runs:
        if not searches(run, wanted.space):
            continue
        if data_fingerprint(run) == wanted.data.fingerprint:
            return run
        if changed is None and run.has_study and _is_related(run, wanted.data):
            changed = run
    return changed


def _is_related(run: RunFolder, now: Summary) -> bool:
    """Whether these images may be those of the run, changed."""
    before, change = read_summary(run), data_change(run, now)
    return before is None or change is None or before.source == now.source or not change.has_nothing_in_common


def earlier_form(request: Request, wanted: SearchIdentity) -> tuple[str, ...]:
    """A warning where an unfinished run of this name and data searches another form of the space."""
    for run in _of_name(request):
        if not _is_finished(run) and run.has_study and data_fingerprint(run) == wanted.data.fingerprint:
            if searches(run, wanted.space):
                continue
            return (f"{run.path} is not finished; its space has changed since. To go on with it: --resume {run.path}",)
    return ()


def resumable(path: Path) -> RunFolder:
    """The run at this path.

    Raises:
        CnnSearchError: it is no run.
    """
    run = RunFolder(path)
    if run.has_study and run.resolved.is_file():
        return run
    raise CnnSearchError(f"{path}: --resume goes on with a run's folder, got none. Name one such as runs/basic-001.")


def data_change(run: RunFolder, now: Summary) -> Change | None:
    """What has become of a run's images; None where nothing that matters has."""
    if data_fingerprint(run) == now.fingerprint:
        return None
    before = read_summary(run)
    change = change_between(before, now) if before else Change(untold=True)
    return change if change.matters else None


def _check_accepted(run: RunFolder, change: Change, *, accepted: bool) -> None:
    """Refuse a change of the images that nobody accepted, or that no trial of the run survives.

    Raises:
        DataChanged: always but when it is accepted and the classes are the same.
    """
    told = f"{run.path}: a run goes on with the images that it began with, got a change: {change}."
    if change.classes_differ:
        raise DataChanged(f"{told} Its models tell other classes apart: begin a new run with --new.")
    if not accepted:
        raise DataChanged(
            f"{told} --accept-data-change goes on all the same: its trials stay, and scores of two data sets are "
            "mixed. --new begins a new run."
        )


def _of_change(change: Change) -> str:
    return f"the images have changed since the run began: {change}; scores of different data sets are mixed from now on"


def keep_summary(run: RunFolder) -> None:
    """Put the description of the images aside that the run's trials were trained on, before another takes its place."""
    summary = read_summary(run)
    if summary:
        write_text(run.earlier_dataset(summary.fingerprint), run.dataset.read_text(encoding="utf-8"))


def _extended(run: RunFolder, more: int) -> int:
    """How many trials a run shall have after `--more`; one that was interrupted first does what it was asked for."""
    status = read_status(run)
    asked = status.get("trials", {}).get("budget", 0)
    is_finished = RunState.told_by(status) is RunState.FINISHED
    return asked if asked and not is_finished else sum(map(counts, read_trials(run))) + more


def counts(trial: TrialRecord) -> bool:
    """Whether a trial has ended and cost one of the budget; what was drawn only costs none."""
    return trial.status.ended and not trial.costs_nothing


def make_run(runs: Path, name: str, identity: str) -> RunFolder:
    """A new run folder under the next number.

    Raises:
        CnnSearchError: the folder of runs cannot be written.
    """
    existing = runs_named(runs, name)
    number = int(existing[-1].path.name.rsplit("-", 1)[1]) + 1 if existing else 1
    for attempt in range(number, number + _ATTEMPTS):
        run = RunFolder(runs / f"{name}-{attempt:03d}")
        try:
            run.path.mkdir(parents=True)
        except FileExistsError:  # another command was faster
            continue
        except OSError as error:
            raise CnnSearchError(f"{run.path}: the run's folder must be writable, got {error.strerror}.") from error
        write_json(run.status, {"state": RunState.STARTING, "identity": identity} | this_process())
        return run
    raise CnnSearchError(f"{runs}: a free run number must exist, got none of {_ATTEMPTS} from {number:03d}.")
