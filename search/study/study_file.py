"""Reads the `study.db` of a run in five questions of plain SQL: without Optuna, whose import alone takes half a second.

The tables are Optuna's; the tests compare what is read here with what Optuna reads.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.study.stored_record import ATTEMPT, ENDING, EPOCH, STUDY_NAME, objectives_in, record_in
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.values import Scalar

_WAIT = 60.0
"""Seconds that reading waits for the search, which may be writing."""
_TRIALS = "SELECT trial_id, number, state FROM trials WHERE study_id = ? ORDER BY number"
_PARAMS = """SELECT trial_id, param_name, param_value, distribution_json FROM trial_params
    WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?) ORDER BY param_id"""
_ATTRIBUTES = """SELECT trial_id, key, value_json FROM trial_user_attributes
    WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?) ORDER BY trial_user_attribute_id"""
_AT_ONCE = 20_000
"""Attributes that are parsed together: one by one takes twice as long, all together holds their text twice."""


@dataclass(frozen=True)
class StudyFile:
    """A run's study as it stood at one moment."""

    objectives: Objectives
    trials: tuple[TrialRecord, ...]


def read_study_file(path: Path) -> StudyFile:
    """The study in a run's database; a search may be writing to it.

    Raises:
        CnnSearchError: it is damaged, or there is no study of ours in it.
    """
    with _readable(path), closing(_opened(path)) as connection:
        study_id, objectives = _study(connection, path)
        rows = connection.execute(_TRIALS, (study_id,)).fetchall()
        values = _values(connection.execute(_PARAMS, (study_id,)))
        attributes = _parsed(connection.execute(_ATTRIBUTES, (study_id,)))
    nothing: dict[str, Any] = {}
    trials = (
        record_in(number, state, values.get(key, nothing), attributes.pop(key, nothing), objectives)
        for key, number, state in rows
    )
    return StudyFile(objectives, tuple(trials))


def _opened(path: Path) -> sqlite3.Connection:
    """A connection in one transaction, so that all answers are of one moment."""
    connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
    connection.execute("BEGIN")
    return connection


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, ValueError) as error:
        raise CnnSearchError(
            f"{path}: a study's database must be whole and readable, got {error}. "
            "Restore it from a copy, or begin a new run."
        ) from error


def _study(connection: sqlite3.Connection, path: Path) -> tuple[int, Objectives]:
    """The study's id and objectives; a database without Optuna's tables has no study."""
    has_any = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'studies'").fetchone()
    known = "SELECT study_id FROM studies WHERE study_name = ?"
    row = (connection.execute(known, (STUDY_NAME,)).fetchone() if has_any else None) or (-1,)
    told = "SELECT key, value_json FROM study_user_attributes WHERE study_id = ?"
    attributes = {key: json.loads(value) for key, value in connection.execute(told, row)} if has_any else {}
    try:
        objectives = objectives_in(attributes)
    except KeyError as error:
        raise CnnSearchError(f"{path}: a run's study must be in it, got none. Was it made by another tool?") from error
    return int(row[0]), objectives


def _values(rows: Iterator[tuple[int, str, float, str]]) -> Mapping[int, dict[str, Scalar]]:
    found: defaultdict[int, dict[str, Scalar]] = defaultdict(dict)
    for trial_id, name, value, distribution in rows:
        kind, choices = _distribution(distribution)
        if choices is not None:
            found[trial_id][name] = choices[int(value)]
        else:
            found[trial_id][name] = int(value) if kind.startswith("Int") else float(value)
    return found


@lru_cache(maxsize=4096)
def _distribution(text: str) -> tuple[str, Sequence[Scalar] | None]:
    """The name of Optuna's distribution, and what a categorical one chooses from."""
    known = json.loads(text)
    return str(known["name"]), known["attributes"].get("choices")


def _parsed(rows: sqlite3.Cursor) -> dict[int, dict[str, Any]]:
    """The attributes of each trial that a record is made of."""
    found: dict[int, dict[str, Any]] = {}
    while batch := rows.fetchmany(_AT_ONCE):
        wanted = [row for row in batch if row[1].startswith(EPOCH) or row[1] in (ENDING, ATTEMPT)]
        values = json.loads(f"[{','.join(row[2] for row in wanted)}]")
        for (trial_id, key, _), value in zip(wanted, values, strict=True):
            found.setdefault(trial_id, {})[key] = value
    return found
