"""The tables of a study's database, as Optuna lays them out: what is read from them and written to them, in plain SQL.

Optuna's own storage asks its database a dozen questions for each trial that it writes, through objects that stand for
rows. These statements write and read the same rows; the tests compare them with Optuna's.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from sqlalchemy import ColumnElement, Connection, Table, and_, insert, select, update

TRIALS: Table = models.TrialModel.__table__
PARAMS: Table = models.TrialParamModel.__table__
VALUES: Table = models.TrialValueModel.__table__
STEPS: Table = models.TrialIntermediateValueModel.__table__
USER_ATTRIBUTES: Table = models.TrialUserAttributeModel.__table__
SYSTEM_ATTRIBUTES: Table = models.TrialSystemAttributeModel.__table__
OF_STUDY: dict[str, Table] = {
    "user": models.StudyUserAttributeModel.__table__,
    "system": models.StudySystemAttributeModel.__table__,
}
"""The tables of a study's own attributes."""

_value = models.TrialValueModel
_step = models.TrialIntermediateValueModel
_read_distribution = lru_cache(maxsize=4096)(json_to_distribution)
_write_distribution = lru_cache(maxsize=4096)(distribution_to_json)


def utc(moment: datetime | None) -> datetime | None:
    """A local time as the tables have it: of UTC, without saying so."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def local(moment: datetime | None) -> datetime | None:
    """A time of the tables as Optuna's trials have it."""
    return None if moment is None else moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


def insert_trial(connection: Connection, study_id: int, trial: FrozenTrial) -> int:
    """Write a whole trial; gives its id, all else is as the trial says."""
    row = {
        "study_id": study_id,
        "number": trial.number,
        "state": trial.state,
        "datetime_start": utc(trial.datetime_start),
        "datetime_complete": utc(trial.datetime_complete),
    }
    key: Sequence[Any] = connection.execute(insert(TRIALS), row).inserted_primary_key or ()
    trial_id = int(key[0])
    for table, rows in _parts(trial):
        if rows:
            connection.execute(insert(table), [{"trial_id": trial_id, **each} for each in rows])
    return trial_id


def _parts(trial: FrozenTrial) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """The rows that belong to a trial, by their tables."""
    yield PARAMS, [param_row(name, trial.distributions[name], value) for name, value in trial.params.items()]
    yield VALUES, [value_row(place, value) for place, value in enumerate(trial.values or ())]
    yield STEPS, [step_row(step, value) for step, value in trial.intermediate_values.items()]
    yield USER_ATTRIBUTES, [attribute_row(key, value) for key, value in trial.user_attrs.items()]
    yield SYSTEM_ATTRIBUTES, [attribute_row(key, value) for key, value in trial.system_attrs.items()]


def param_row(name: str, distribution: BaseDistribution, value: Any) -> dict[str, Any]:  # noqa: ANN401 - as Optuna
    """The row of a parameter, whose value is as a person sees it."""
    written = _write_distribution(distribution)
    return {"param_name": name, "param_value": distribution.to_internal_repr(value), "distribution_json": written}


def value_row(objective: int, value: float) -> dict[str, Any]:
    """The row of the value of an objective."""
    stored, kind = _value.value_to_stored_repr(value)
    return {"objective": objective, "value": stored, "value_type": kind}


def step_row(step: int, value: float) -> dict[str, Any]:
    """The row of an intermediate value."""
    stored, kind = _step.intermediate_value_to_stored_repr(value)
    return {"step": step, "intermediate_value": stored, "intermediate_value_type": kind}


def attribute_row(key: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """The row of an attribute."""
    return {"key": key, "value_json": json.dumps(value)}


def put(connection: Connection, table: Table, trial_id: int, row: Mapping[str, Any], *, by: str, known: bool) -> None:
    """Write one row of a trial, which the column `by` tells from its others; `known` says that there is one already."""
    _put(connection, table, {"trial_id": trial_id}, row, by, known=known)


def put_of_study(connection: Connection, table: Table, study_id: int, row: Mapping[str, Any], *, known: bool) -> None:
    """Write an attribute of a study; `known` says that there is one of its name already."""
    _put(connection, table, {"study_id": study_id}, row, "key", known=known)


def _put(
    connection: Connection, table: Table, owner: Mapping[str, int], row: Mapping[str, Any], by: str, *, known: bool
) -> None:
    if known:
        place = and_(*(table.c[name] == value for name, value in owner.items()), table.c[by] == row[by])
        connection.execute(update(table).where(place).values(**row))
    else:
        connection.execute(insert(table), {**owner, **row})


def put_state(connection: Connection, before: FrozenTrial, after: FrozenTrial) -> bool:
    """Write a trial's state and times; false where its state in the table is another than before."""
    changed = connection.execute(
        update(TRIALS)
        .where(TRIALS.c.trial_id == before._trial_id, TRIALS.c.state == before.state)
        .values(
            state=after.state,
            datetime_start=utc(after.datetime_start),
            datetime_complete=utc(after.datetime_complete),
        )
    )
    return bool(changed.rowcount)


def read_of_study(connection: Connection, table: Table, study_id: int) -> dict[str, Any]:
    """The attributes of a study in one of its two tables."""
    return _attributes(connection.execute(select(table).where(table.c.study_id == study_id)).all())


def read_trials(connection: Connection, study_id: int) -> list[FrozenTrial]:
    """All trials of a study, in the order of their numbers."""
    return _read(connection, TRIALS.c.study_id == study_id)


def read_these(connection: Connection, trial_ids: Sequence[int]) -> list[FrozenTrial]:
    """Trials by their ids, in the order of their numbers."""
    return _read(connection, TRIALS.c.trial_id.in_(trial_ids)) if trial_ids else []


def _read(connection: Connection, which: ColumnElement[bool]) -> list[FrozenTrial]:
    """Some trials.

    They come before what belongs to them: so one that has ended is whole, though somebody writes meanwhile.
    """
    rows = connection.execute(select(TRIALS).where(which)).all()
    params = _by_trial(connection, PARAMS, which)
    values = _by_trial(connection, VALUES, which)
    steps = _by_trial(connection, STEPS, which)
    user, system = (_by_trial(connection, table, which) for table in (USER_ATTRIBUTES, SYSTEM_ATTRIBUTES))
    found = [_trial(row, _Parts(params[row.trial_id], values[row.trial_id], steps[row.trial_id])) for row in rows]
    for trial in found:
        trial.user_attrs = _attributes(user[trial._trial_id])
        trial.system_attrs = _attributes(system[trial._trial_id])
    return sorted(found, key=lambda trial: trial.number)


@dataclass(frozen=True)
class _Parts:
    """Rows of one trial."""

    params: Sequence[Any]
    values: Sequence[Any]
    steps: Sequence[Any]


def _by_trial(connection: Connection, table: Table, which: ColumnElement[bool]) -> "defaultdict[int, list[Any]]":
    """The rows of some trials in one table, in the order in which they were written."""
    (key,) = table.primary_key.columns
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(select(table).join(TRIALS).where(which).order_by(key)):
        found[row.trial_id].append(row)
    return found


def _trial(row: Any, parts: _Parts) -> FrozenTrial:  # noqa: ANN401 - a row
    distributions = {each.param_name: _read_distribution(each.distribution_json) for each in parts.params}
    values = sorted(parts.values, key=lambda each: each.objective)
    return FrozenTrial(
        number=row.number,
        state=row.state,
        value=None,
        values=[_value.stored_repr_to_value(each.value, each.value_type) for each in values] or None,
        datetime_start=local(row.datetime_start),
        datetime_complete=local(row.datetime_complete),
        params={
            each.param_name: distributions[each.param_name].to_external_repr(each.param_value) for each in parts.params
        },
        distributions=distributions,
        user_attrs={},
        system_attrs={},
        intermediate_values={
            each.step: _step.stored_repr_to_intermediate_value(each.intermediate_value, each.intermediate_value_type)
            for each in parts.steps
        },
        trial_id=row.trial_id,
    )


def _attributes(rows: Sequence[Any]) -> dict[str, Any]:
    return {row.key: json.loads(row.value_json) for row in rows}
