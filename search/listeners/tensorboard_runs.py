"""The logs of several runs as one folder for TensorBoard, whose table of trials then has the parameters of all.

TensorBoard takes a single description of parameters and metrics, whichever it finds first, so the runs' own ones must
not be in the folder: it has links to the sessions of each run, and one description of them all.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

from cnnsearch.search.listeners.tensorboard_events import EventFile
from cnnsearch.search.run_folder import RunFolder

_HEADER, _FOOTER = struct.Struct("<Q4x"), 4
"""Around each record of an event file stand its length with a checksum before it, and a checksum behind it."""


class ComposedLogs:
    """A folder with links to the sessions of several runs, and what is known of all their parameters.

    Args:
        folder: an empty one of our own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = b""

    def show(self, runs: Sequence[RunFolder]) -> None:
        """Have the sessions of all these runs in the folder; those that are there stay."""
        self._describe(merged([found for run in runs if (found := experiment_of(run.tensorboard)) is not None]))
        for run, name in zip(runs, _names(runs), strict=True):
            inside = self._folder / name
            inside.mkdir(exist_ok=True)
            for session in _folders(run.tensorboard):
                link = inside / session.name
                if not link.is_symlink():
                    link.symlink_to(session.resolve(), target_is_directory=True)

    def _describe(self, experiment: Any) -> None:  # noqa: ANN401 - a generated proto has no type
        content = experiment.SerializeToString(deterministic=True)
        if content == self._written:
            return
        earlier = list(self._folder.glob("events.out.tfevents.*"))
        file = EventFile(self._folder)
        file.hparams(metadata.EXPERIMENT_TAG, plugin_data_pb2.HParamsPluginData(experiment=experiment))
        file.close()
        for path in earlier:
            path.unlink(missing_ok=True)
        self._written = content


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _names(runs: Sequence[RunFolder]) -> list[str]:
    """The names of the runs' folders; of those that are called the same, the later ones get a number."""
    names: list[str] = []
    for run in runs:
        name = run.path.resolve().name
        again = sum(other.path.resolve().name == name for other in runs[: len(names)])
        names.append(f"{name}~{again + 1}" if again else name)
    return names


def experiment_of(folder: Path) -> Any:  # noqa: ANN401 - a generated proto has no type
    """The description of parameters and metrics in a run's logs; None where there is none."""
    for path in sorted(folder.glob("events.out.tfevents.*"), reverse=True):
        for event in _events(path):
            for value in event.summary.value:
                if value.tag == metadata.EXPERIMENT_TAG:
                    return metadata.parse_experiment_plugin_data(value.metadata.plugin_data.content)
    return None


def _events(path: Path) -> Iterator[Any]:
    """The whole events of a file, which may be written right now."""
    content = path.read_bytes()
    at = 0
    while at + _HEADER.size <= len(content):
        (length,) = _HEADER.unpack_from(content, at)
        start = at + _HEADER.size
        if start + length + _FOOTER > len(content):
            return
        yield event_pb2.Event.FromString(content[start : start + length])
        at = start + length + _FOOTER


def merged(experiments: Sequence[Any]) -> Any:  # noqa: ANN401 - a generated proto has no type
    """One description of all: every parameter with all that may be drawn in any run, and every metric."""
    parameters: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    for experiment in experiments:
        for info in experiment.hparam_infos:
            parameters[info.name] = _joined(parameters[info.name], info) if info.name in parameters else info
        for info in experiment.metric_infos:
            metrics.setdefault(info.name.tag, info)
    return api_pb2.Experiment(hparam_infos=list(parameters.values()), metric_infos=list(metrics.values()))


def _joined(one: Any, other: Any) -> Any:  # noqa: ANN401 - a generated proto has no type
    """A parameter with the values of both; where they are of different types, as text without a domain."""
    made = api_pb2.HParamInfo(name=one.name, display_name=one.display_name, type=one.type)
    if one.type != other.type:
        made.type = api_pb2.DATA_TYPE_STRING
        return made
    ranges = [each.domain_interval for each in (one, other) if each.HasField("domain_interval")]
    values = [value for each in (one, other) for value in each.domain_discrete]
    if ranges:
        numbers = [value for value in values if isinstance(value, int | float)]
        made.domain_interval.min_value = min([*numbers, *(each.min_value for each in ranges)])
        made.domain_interval.max_value = max([*numbers, *(each.max_value for each in ranges)])
    else:
        made.domain_discrete.extend(value for k, value in enumerate(values) if value not in values[:k])
    return made
