"""Workers of one study as actors of Ray, as many as are asked for, wherever Ray finds room.

    pip install 'cnnsearch[ray,postgres]'
    CNNSEARCH_STORAGE=postgresql://user@host/database python ray_search.py SPACE STUDY --workers 4 --gpus 1

The password is best in ~/.pgpass on each machine. An actor that dies is begun again, and its trial goes back in line.
Ctrl-C ends all of them; the same command goes on.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import ray


class Worker:
    """One `cnnsearch run`: whoever comes first begins the study, the others take part.

    Args:
        storage: where the study is.
        command: what follows `cnnsearch`.
    """

    def __init__(self, storage: str, command: list[str]) -> None:
        environment = os.environ | {"CNNSEARCH_STORAGE": storage}  # not in the command, which everybody can read
        self._process = subprocess.Popen([sys.executable, "-m", "cnnsearch", *command], env=environment)

    def work(self) -> int:
        """Wait for its end; gives its exit code."""
        return self._process.wait()

    def end(self) -> None:
        """Have it end well: its trial goes back in line."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


def main() -> int:
    """Run the workers to their end; gives the largest of their exit codes."""
    parser = argparse.ArgumentParser(description="Workers of one study as actors of Ray.")
    parser.add_argument("space", help="a space file, which all machines see under this name, or a shipped one")
    parser.add_argument("study", help="the study's name")
    parser.add_argument("--workers", type=int, default=2, help="how many (2)")
    parser.add_argument("--gpus", type=float, default=0, help="of each (0)")
    parser.add_argument("--cpus", type=float, default=1, help="of each (1)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where each keeps its run folder (runs)")
    options = parser.parse_args()
    storage, runs = os.environ["CNNSEARCH_STORAGE"], options.runs.absolute()
    ray.init()
    # Two calls at a time, so that `end` is heard while `work` waits.
    actor = ray.remote(num_cpus=options.cpus, num_gpus=options.gpus, max_concurrency=2, max_restarts=3)(Worker)
    commands = [
        ["run", options.space, "--study", options.study, "--runs", str(runs / str(place))]
        for place in range(options.workers)
    ]
    workers = [actor.remote(storage, command) for command in commands]
    try:
        return max(ray.get([worker.work.options(max_task_retries=3).remote() for worker in workers]))
    except KeyboardInterrupt:
        ray.get([worker.end.remote() for worker in workers])
        return 130


if __name__ == "__main__":
    sys.exit(main())
