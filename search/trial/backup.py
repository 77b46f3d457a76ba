"""A half-trained trial on disk: all that its next process needs to go on at the next epoch as if nothing had been.

One file of numpy arrays, `backup/state.npz` in the trial's folder, whose header is JSON; nothing in it is ever
executed. Zip keeps a checksum of each array, so a damaged file is known as one.
"""

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import open_dataset
from cnnsearch.search.trial.course import Ended, Stage, TrialJob, course_of, epochs_of_all
from cnnsearch.search.writing import write_beside
from cnnsearch.spaces.sections.section import plain

Arrays = list[NDArray[Any]]
_FORM = 1
"""Of the file. A trial whose backup has another form begins again."""
_HEADER = "header"
_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged file raises."""


class Unfit(Exception):
    """A backup that no training can go on from, and why."""


@dataclass(frozen=True)
class Running:
    """The stage that was under way.

    Attributes:
        epoch: how many epochs it has had.
        is_over: whether it had stopped itself.
        values: what its callbacks count, as JSON values.
        arrays: the variables of the model and the optimizer, and the weights that callbacks hold.
    """

    epoch: int
    is_over: bool
    values: Mapping[str, Any]
    arrays: Mapping[str, Arrays]


@dataclass(frozen=True)
class State:
    """How far a trial is.

    Attributes:
        ended: the stages before the one that was under way.
        running: that one.
    """

    ended: tuple[Ended, ...]
    running: Running

    @property
    def epochs(self) -> int:
        """How many epochs the trial has had, in all its folds."""
        return epochs_of_all(self.ended) + self.running.epoch


def identity_of(job: TrialJob) -> str:
    """A hash of all that decides what a training does; a search's budget does not."""
    course = course_of(job)
    stamps = {reference: open_dataset(reference).stamp for reference in {stage.dataset for stage in course}}
    told = {
        "stages": [[_decisive(stage), stamps[stage.dataset]] for stage in course],
        "seed": job.configuration.search.seed,
        "objective": asdict(job.objective),
        "keras": [keras.__version__, keras.backend.backend(), keras.config.floatx()],
    }
    text = json.dumps(told, sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _decisive(stage: Stage) -> list[Any]:
    sections = {name: value for name, value in plain(stage.configuration).items() if name not in ("keep", "search")}
    return [sections, asdict(stage.dataset.shares), stage.train, stage.validation, stage.seed, stage.starts_fresh]


def write_backup(path: Path, identity: str, state: State) -> None:
    """Replace the backup; when this returns it is on the disk itself.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    running = state.running
    header = {
        "form": _FORM,
        "identity": identity,
        "epoch": running.epoch,
        "is_over": running.is_over,
        "values": running.values,
        "counts": {name: len(arrays) for name, arrays in running.arrays.items()},
        "ended": [_ended_told(end) for end in state.ended],
    }
    named = {_HEADER: np.frombuffer(json.dumps(header).encode(), np.uint8)}
    for name, arrays in running.arrays.items():
        named |= _named(name, arrays)
    for number, end in enumerate(state.ended):
        named |= _named(f"ended{number}", end.weights or ())
    write_beside(path, lambda beside: np.savez(beside, allow_pickle=False, **named))


def _ended_told(end: Ended) -> dict[str, Any]:
    """A stage's end without its weights; its place follows from its number."""
    count = None if end.weights is None else len(end.weights)
    return {"weights": count, "score": end.score, "reason": end.reason, "epochs": end.epochs}


def _named(name: str, arrays: Iterable[Any]) -> dict[str, NDArray[Any]]:
    return {f"{name}.{number}": np.asarray(array) for number, array in enumerate(arrays)}


def read_backup(path: Path, identity: str, course: Sequence[Stage]) -> State:
    """The state in a backup of a trial with this course.

    Raises:
        Unfit: it is damaged, has another form, or belongs to another training.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:  # numpy leaves a torn file open
            header = json.loads(bytes(file[_HEADER]))
            if header["form"] != _FORM:
                raise Unfit(f"it has form {header['form']!r}, this version of cnnsearch reads form {_FORM}")
            if header["identity"] != identity:
                raise Unfit("it belongs to another configuration, other images or another version of Keras")
            return _state(file, header, course)
    except _DAMAGE as error:
        raise Unfit(f"it is damaged ({type(error).__name__})") from error


def _state(file: Mapping[str, NDArray[Any]], header: Mapping[str, Any], course: Sequence[Stage]) -> State:
    arrays = {name: _arrays(file, name, count) for name, count in header["counts"].items()}
    ended = tuple(_ended(file, f"ended{n}", told, course[n]) for n, told in enumerate(header["ended"]))
    return State(ended, Running(header["epoch"], header["is_over"], header["values"], arrays))


def _ended(file: Mapping[str, NDArray[Any]], name: str, told: Mapping[str, Any], stage: Stage) -> Ended:
    weights = None if told["weights"] is None else _arrays(file, name, told["weights"])
    return Ended(stage.place, weights, told["score"], told["reason"], stopped=False, epochs=told["epochs"])


def _arrays(file: Mapping[str, NDArray[Any]], name: str, count: int) -> Arrays:
    return [file[f"{name}.{number}"] for number in range(count)]


def values_of(variables: Sequence[Any]) -> Arrays:
    """What variables hold, in their order."""
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assign(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """Give variables the values that variables like these held.

    Raises:
        Unfit: they have other shapes; then none is changed.
    """
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise Unfit("its variables have other shapes than the model's")
    for variable, value in zip(variables, values, strict=True):
        kind = keras.ops.convert_to_numpy(variable).dtype
        variable.assign(value.view(kind) if value.dtype.kind == "V" else value)  # numpy does not know bfloat16
