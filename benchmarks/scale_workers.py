"""How many workers one study in one PostgreSQL carries, whose trials only sleep.

Each worker is a process of its own, forked from one that has imported everything, with a connection of its own. What it
does, scale_worker.py says. A worker with TensorFlow at work in it would take some 700 MB: 256 of them fit on no machine
that this is made for.

A worker is at work while its trial sleeps; the share is taken from the moment at which every worker has had a trial to
the moment at which the first one finds none any more.
"""

import argparse
import multiprocessing
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from statistics import fmean, median

import psutil
from measured import Figure, arguments, conclude, percentile
from postgres import Postgres, server
from rich.console import Console
from rich.table import Table
from scale_worker import Log, Task, work
from slots_search import busy
from sqlalchemy import make_url

SIZES = (1, 4, 16, 64, 256)
_BUSY = 95.0
"""Percent that so many workers must be at work, at least."""
_JUDGED = 64
_LOOK = 1.0
"""Seconds between two looks at the server."""
_PRELOADED = (
    "cnnsearch.search.engine.oracle",
    "cnnsearch.search.model.hypermodel",
    "cnnsearch.search.study.database",
    "optuna.storages._rdb.storage",
    "psycopg",
)
"""What a worker imports that takes long; the forkserver finds only what is installed."""
_PROXY = (
    "import sys, optuna; optuna.storages.run_grpc_proxy_server(optuna.storages.RDBStorage("
    "sys.argv[1], {'pool_pre_ping': True}), host='127.0.0.1', port=int(sys.argv[2]))"
)


@dataclass(frozen=True)
class Row:
    """What so many workers came to.

    Attributes:
        workers: how many.
        at_work: the share of their time that their trials slept, in percent.
        a_second: trials that ended in a second.
        waiting: the share of their time that they waited for the storage, in percent.
        ask: seconds that asking for a trial took, the median.
        ask_95: the same, which 95 % did not exceed.
        epoch: seconds that reporting an epoch took, the median.
        tell: seconds that telling a trial's end took, the median.
        questions: put to the storage for each trial.
        processor: seconds of processor time of the worker for each trial.
        server: the same of the server.
        connections: the most that the server had at a time.
        size: bytes of the database at the end.
        trials: how many there were.
    """

    workers: int
    at_work: float
    a_second: float
    waiting: float
    ask: float
    ask_95: float
    epoch: float
    tell: float
    questions: float
    processor: float
    server: float
    connections: int
    size: int
    trials: int


def measured(postgres: Postgres, workers: int, options: argparse.Namespace) -> Row:
    """Run so many workers on a study of their own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    url = postgres.database()
    name = str(make_url(url).database)
    with ExitStack() as stack:
        if options.through == "proxy":
            url = stack.enter_context(_proxy(url))
        task = Task(url, "basic", workers * options.trials, options.seconds, options.epochs, options.sampler)
        ends = [context.Pipe() for _ in range(workers)]
        processes = [
            context.Process(target=work, args=(theirs, task, seed), daemon=True)
            for seed, (_, theirs) in enumerate(ends)
        ]
        for process, (_, theirs) in zip(processes, ends, strict=True):
            process.start()
            theirs.close()
        ours = [mine for mine, _ in ends]
        for each in ours:
            each.recv()  # not all at once, or the server would be full of newcomers
        before = _server_time(postgres)
        for each in ours:
            each.send("begin")
        connections = _most_connections(postgres, name, ours)
        spent = _server_time(postgres) - before
        logs: list[Log] = [each.recv() for each in ours]
        for process in processes:
            process.join()
    size = int(postgres.query(f"SELECT pg_database_size('{name}')", "postgres"))
    return row_of(logs, spent, connections, size)


def row_of(logs: Sequence[Log], server_time: float, connections: int, size: int) -> Row:
    """What the workers' logs come to."""
    begin = max(log.sleeps[0][0] for log in logs)
    end = min(log.sleeps[-1][1] for log in logs)
    spans = [sleep for log in logs for sleep in log.sleeps]
    whole = sum(log.whole for log in logs)
    asks, reports, tells = (
        [each for log in logs for each in getattr(log, name)] for name in ("asks", "reports", "tells")
    )
    trials = len(tells)
    first = min(log.sleeps[0][0] for log in logs)
    return Row(
        workers=len(logs),
        at_work=busy(spans, len(logs), begin, end) if end > begin else float("nan"),
        a_second=trials / (max(log.sleeps[-1][1] for log in logs) - first),
        waiting=100 * sum(log.waited for log in logs) / whole,
        ask=median(asks),
        ask_95=percentile(asks, 0.95),
        epoch=median(reports),
        tell=median(tells),
        questions=sum(log.questions for log in logs) / trials,
        processor=fmean([log.processor for log in logs]) * len(logs) / trials,
        server=server_time / trials,
        connections=connections,
        size=size,
        trials=trials,
    )


def _most_connections(postgres: Postgres, name: str, ends: Sequence[Connection]) -> int:
    """The most connections of a database, until every worker has sent its log."""
    most = 0
    counted = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"
    while not all(end.poll() for end in ends):
        most = max(most, int(postgres.query(counted, "postgres")))
        time.sleep(_LOOK)
    return most


def _server_time(postgres: Postgres) -> float:
    """Seconds of processor time that the server and its processes have had, those that have ended included."""
    parent = psutil.Process(postgres.process)
    spent = parent.cpu_times()
    found = spent.user + spent.system + spent.children_user + spent.children_system
    for child in parent.children():
        times = child.cpu_times()
        found += times.user + times.system
    return float(found)


@contextmanager
def _proxy(url: str) -> Iterator[str]:
    """Within it, Optuna's proxy stands before a database."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        _PROXY,
        url.replace("postgresql:", "postgresql+psycopg:"),
        str(port),
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def table_of(rows: Sequence[Row]) -> Table:
    """What is printed, a column for each number of workers."""
    table = Table("", *(f"{row.workers:,}" for row in rows), title="scale: workers of one study")
    milli = 1000.0
    lines = {
        "at work, their trials asleep (%)": [f"{row.at_work:.1f}" for row in rows],
        "trials a second": [f"{row.a_second:.2f}" for row in rows],
        "waiting for the storage (% of their time)": [f"{row.waiting:.2f}" for row in rows],
        "asking for a trial, median (ms)": [f"{row.ask * milli:.0f}" for row in rows],
        "the same, 95 % (ms)": [f"{row.ask_95 * milli:.0f}" for row in rows],
        "reporting an epoch, median (ms)": [f"{row.epoch * milli:.1f}" for row in rows],
        "telling a trial's end, median (ms)": [f"{row.tell * milli:.1f}" for row in rows],
        "questions to the storage, a trial": [f"{row.questions:.0f}" for row in rows],
        "processor time of the worker, a trial (ms)": [f"{row.processor * milli:.0f}" for row in rows],
        "processor time of the server, a trial (ms)": [f"{row.server * milli:.0f}" for row in rows],
        "connections, at most": [f"{row.connections:,}" for row in rows],
        "size of the database (MiB)": [f"{row.size / 2**20:.1f}" for row in rows],
        "trials": [f"{row.trials:,}" for row in rows],
    }
    for name, cells in lines.items():
        table.add_row(name, *cells)
    return table


def main() -> int:
    """Measure and print."""
    parser = arguments("How many workers one study in one PostgreSQL carries, whose trials only sleep.")
    parser.add_argument("--workers", type=int, nargs="+", help="how many, one measurement each (1 4 16 64 256)")
    parser.add_argument("--seconds", type=float, help="how long a trial sleeps on average (10, or 0.3 with --quick)")
    parser.add_argument("--epochs", type=int, default=3, help="of each trial (3)")
    parser.add_argument("--trials", type=int, help="of each worker, on average (5, or 2 with --quick)")
    parser.add_argument("--sampler", default="tpe", help="who is asked (tpe)")
    parser.add_argument("--through", choices=["database", "proxy"], default="database", help="what workers speak to")
    options = parser.parse_args()
    options.seconds = options.seconds or (0.3 if options.quick else 10.0)
    options.trials = options.trials or (2 if options.quick else 5)
    sizes = options.workers or ((1, 2) if options.quick else SIZES)
    with server(f"max_connections={max(100, 2 * max(sizes) + 20)}") as postgres:
        rows = [measured(postgres, workers, options) for workers in sizes]
    Console(width=110).print(table_of(rows))
    judged = [row for row in rows if row.workers == _JUDGED]
    figures = [Figure(f"{row.workers} workers at work", row.at_work, "%", at_least=_BUSY) for row in judged]
    return conclude("scale", figures, options, rows=[asdict(row) for row in rows])


if __name__ == "__main__":
    sys.exit(main())
