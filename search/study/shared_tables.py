"""What several workers of one study ask its tables: locks on rows, who has claimed a trial, and who still lives.

All times are the database's own, in UTC: the clocks of the workers' machines do not matter.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from optuna.storages._rdb import models
from optuna.study import StudyDirection
from optuna.trial import TrialState
from sqlalchemy import Connection, Table, func, insert, select, text, update

from cnnsearch.search.study.shared import OWNER
from cnnsearch.search.study.tables import SYSTEM_ATTRIBUTES, TRIALS

_STUDIES: Table = models.StudyModel.__table__
_DIRECTIONS: Table = models.StudyDirectionModel.__table__
_HEARTBEATS: Table = models.TrialHeartbeatModel.__table__


@dataclass(frozen=True)
class Life:
    """A running trial's last sign of life, and who has claimed it; None where there is none."""

    trial_id: int
    heartbeat: datetime | None
    owner: str | None


def lock_study(connection: Connection, study_id: int) -> None:
    """Let nobody else number a trial of a study until the transaction ends.

    Raises:
        KeyError: there is no such study.
    """
    row = select(_STUDIES.c.study_id).where(_STUDIES.c.study_id == study_id).with_for_update(key_share=True)
    if connection.execute(row).first() is None:
        raise KeyError(f"study {study_id}: the storage has none of this id.")


def lock_trial(connection: Connection, trial_id: int, *, wait: bool = True) -> TrialState | None:
    """Let nobody else change a trial until the transaction ends; gives its state, None where there is none.

    Where `wait` is false, None also stands for a trial that somebody else has locked.
    """
    row = select(TRIALS.c.state).where(TRIALS.c.trial_id == trial_id)
    return connection.execute(row.with_for_update(skip_locked=not wait, key_share=True)).scalar_one_or_none()


def name_of(connection: Connection, study_id: int) -> str:
    """What a study is called.

    Raises:
        KeyError: there is no such study.
    """
    name = connection.execute(select(_STUDIES.c.study_name).where(_STUDIES.c.study_id == study_id)).scalar_one_or_none()
    if name is None:
        raise KeyError(f"study {study_id}: the storage has none of this id.")
    return str(name)


def directions_of(connection: Connection, study_id: int) -> list[StudyDirection]:
    """Whether more is better, for each objective of a study."""
    rows = select(_DIRECTIONS.c.direction).where(_DIRECTIONS.c.study_id == study_id).order_by(_DIRECTIONS.c.objective)
    return list(connection.execute(rows).scalars())


def owner_of(connection: Connection, trial_id: int) -> str | None:
    """The token of the worker that has claimed a trial; None where none has."""
    return owners_of(connection, [trial_id]).get(trial_id)


def owners_of(connection: Connection, trial_ids: Collection[int]) -> dict[int, str]:
    """The tokens of the workers that have claimed these trials; those that nobody has claimed are left out."""
    table = SYSTEM_ATTRIBUTES
    rows = select(table.c.trial_id, table.c.value_json).where(table.c.trial_id.in_(trial_ids), table.c.key == OWNER)
    found = {trial_id: json.loads(value) for trial_id, value in connection.execute(rows)}
    return {trial_id: token for trial_id, token in found.items() if token is not None}


def study_of(connection: Connection, trial_id: int) -> int | None:
    """The id of the study that a trial is in; None where there is no such trial."""
    return connection.execute(select(TRIALS.c.study_id).where(TRIALS.c.trial_id == trial_id)).scalar_one_or_none()


def ids_after(connection: Connection, study_id: int, last: int) -> list[int]:
    """The ids of a study's trials that were created after the one of this id.

    Ids grow with numbers and become visible in this order, as whoever creates a trial locks its study before.
    """
    rows = select(TRIALS.c.trial_id).where(TRIALS.c.study_id == study_id, TRIALS.c.trial_id > last)
    return [row.trial_id for row in connection.execute(rows.order_by(TRIALS.c.trial_id))]


def beat(connection: Connection, trial_ids: Sequence[int]) -> None:
    """Note that these trials live now."""
    connection.execute(update(_HEARTBEATS).where(_HEARTBEATS.c.trial_id.in_(trial_ids)).values(heartbeat=func.now()))


def first_beat(connection: Connection, trial_id: int, *, is_new: bool = False) -> None:
    """Note that a trial lives now, whether or not it has ever done so; its row must be locked, or this step's own."""
    here = _HEARTBEATS.c.trial_id == trial_id
    if is_new or not connection.execute(update(_HEARTBEATS).where(here).values(heartbeat=func.now())).rowcount:
        connection.execute(insert(_HEARTBEATS).values(trial_id=trial_id, heartbeat=func.now()))


def lives(connection: Connection, study_id: int) -> list[Life]:
    """The last signs of life of a study's running trials."""
    rows = select(TRIALS.c.trial_id, _HEARTBEATS.c.heartbeat).outerjoin(_HEARTBEATS)
    running = rows.where(TRIALS.c.study_id == study_id, TRIALS.c.state == TrialState.RUNNING)
    found = {row.trial_id: row.heartbeat for row in connection.execute(running.order_by(TRIALS.c.trial_id))}
    owners = owners_of(connection, found)
    return [Life(trial_id, heartbeat, owners.get(trial_id)) for trial_id, heartbeat in found.items()]


def life_of(connection: Connection, trial_id: int) -> Life:
    """A trial's last sign of life."""
    found = select(_HEARTBEATS.c.heartbeat).where(_HEARTBEATS.c.trial_id == trial_id)
    return Life(trial_id, connection.execute(found).scalar_one_or_none(), owner_of(connection, trial_id))


def clock(connection: Connection) -> datetime:
    """The database's time."""
    return _naive(connection.execute(select(func.now())).scalar_one())


def up_since(connection: Connection) -> datetime | None:
    """When the database was started, by its own clock; None where it does not say."""
    if connection.dialect.name != "postgresql":
        return None
    return _naive(connection.execute(text("SELECT pg_postmaster_start_time()")).scalar_one())


def transaction_id(connection: Connection) -> int | None:
    """What a transaction is called, so that somebody can ask later whether it was committed; None where nobody can."""
    if connection.dialect.name != "postgresql":
        return None
    return int(connection.execute(text("SELECT txid_current()")).scalar_one())


def is_committed(connection: Connection, transaction: int) -> bool | None:
    """Whether a transaction was committed; None while it is going on."""
    status = connection.execute(text("SELECT txid_status(:id)"), {"id": transaction}).scalar_one()
    return None if status == "in progress" else bool(status == "committed")


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
