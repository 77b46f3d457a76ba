"""Several runs in one folder of TensorBoard: one description of all parameters, and links to every session."""

from pathlib import Path

from tensorboard.plugins.hparams import api_pb2

from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog
from cnnsearch.search.listeners.tensorboard_runs import ComposedLogs, experiment_of, merged
from cnnsearch.search.records import Objective
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.values import Choice, FloatRange, IntRange
from tests.search.listeners.test_tensorboard_log import Parameter


def begun(path: Path, parameters: list[Parameter], trials: int, metric: str = "val_accuracy") -> RunFolder:
    run = RunFolder(path)
    log = TensorBoardLog(run.tensorboard, parameters, Objective.of(metric))
    for number in range(trials):
        log.trial_started(number, {})
    log.close()
    return run


def test_parameters_of_all_runs_have_all_their_values(tmp_path: Path) -> None:
    one = begun(tmp_path / "a", [Parameter("x", IntRange(2, 5)), Parameter("y", Choice(("p", "q")))], 0)
    other = begun(tmp_path / "b", [Parameter("x", Choice((1, 3))), Parameter("y", Choice(("q", "r")))], 0, "val_loss")
    third = begun(tmp_path / "c", [Parameter("x", Choice(("many", "few"))), Parameter("z", FloatRange(0, 1))], 0)
    found = merged([experiment_of(run.tensorboard) for run in (one, other)])
    infos = {info.name: info for info in found.hparam_infos}
    assert (infos["x"].domain_interval.min_value, infos["x"].domain_interval.max_value) == (1, 5)
    assert list(infos["y"].domain_discrete) == ["p", "q", "r"]
    tags = [info.name.tag for info in found.metric_infos]
    assert tags[:2] == ["best/val_accuracy", "best/val_loss"]
    assert len(tags) == len(set(tags))
    mixed = {info.name: info for info in merged([found, experiment_of(third.tensorboard)]).hparam_infos}
    assert mixed["x"].type == api_pb2.DATA_TYPE_STRING
    assert set(mixed) == {"x", "y", "z"}


def test_sessions_are_linked_and_new_ones_follow(tmp_path: Path) -> None:
    run, twin = begun(tmp_path / "a", [], 1), begun(tmp_path / "twin" / "a", [], 1)
    shown = tmp_path / "shown"
    shown.mkdir()
    composed = ComposedLogs(shown)
    composed.show([run, twin])
    (described,) = shown.glob("events.out.tfevents.*")
    (run.tensorboard / "0001").mkdir()
    composed.show([run, twin])
    assert sorted(str(path.relative_to(shown)) for path in shown.glob("*/*")) == ["a/0000", "a/0001", "a~2/0000"]
    assert (shown / "a~2" / "0000").resolve() == twin.tensorboard / "0000"
    assert list(shown.glob("events.out.tfevents.*")) == [described]


def test_a_description_that_is_half_written_is_none(tmp_path: Path) -> None:
    run = begun(tmp_path / "a", [Parameter("x", IntRange(2, 5))], 0)
    (path,) = run.tensorboard.glob("events.out.tfevents.*")
    path.write_bytes(path.read_bytes()[:-10])
    assert experiment_of(run.tensorboard) is None
    assert experiment_of(tmp_path / "absent") is None
