"""What the next trial costs in a study that has many: asked of the sampler, written, and told how it ended.

The study is made up: draws by chance with scores by chance, no model is trained. Its database is a real SQLite file, or
with `--storage` a shared one: `postgresql` starts a server for itself.
"""

import random
import statistics
import sys
import time
from contextlib import ExitStack

import keras_tuner
from measured import Figure, arguments, conclude, percentile, workplace
from optuna.storages._rdb.models import BaseModel
from optuna.trial import TrialState, create_trial
from postgres import server
from sqlalchemy import event, insert, select, text

from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.engine.parameters import SearchSpace, search_space_of
from cnnsearch.search.model.hypermodel import encoded, hyperparameters_of
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.storage import together
from cnnsearch.search.study.study import STUDY_NAME, TrialStudy
from cnnsearch.spaces.document import Search
from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.space import Space

ASKED = 30
"""Trials that are asked for and told, one after the other."""
SAMPLERS = ("tpe", Search().sampler.kind)
"""Who is asked: the quickest that learns, for what the study takes, and the default."""
UNLIMITED = ("gp",)
"""Who reckons for as long as it takes: its time is that of a hundred trials, however many there are."""
_OWN = ("version_info",)
"""Tables that each database has filled for itself."""


def fill_shared(url: str, beside: str) -> None:
    """Copy the trials of a SQLite study into an empty shared database: written one by one they would take half an hour.

    Args:
        beside: the URL of the SQLite study.
    """
    storages = open_storage(beside), open_storage(url)
    source, target = (storage.engine for storage in storages)  # type: ignore[attr-defined]
    with source.connect() as taken, target.begin() as given:
        for table in BaseModel.metadata.sorted_tables:
            rows = [dict(row) for row in taken.execute(select(table)).mappings()]
            if table.name in _OWN or not rows:
                continue
            given.execute(insert(table), rows)
            if target.dialect.name == "postgresql":  # its own numbers go on behind those that were given
                key = next(iter(table.primary_key)).name
                given.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), max({key})) FROM {table}")
                )


def fill(url: str, space: Space, known: SearchSpace, trials: int) -> None:
    """Write so many ended trials, without waiting for the disk."""
    storage = open_storage(url)

    def hasty(connection: object, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    if storage.engine.dialect.name == "sqlite":  # type: ignore[attr-defined]
        event.listen(storage.engine, "connect", hasty)  # type: ignore[attr-defined]
        storage.engine.dispose()  # type: ignore[attr-defined]
    TrialStudy.open(storage, Objective("val_accuracy", "max"))
    study_id, source = storage.get_study_id_from_name(STUDY_NAME), random.Random(1)

    def filled() -> None:
        for _ in range(min(1000, trials - len(storage.get_all_trials(study_id, deepcopy=False)))):
            params = encoded(space, draw(space, source))
            distributions = {name: known.distributions[name] for name in params}
            template = create_trial(
                state=TrialState.COMPLETE, params=params, distributions=distributions, value=source.random()
            )
            storage.create_new_trial(study_id, template)

    while len(storage.get_all_trials(study_id, deepcopy=False)) < trials:
        together(storage, filled)


def asked(oracle: OptunaOracle) -> list[float]:
    """Seconds of each asking and telling; the epoch between is not counted."""
    seconds = []
    for number in range(ASKED + 1):
        began = time.perf_counter()
        trial = oracle.create_trial("slot")
        took = time.perf_counter() - began
        epoch = Epoch(1, {"val_accuracy": number / 100}, 1.0)
        oracle.report(trial.trial_id, epoch)
        began = time.perf_counter()
        oracle.conclude(trial, TrialRecord(int(trial.trial_id), {}, Status.COMPLETED, epochs=(epoch,)))
        seconds.append(took + time.perf_counter() - began)
    return seconds[1:]  # the first one reads which configurations there were


def measured(sampler: str, url: str, hyperparameters: keras_tuner.HyperParameters) -> tuple[float, list[float]]:
    """Seconds until the study is open, and those of each asking and telling."""
    began = time.perf_counter()
    objective, is_shared = keras_tuner.Objective("val_accuracy", "max"), not url.startswith("sqlite")
    oracle = OptunaOracle(objective, None, hyperparameters, seed=1, storage=url, sampler=sampler, shared=is_shared)
    opened = time.perf_counter() - began
    oracle.verbose = 0
    return opened, asked(oracle)


def main() -> int:
    """Measure and print."""
    parser = arguments("What the next trial costs in a study that has many.")
    parser.add_argument("--trials", type=int, help="how many it has (10,000, or 300 with --quick)")
    parser.add_argument("--space", default="basic", help="what they are drawn from (basic)")
    parser.add_argument("--sampler", action="append", help=f"who is asked; may be repeated ({' and '.join(SAMPLERS)})")
    parser.add_argument("--storage", help="an empty database, or `postgresql` for a server of its own (SQLite)")
    options = parser.parse_args()
    trials = options.trials or (300 if options.quick else 10_000)
    space = load_space(options.space)
    hyperparameters = hyperparameters_of(space)
    with workplace() as place, ExitStack() as servers:
        url = options.storage or f"sqlite:///{place.folder / 'study.db'}"
        if url == "postgresql":
            url = servers.enter_context(server()).database()
        beside = f"sqlite:///{place.folder / 'study.db'}"
        fill(beside, space, search_space_of(hyperparameters), trials)
        if url != beside:
            fill_shared(url, beside)
        found = {sampler: measured(sampler, url, hyperparameters) for sampler in options.sampler or SAMPLERS}
    most, figures = 50 if url.startswith("sqlite") else 100, list[Figure]()
    for sampler, (opened, seconds) in found.items():
        limit = None if sampler in UNLIMITED else most
        name, middle = f"{sampler}: ask and tell with {trials:,} trials, median", statistics.median(seconds)
        figures += [
            Figure(name, middle * 1000, "ms", at_most=limit),
            Figure(f"{sampler}: the same, 95 %", percentile(seconds, 0.95) * 1000, "ms"),
            Figure(f"{sampler}: the study opened", opened, "s"),
        ]
    return conclude("asking", figures, options, seconds={sampler: seconds for sampler, (_, seconds) in found.items()})


if __name__ == "__main__":
    sys.exit(main())
