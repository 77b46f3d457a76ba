"""A run's TensorBoard logs: one session for each trial, and one table of parameters over all of them."""

import math
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

from cnnsearch.search.listeners.tensorboard_events import EventFile, Picture, markdown
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, label

_OF_MEASURES = {"parameters": "trial/weights", "latency": "trial/latency", "model_size": "trial/model_size"}
"""The tags of objectives that are no metrics."""
_TOLD_APART = (Status.PRUNED, Status.INFEASIBLE)
"""TensorBoard knows success and failure only; these two are neither, and have a column of ones and zeros."""


class NamedDomain(Protocol):
    """A parameter of a space: its dotted path and what may be drawn there."""

    @property
    def name(self) -> str: ...

    @property
    def domain(self) -> Domain: ...


class TensorBoardLog:
    """Logs a whole search under one folder; any thread may call any method.

    A metric's value in the table of trials is the last one of its tag. So the best epoch's metrics are written once,
    when the trial has ended, under tags of their own: `best/val_accuracy`.

    Args:
        folder: the run's `tensorboard/`. On continuing a run the description of the whole search is replaced.
        parameters: all parameters of the space, active or not.
        objective: what the search ranks by; these are the table's first metrics.
    """

    def __init__(self, folder: Path, parameters: Sequence[NamedDomain], objective: Objective | Objectives) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._sessions: dict[int, EventFile] = {}
        self._inside: dict[tuple[int, str], EventFile] = {}
        self._infos = {parameter.name: _info(parameter) for parameter in parameters}
        self._write_experiment(Objectives.around(objective))

    def _write_experiment(self, objectives: Objectives) -> None:
        earlier = list(self._folder.glob("events.out.tfevents.*"))
        root = EventFile(self._folder)
        experiment = api_pb2.Experiment(
            hparam_infos=list(self._infos.values()), metric_infos=_metrics(objectives), time_created_secs=time.time()
        )
        root.hparams(metadata.EXPERIMENT_TAG, plugin_data_pb2.HParamsPluginData(experiment=experiment))
        root.close()
        for path in earlier:
            path.unlink(missing_ok=True)

    def trial_started(self, number: int, values: Mapping[str, Scalar]) -> None:
        """Open the trial's session with its active parameters; whatever an earlier attempt logged goes away."""
        info = plugin_data_pb2.SessionStartInfo(start_time_secs=time.time())  # without a group it is one of its own
        for name, value in values.items():
            self._set_value(info.hparams[name], name, value)
        with self._lock:
            self._forget(number)
            shutil.rmtree(self._folder / _session(number), ignore_errors=True)
            self._sessions[number] = session = EventFile(self._folder / _session(number))
            session.hparams(metadata.SESSION_START_INFO_TAG, plugin_data_pb2.HParamsPluginData(session_start_info=info))
            session.text("trial/parameters", _as_table(values), 0)

    def epoch_ended(self, number: int, epoch: Epoch) -> None:
        """Log an epoch's metrics and its `epoch_seconds`, with the epoch's number as the step.

        With folds each has a folder of its own in the session's, `0007/fold-2`, so that their curves lie side by side;
        so has each rung below the last, `0007/rung-1`.
        A trial that was not started here, or has ended, is not logged.
        """
        with self._lock:
            if session := self._session_of(number, epoch):
                session.scalars({**epoch.metrics, "epoch_seconds": epoch.seconds}, epoch.number)

    def _session_of(self, number: int, epoch: Epoch) -> EventFile | None:
        inside = _inside(epoch)
        if not inside or number not in self._sessions:
            return self._sessions.get(number)
        if (number, inside) not in self._inside:
            self._inside[number, inside] = EventFile(self._folder / _session(number) / inside)
        return self._inside[number, inside]

    def trial_shown(self, number: int, name: str, told: str, pictures: Sequence[bytes]) -> None:
        """Log what a trial's model makes of its images: PNGs or JPEGs of one kind, as `trial/...`."""
        with self._lock:
            if session := self._sessions.get(number):
                session.images(f"trial/{name}", [Picture.of(content) for content in pictures], 0, markdown(told))

    def trial_ended(self, trial: TrialRecord) -> None:
        """Log the best epoch's metrics as `best/...`, size and time as `trial/...`, and how the trial ended."""
        status = api_pb2.STATUS_FAILURE if trial.status is Status.FAILED else api_pb2.STATUS_SUCCESS
        info = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
        with self._lock:
            if session := self._sessions.get(trial.number):
                session.scalars(_results(trial), trial.best_epoch or 0)
                session.text("trial/ended", _ending(trial), len(trial.epochs))
                session.hparams(metadata.SESSION_END_INFO_TAG, plugin_data_pb2.HParamsPluginData(session_end_info=info))
                self._forget(trial.number)

    def close(self) -> None:
        """Close all sessions; those of unfinished trials stay without an end, as running."""
        with self._lock:
            for number in list(self._sessions):
                self._forget(number)

    def _forget(self, number: int) -> None:
        if session := self._sessions.pop(number, None):
            session.close()
        for key in [key for key in self._inside if key[0] == number]:
            self._inside.pop(key).close()

    def _set_value(self, field: Any, name: str, value: Scalar) -> None:  # noqa: ANN401 - a generated proto has no type
        info = self._infos.get(name)
        kind = info.type if info is not None else _type_of([value])
        if kind == api_pb2.DATA_TYPE_BOOL:
            field.bool_value = value
        elif kind == api_pb2.DATA_TYPE_FLOAT64:
            field.number_value = value
        else:
            field.string_value = _text(value)


def _session(number: int) -> str:
    return f"{number:04d}"


def _inside(epoch: Epoch) -> str:
    """The folder in its session's that an epoch is logged in; empty for the session itself."""
    if epoch.rung is not None and not epoch.rung.is_last:
        return f"rung-{epoch.rung.number}"
    return "" if epoch.fold is None else f"fold-{epoch.fold}"


def _results(trial: TrialRecord) -> dict[str, float]:
    """What the table of trials shows. JSON has no NaN and no infinity, and TensorBoard would send one."""
    values: dict[str, float | None] = {f"best/{name}": value for name, value in trial.best_metrics.items()}
    if trial.deviation is not None:
        values["trial/score_deviation"] = trial.deviation
    if trial.rung is not None:
        values["trial/rung"] = trial.rung.number
    values |= {"trial/epochs": len(trial.epochs), "trial/seconds": trial.seconds, "trial/weights": trial.parameters}
    values |= {"trial/latency": trial.latency, "trial/model_size": trial.model_size}
    values |= {f"trial/{status}": float(trial.status is status) for status in _TOLD_APART}
    return {tag: value for tag, value in values.items() if value is not None and math.isfinite(value)}


def _metrics(objectives: Objectives) -> list[Any]:
    ranked = [_OF_MEASURES.get(name) or f"best/{name}" for name in (*objectives.names, objectives.epoch.metric)]
    tags = dict.fromkeys([*ranked, "best/val_accuracy", "best/val_loss"])
    tags |= dict.fromkeys(["trial/epochs", "trial/seconds", "trial/weights"])
    tags |= dict.fromkeys(f"trial/{status}" for status in _TOLD_APART)
    return [api_pb2.MetricInfo(name=api_pb2.MetricName(group="", tag=tag), display_name=tag) for tag in tags]


def _info(parameter: NamedDomain) -> Any:  # noqa: ANN401 - a generated proto has no type
    info = api_pb2.HParamInfo(name=parameter.name, display_name=parameter.name)
    domain = parameter.domain
    if isinstance(domain, IntRange | FloatRange):
        info.type = api_pb2.DATA_TYPE_FLOAT64
        info.domain_interval.min_value = domain.low
        info.domain_interval.max_value = domain.high
        return info
    options = _options(domain)
    info.type = _type_of(options)
    values = options if info.type != api_pb2.DATA_TYPE_STRING else [_text(option) for option in options]
    info.domain_discrete.extend(values)
    return info


def _options(domain: Choice | Branch) -> list[Scalar]:
    return list(domain.names) if isinstance(domain, Branch) else [label(option) for option in domain.options]


def _type_of(values: Sequence[Scalar]) -> int:
    """The type of a column: one that mixes kinds, or has null in it, is text."""
    if all(isinstance(value, bool) for value in values):
        return int(api_pb2.DATA_TYPE_BOOL)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return int(api_pb2.DATA_TYPE_FLOAT64)
    return int(api_pb2.DATA_TYPE_STRING)


def _as_table(values: Mapping[str, Scalar]) -> str:
    """Parameters as a table in Markdown."""
    rows = [f"| {markdown(name)} | {markdown(_text(value))} |" for name, value in values.items()]
    return "\n".join(["| parameter | value |", "|---|---|", *rows])


def _ending(trial: TrialRecord) -> str:
    """How a trial ended, with what else is known of it, in Markdown."""
    told = [trial.status.value.replace("_", " "), trial.reason, trial.message]
    return markdown(": ".join(dict.fromkeys(part for part in told if part)))


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)
