"""TensorBoard's own readers understand what is logged."""

import io
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.plugins.hparams import api_pb2, metadata

from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:tensorflow", "ignore::DeprecationWarning:tensorboard"
)


@dataclass(frozen=True)
class Parameter:
    name: str
    domain: Domain


PARAMETERS = [
    Parameter("model", Branch(("scratch", "vgg16"))),
    Parameter("model.scratch.blocks", IntRange(2, 5)),
    Parameter("model.scratch.batch_norm", Choice((True, False))),
    Parameter("model.scratch.kernel_size", Choice((3, 5))),
    Parameter("head.dense", Choice(([64], [128, 64]))),
    Parameter("training.limit", Choice((None, 3))),
    Parameter("optimizer.adam.learning_rate", FloatRange(1e-5, 1e-2, scale="log")),
]
VALUES: Mapping[str, Scalar] = {
    "model": "scratch",
    "model.scratch.blocks": 3,
    "model.scratch.batch_norm": False,
    "head.dense": "[128, 64]",
    "training.limit": 3,
}
ACCURACY = Objective.of("val_accuracy")


def ended(number: int, scores: Sequence[float], status: Status = Status.COMPLETED) -> TrialRecord:
    epochs = tuple(Epoch(k, {"val_accuracy": score, "loss": 1 / k}, 2.0) for k, score in enumerate(scores, start=1))
    best = max(epochs, key=lambda epoch: epoch.metrics["val_accuracy"], default=None)
    return TrialRecord(
        number,
        VALUES,
        status,
        score=best.metrics["val_accuracy"] if best else None,
        best_epoch=best.number if best else None,
        seconds=4.0,
        parameters=1234,
        epochs=epochs,
    )


def logged(log: TensorBoardLog, trial: TrialRecord) -> None:
    log.trial_started(trial.number, trial.values)
    for epoch in trial.epochs:
        log.epoch_ended(trial.number, epoch)
    log.trial_ended(trial)


def values(folder: Path) -> Iterator[tuple[int, Any]]:
    """(step, value) of everything in a folder's event files."""
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in LegacyEventFileLoader(str(path)).Load():
            for value in event.summary.value:
                yield event.step, value


def scalars(folder: Path, tag: str) -> list[tuple[int, float]]:
    return [(step, pytest.approx(value.simple_value)) for step, value in values(folder) if value.tag == tag]


def content(folder: Path, tag: str) -> list[bytes]:
    return [value.metadata.plugin_data.content for _, value in values(folder) if value.tag == tag]


def test_the_root_describes_every_parameter(tmp_path: Path) -> None:
    TensorBoardLog(tmp_path, PARAMETERS, ACCURACY).close()
    (found,) = content(tmp_path, metadata.EXPERIMENT_TAG)
    infos = {info.name: info for info in metadata.parse_experiment_plugin_data(found).hparam_infos}
    assert list(infos) == [parameter.name for parameter in PARAMETERS]
    blocks = infos["model.scratch.blocks"]
    assert (blocks.type, blocks.domain_interval.min_value, blocks.domain_interval.max_value) == (
        api_pb2.DATA_TYPE_FLOAT64,
        2,
        5,
    )
    discrete = {name: list(info.domain_discrete) for name, info in infos.items() if info.HasField("domain_discrete")}
    assert discrete == {
        "model": ["scratch", "vgg16"],
        "model.scratch.batch_norm": [True, False],
        "model.scratch.kernel_size": [3, 5],
        "head.dense": ["[64]", "[128, 64]"],
        "training.limit": ["null", "3"],
    }


@pytest.mark.parametrize(("metric", "second"), [("val_accuracy", "val_loss"), ("val_loss", "val_accuracy")])
def test_the_objective_is_the_first_metric(tmp_path: Path, metric: str, second: str) -> None:
    TensorBoardLog(tmp_path, [], Objective.of(metric)).close()
    (found,) = content(tmp_path, metadata.EXPERIMENT_TAG)
    tags = [info.name.tag for info in metadata.parse_experiment_plugin_data(found).metric_infos]
    assert tags[:5] == [f"best/{metric}", f"best/{second}", "trial/epochs", "trial/seconds", "trial/weights"]
    assert tags[5:] == ["trial/pruned", "trial/infeasible"]


def test_a_session_has_the_active_parameters_only(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    log.trial_started(7, VALUES)
    (found,) = content(tmp_path / "0007", metadata.SESSION_START_INFO_TAG)
    info = metadata.parse_session_start_info_plugin_data(found)
    assert info.group_name == ""  # its own folder names it, whatever else lies beside it
    kinds = {
        name: (value.WhichOneof("kind"), getattr(value, value.WhichOneof("kind")))
        for name, value in info.hparams.items()
    }
    assert kinds == {
        "model": ("string_value", "scratch"),
        "model.scratch.blocks": ("number_value", 3.0),
        "model.scratch.batch_norm": ("bool_value", False),
        "head.dense": ("string_value", "[128, 64]"),
        "training.limit": ("string_value", "3"),
    }
    log.close()


def test_epochs_can_be_read_while_the_trial_runs(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    log.trial_started(0, VALUES)
    log.epoch_ended(0, Epoch(1, {"loss": 0.5}, 2.0))
    log.epoch_ended(0, Epoch(2, {"loss": 0.25}, 3.0))
    assert scalars(tmp_path / "0000", "loss") == [(1, 0.5), (2, 0.25)]
    assert scalars(tmp_path / "0000", "epoch_seconds") == [(1, 2.0), (2, 3.0)]
    assert content(tmp_path / "0000", metadata.SESSION_END_INFO_TAG) == []
    log.close()


def test_the_best_value_is_written_once(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    logged(log, ended(0, [0.5, 0.9, 0.7]))
    assert scalars(tmp_path / "0000", "best/val_accuracy") == [(2, 0.9)]
    assert scalars(tmp_path / "0000", "best/loss") == [(2, 0.5)]
    assert scalars(tmp_path / "0000", "trial/weights") == [(2, 1234)]


@pytest.mark.parametrize(
    ("status", "scores", "shown"),
    [
        (Status.COMPLETED, [0.5], api_pb2.STATUS_SUCCESS),
        (Status.PRUNED, [0.5], api_pb2.STATUS_SUCCESS),
        (Status.FAILED, [], api_pb2.STATUS_FAILURE),
    ],
)
def test_an_ended_session_has_its_status(tmp_path: Path, status: Status, scores: list[float], shown: int) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    logged(log, ended(0, scores, status))
    (found,) = content(tmp_path / "0000", metadata.SESSION_END_INFO_TAG)
    assert metadata.parse_session_end_info_plugin_data(found).status == shown


@pytest.mark.parametrize(
    ("status", "expected"), [(Status.COMPLETED, (0, 0)), (Status.PRUNED, (1, 0)), (Status.INFEASIBLE, (0, 1))]
)
def test_what_is_neither_success_nor_failure_has_a_column(
    tmp_path: Path, status: Status, expected: tuple[int, int]
) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    logged(log, ended(0, [0.5], status))
    found = [scalars(tmp_path / "0000", tag) for tag in ("trial/pruned", "trial/infeasible")]
    assert found == [[(1, value)] for value in expected]


def test_a_trial_tells_its_parameters_and_its_ending_as_text(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    logged(log, replace(ended(0, []), status=Status.FAILED, reason="oom", message="no <memory> | left"))
    texts = {value.tag: value.tensor.string_val[0].decode() for _, value in values(tmp_path / "0000") if is_text(value)}
    assert texts["trial/ended"] == r"failed: oom: no \<memory\> \| left"
    assert r"| model.scratch.batch\_norm | false |" in texts["trial/parameters"].splitlines()


def is_text(value: Any) -> bool:
    return bool(value.metadata.plugin_data.plugin_name == "text")


def test_values_that_json_lacks_are_not_shown_in_the_table(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    logged(log, ended(0, [float("nan")]))
    assert scalars(tmp_path / "0000", "best/val_accuracy") == []
    assert len(scalars(tmp_path / "0000", "val_accuracy")) == 1


def test_a_second_attempt_starts_afresh(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    log.trial_started(0, VALUES)
    log.epoch_ended(0, Epoch(1, {"loss": 9.0}, 1.0))
    logged(log, ended(0, [0.5]))
    assert scalars(tmp_path / "0000", "loss") == [(1, 1.0)]
    assert len(content(tmp_path / "0000", metadata.SESSION_START_INFO_TAG)) == 1


def test_continuing_a_run_keeps_one_description_and_the_old_sessions(tmp_path: Path) -> None:
    first = TensorBoardLog(tmp_path, PARAMETERS[:1], ACCURACY)
    logged(first, ended(0, [0.5]))
    first.close()
    second = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    logged(second, ended(1, [0.6]))
    second.close()
    (found,) = content(tmp_path, metadata.EXPERIMENT_TAG)
    assert len(metadata.parse_experiment_plugin_data(found).hparam_infos) == len(PARAMETERS)
    assert scalars(tmp_path / "0000", "best/val_accuracy") == [(1, 0.5)]
    assert scalars(tmp_path / "0001", "best/val_accuracy") == [(1, 0.6)]


def test_what_was_not_started_is_not_logged(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    log.epoch_ended(3, Epoch(1, {"loss": 1.0}, 1.0))
    log.trial_ended(ended(3, [0.5]))
    log.close()
    assert not (tmp_path / "0003").exists()


def test_many_threads_log_many_trials(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    scores = [k / 20 for k in range(20)]
    threads = [threading.Thread(target=logged, args=(log, ended(number, scores))) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    for number in range(16):
        assert len(scalars(tmp_path / f"{number:04d}", "val_accuracy")) == 20
        assert scalars(tmp_path / f"{number:04d}", "best/val_accuracy") == [(20, 0.95)]


def test_logging_never_imports_tensorflow(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord\n"
        "from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog\n"
        "log = TensorBoardLog(Path(sys.argv[1]), [], Objective.of('val_loss'))\n"
        "log.trial_started(0, {'a': 1}); log.epoch_ended(0, Epoch(1, {'loss': 1.0}, 1.0))\n"
        "log.trial_ended(TrialRecord(0, {}, Status.COMPLETED)); log.close()\n"
        "sys.exit('tensorflow was imported' if 'tensorflow' in sys.modules else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_pictures_of_a_running_trial_are_there_before_it_ends(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, PARAMETERS, ACCURACY)
    log.trial_started(3, VALUES)
    pictures = []
    for level in (0, 200):
        file = io.BytesIO()
        Image.new("RGB", (20, 10), (level, level, level)).save(file, format="PNG")
        pictures.append(file.getvalue())
    log.trial_shown(3, "wrong", "a_b.jpg: <cat> taken for dog", pictures)
    log.trial_shown(4, "wrong", "of a trial that is not here", pictures)
    (value,) = [value for _, value in values(tmp_path / "0003") if value.tag == "trial/wrong"]
    assert value.metadata.plugin_data.plugin_name == "images"
    assert [*value.tensor.string_val] == [b"20", b"10", *pictures]
    assert value.metadata.summary_description == r"a\_b.jpg: \<cat\> taken for dog"
    assert not (tmp_path / "0004").exists()
    log.close()
