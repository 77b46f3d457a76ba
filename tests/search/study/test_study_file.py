"""A run's study read by plain SQL is what Optuna reads from it, trial by trial."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Failure, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.reading import read_study
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.constraints import Limit

ACCURACY = Objective.of("val_accuracy")
VALUES = {"optimizer": "adam", "norm": True, "blocks": 3, "rate": 0.01, "nothing": None}
DISTRIBUTIONS = {
    "optimizer": optuna.distributions.CategoricalDistribution(["adam", "sgd"]),
    "norm": optuna.distributions.CategoricalDistribution([True, False]),
    "blocks": optuna.distributions.IntDistribution(1, 5),
    "rate": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
    "nothing": optuna.distributions.CategoricalDistribution([None, 1]),
}
LOW = Rung(1, 2, 0.33, 0.33)


def epoch(number: int, accuracy: float, **place: object) -> Epoch:
    return Epoch(number, {"val_accuracy": accuracy, "loss": 0.5}, 1.5, **place)  # type: ignore[arg-type]


def told(path: Path, objectives: Objectives) -> list[TrialRecord]:
    """Trials that ended in every way, and some that have not; gives what Optuna reads."""
    study = TrialStudy.open(open_storage(sqlite_url(path)), objectives)
    for status in (Status.COMPLETED, Status.STOPPED_EARLY, Status.PRUNED, Status.INFEASIBLE, Status.FAILED):
        number = study.begin(VALUES, DISTRIBUTIONS)
        study.report(number, epoch(1, 0.5))
        study.report(number, epoch(2, 0.25))
        reason = Failure.NAN if status is Status.FAILED else "told"
        study.tell(TrialRecord(number, VALUES, status, reason, "why\n", 0.5, 1, 3.0, 77, data="d", precision="float32"))
    again = study.begin({"blocks": 2}, DISTRIBUTIONS)
    study.report(again, epoch(1, 0.75))
    study.begin_again(again)
    study.report(again, epoch(1, 0.125, fold=1))
    study.report(again, epoch(1, 0.375, fold=2))
    climbing = study.begin()
    study.report(climbing, epoch(1, 0.9, rung=LOW))
    study.enqueue({"blocks": 4})
    return study.records()


@pytest.mark.parametrize(
    "objectives",
    [
        Objectives.around(ACCURACY),
        Objectives((ACCURACY, Objective("parameters", "min")), ACCURACY, (Limit("latency", "<=", 0.01),)),
    ],
    ids=["one", "several"],
)
def test_it_is_what_optuna_reads(tmp_path: Path, objectives: Objectives) -> None:
    known = told(tmp_path / "study.db", objectives)
    found = read_study(RunFolder(tmp_path))
    assert list(found.trials) == known
    assert found.objectives == objectives
    assert [list(trial.values) for trial in found.trials] == [list(trial.values) for trial in known]


def test_it_reads_while_the_search_writes(tmp_path: Path) -> None:
    told(tmp_path / "study.db", Objectives.around(ACCURACY))
    writer = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM trials")
    assert len(read_study(RunFolder(tmp_path)).trials) == 8
    writer.execute("ROLLBACK")
    writer.close()


def test_an_attribute_that_is_no_json_is_a_damaged_study(tmp_path: Path) -> None:
    told(tmp_path / "study.db", Objectives.around(ACCURACY))
    connection = sqlite3.connect(tmp_path / "study.db")
    connection.execute("UPDATE trial_user_attributes SET value_json = '{torn' WHERE key = 'ending'")
    connection.commit()
    connection.close()
    with pytest.raises(
        CnnSearchError, match=r"study\.db: a study's database must be whole and readable, got .*Restore"
    ):
        read_study(RunFolder(tmp_path))


def test_neither_optuna_nor_a_framework_is_imported(tmp_path: Path) -> None:
    told(tmp_path / "study.db", Objectives.around(ACCURACY))
    script = (
        "import sys; from pathlib import Path\n"
        "from cnnsearch.search.run_folder import RunFolder\n"
        "from cnnsearch.search.study.reading import read_study\n"
        "read_study(RunFolder(Path(sys.argv[1])))\n"
        "sys.exit(', '.join({'optuna', 'sqlalchemy', 'tensorflow', 'keras', 'numpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
