"""A search whose trials only sleep: all of the engine, its processes and its files are real, only the training is not.

    python stand_in.py SPACE RUNS CACHE MODEL [PACE]

MODEL is a Keras file that stands for every trial's model, PACE the seconds of an epoch. Exit codes are those of
`cnnsearch run`.
"""

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.records import Epoch
from cnnsearch.search.request import Request
from cnnsearch.search.run import run_search
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Built, Done, EpochDone, Trained, Verdict
from cnnsearch.search.writing import write_beside
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space

MODEL, PACE = "STAND_IN_MODEL", "STAND_IN_PACE"


def train(line: Line, job: Any) -> None:
    """Say what a trial says, at its pace; the score depends on the trial's seed and the epoch alone."""
    line.tell(Built(1000 + job.seed % 1000, "cpu"))
    pace, best = float(os.environ[PACE]), 0.0
    for number in range(1, job.configuration.training.epochs + 1):
        time.sleep(pace)
        accuracy = (job.seed % 97) / 100 + number / 1000
        best = max(best, accuracy)
        metrics = {"loss": 1 - accuracy, "val_loss": 1 - accuracy, "val_accuracy": accuracy}
        if line.ask(EpochDone(Epoch(number, metrics, pace))) is not Verdict.GO_ON:
            break
    if line.ask(Trained("", best)):
        write_beside(job.model, lambda beside: shutil.copyfile(os.environ[MODEL], beside))
    line.tell(Done())


def main() -> int:
    """Search; gives the exit code."""
    space, runs, cache, os.environ[MODEL] = sys.argv[1:5]
    os.environ[PACE] = sys.argv[5] if len(sys.argv) > 5 else "0.3"
    start_forkserver()
    try:
        run_search(Request(load_space(space), Path(runs), Path(space).stem, cache=Path(cache)), train=train)
    except CnnSearchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
