"""Makes the table of a tabulated problem anew: trains every configuration of its space, then asks each model of the
test images, which no training has seen.

    python benchmarks/tabulated/make.py --runs FOLDER

It takes about a quarter of an hour on one free core. Stopped and called again, it goes on where it was.
`--read` trains nothing and writes the table of a search that has ended.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
from table import FOLDER, OBJECTIVE, PROBLEMS, Trained, read, space_of, write

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.model.hypermodel import decoded
from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.reading import read_trials
from cnnsearch.spaces.load import load_space


def main() -> int:
    """Search, read, write."""
    options = _options()
    run = RunFolder(options.runs / f"{options.problem}-001")
    if not options.read:
        command = ["run", str(FOLDER / f"{options.problem}.yaml"), "--runs", str(options.runs)]
        code = subprocess.run([sys.executable, "-m", "cnnsearch", *command], stdout=sys.stderr, check=False).returncode
        if code:
            return code
    path = write(options.problem, _rows(run, options.problem))
    missing = read(options.problem).missing
    print(f"{path}: {len(missing)} configurations are missing" if missing else f"{path}: complete")
    return int(bool(missing))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the table of a tabulated problem anew.")
    parser.add_argument("--problem", choices=PROBLEMS, default=PROBLEMS[0], help=f"which one ({PROBLEMS[0]})")
    parser.add_argument("--runs", type=Path, required=True, help="where the run is, or will be")
    parser.add_argument("--read", action="store_true", help="train nothing: the search has ended")
    return parser.parse_args()


def _rows(run: RunFolder, problem: str) -> list[tuple[dict[str, object], Trained]]:
    """The values of each trial that has ended, and what it came to."""
    space = space_of(problem)
    dataset = Datasets(None).first_of(load_space(run.space))
    ended = [trial for trial in read_trials(run) if trial.status.ended]
    return [(dict(decoded(space, trial.values)), _trained(run, trial, dataset)) for trial in ended]


def _trained(run: RunFolder, trial: TrialRecord, dataset: Dataset) -> Trained:
    model = run.trial(trial.number).model
    test = _test_accuracy(model, dataset) if model.is_file() else None
    failed = trial.reason if trial.status is Status.FAILED else ""
    if not failed and test is None:
        raise SystemExit(f"{model}: the model of each trial must be kept, this one is gone. See keep.checkpoints.")
    known = [epoch for epoch in trial.epochs if OBJECTIVE.metric in epoch.metrics]
    return Trained(tuple(known), failed, trial.parameters or 0, test)


def _test_accuracy(model: Path, dataset: Dataset) -> float:
    rows = dataset.rows("test")
    outputs = keras.saving.load_model(model, compile=False)(dataset.images[rows].astype(np.float32), training=False)
    predicted = keras.ops.convert_to_numpy(outputs).argmax(axis=1)
    keras.backend.clear_session()
    return float((predicted == dataset.labels[rows]).mean())


if __name__ == "__main__":
    sys.exit(main())
