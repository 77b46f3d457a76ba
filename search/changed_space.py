"""Goes on with a run whose space has changed: its study is written anew for the changed space, each trial in its place.

An Optuna study holds one domain for each parameter for ever, so a wider choice needs a new one. It is written beside
the old one and renamed; the old one stays as `study.before.db`.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from cnnsearch.search.engine.parameters import SearchSpace, search_space_of
from cnnsearch.search.model.hypermodel import decoded, encoded, hyperparameters_of
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.stored_trial import FIXED, progress_of
from cnnsearch.search.study.study import STUDY_NAME, TrialStudy
from cnnsearch.search.writing import write_beside
from cnnsearch.spaces.compare import Kind, differences
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.points import NotInSpace, point_of
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar

_SPACE = "space_identity"
"""The study's attribute that says which space its trials were drawn from, where a changed one took them over."""


@dataclass(frozen=True)
class _Moved:
    """A trial as the changed space sees it; `values` is None where it has no place for one without a score."""

    trial: FrozenTrial
    values: dict[str, Scalar] | None


def take_over(run: RunFolder, after: Space, objectives: Objectives) -> None:
    """Make a run's trials trials of the changed space.

    Raises:
        CnnSearchError: the changed space cannot draw some of them, or ranks by other objectives; nothing is changed.
    """
    storage = open_storage(sqlite_url(run.study))
    study = TrialStudy.open(storage, objectives)
    if study.attribute(_SPACE) == after.identity():  # the session that did it ended before it could say so elsewhere
        return
    before = load_space(run.resolved, allow_code=True)
    frozen = optuna.load_study(study_name=STUDY_NAME, storage=storage).get_trials(deepcopy=False)
    moved = _moved(run, frozen, before, after)
    shutil.copyfile(run.study, run.path / "study.before.db")
    write_beside(run.study, lambda beside: _write(beside, moved, objectives, after))


def _moved(run: RunFolder, trials: Sequence[FrozenTrial], before: Space, after: Space) -> list[_Moved]:
    moved, refusals = [], []
    for trial in trials:
        given = trial.params or trial.system_attrs.get(FIXED, {})
        try:
            values = _values(given, before, after) if trial.params else None
        except NotInSpace as refusal:
            values = None
            if trial.state is not TrialState.FAIL:
                refusals.append((trial.number, refusal))
        moved.append(_Moved(trial, values))
    if refusals:
        raise CnnSearchError(_refused(run, refusals, before, after))
    return moved


def _values(coded: dict[str, Any], before: Space, after: Space) -> dict[str, Scalar]:
    """A trial's values in the changed space.

    Raises:
        NotInSpace: it cannot draw them.
    """
    try:
        configuration = before.configuration(decoded(before, coded))
    except (ValueError, StopIteration, KeyError) as error:  # interrupted while it was drawn
        raise NotInSpace((), f"its values are not whole ({error})") from None
    return point_of(after, plain(configuration))


def _refused(run: RunFolder, refusals: list[tuple[int, NotInSpace]], before: Space, after: Space) -> str:
    number, first = refusals[0]
    told = f"{first.args[0]}" + (f" {first.advice}" if first.advice else "")
    lost = [d for d in differences(before, after) if d.kind in (Kind.REMOVED, Kind.NARROWED, Kind.CHANGED)]
    names = ", ".join(f"{d.name} ({d.kind})" for d in lost if not d.keeps_trials)
    more = f", and {len(refusals) - 1} more" if len(refusals) > 1 else ""
    return (
        f"{run.path}: a changed space must have room for every trial of the run, got none for trial {number} ({told})"
        f"{more}. What went missing: {names or 'see cnnsearch diff'}. Widen it, or begin a new run with --new."
    )


def _write(path: Path, moved: Sequence[_Moved], objectives: Objectives, after: Space) -> None:
    path.unlink()  # Optuna makes its tables in a file that is not there
    storage = open_storage(sqlite_url(path))
    study = TrialStudy.open(storage, objectives)
    study_id = storage.get_study_id_from_name(STUDY_NAME)
    space = search_space_of(hyperparameters_of(after))
    for one in moved:
        storage.create_new_trial(study_id, template_trial=_template(one, space, after))
    study.set_attribute(_SPACE, after.identity())
    storage.remove_session()
    storage.engine.dispose()  # type: ignore[attr-defined]  # an RDBStorage, by its URL


def _template(moved: _Moved, space: SearchSpace, after: Space) -> FrozenTrial:
    trial = moved.trial
    params = encoded(after, moved.values) if moved.values is not None else {}
    waits = trial.state in (TrialState.RUNNING, TrialState.WAITING)
    system = {key: value for key, value in trial.system_attrs.items() if key != FIXED}
    if waits and params:
        system[FIXED] = params
    made = create_trial(
        state=TrialState.WAITING if waits else trial.state,
        params={} if waits else params,
        distributions={} if waits else {name: space.distributions[name] for name in params},
        values=trial.values if trial.state is TrialState.COMPLETE else None,
        user_attrs=progress_of(trial) if waits else trial.user_attrs,  # its process sees whether it can go on
        system_attrs=system,
        intermediate_values=trial.intermediate_values,
    )
    made.datetime_start, made.datetime_complete = trial.datetime_start, trial.datetime_complete
    if waits:
        made.datetime_start = made.datetime_complete = None
    return made
