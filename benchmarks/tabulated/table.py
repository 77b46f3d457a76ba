"""A tabulated problem: a space that is small enough to train all of it once, and the curves of every configuration.

A table is a CSV file with one line for each configuration: its parameters, empty where a branch has no such parameter;
how the trial failed, if it did; its weights; the test accuracy of its best epoch's model; then what each epoch came to.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.records import Epoch, Objective
from cnnsearch.spaces.listing import configurations
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar

FOLDER = Path(__file__).resolve().parent
PROBLEMS = ("digits",)
"""Each has a space and a table of its name beside this file."""
OBJECTIVE = Objective("val_accuracy", "max")
_CURVES = ("val_accuracy", "val_loss", "seconds")
_ENDING = ("failed", "weights", "test_accuracy")


@dataclass(frozen=True)
class Trained:
    """What training one configuration came to.

    Attributes:
        epochs: all that it made, with `val_accuracy` and `val_loss`.
        failed: the kind of its failure; empty where there was none.
        weights: how many the model has.
        test: the accuracy on test images of the model of the best epoch; None where there is no model.
    """

    epochs: tuple[Epoch, ...]
    failed: str
    weights: int
    test: float | None

    @cached_property
    def score(self) -> float | None:
        """The best validation accuracy of its epochs; None where it failed."""
        found = None if self.failed else outcome_of(self.epochs, OBJECTIVE)
        return found.score if found else None


Key = tuple[str, ...]
"""The values of a configuration, in the order of the space's parameters and as they stand in the file."""


@dataclass(frozen=True)
class Table:
    """A problem's space and what every configuration of it came to."""

    space: Space
    trained: Mapping[Key, Trained]

    def of(self, values: Mapping[str, Scalar]) -> Trained:
        """What these values came to."""
        return self.trained[key(self.space, values)]

    @cached_property
    def scores(self) -> list[float]:
        """The score of each configuration that did not fail, the best one first."""
        return sorted((t.score for t in self.trained.values() if t.score is not None), reverse=True)

    @property
    def missing(self) -> list[dict[str, Scalar]]:
        """The configurations of the space that the table lacks."""
        return [values for values in listed(self.space) if key(self.space, values) not in self.trained]


def space_of(problem: str) -> Space:
    """What is searched in a problem."""
    return load_space(FOLDER / f"{problem}.yaml")


def listed(space: Space) -> list[dict[str, Scalar]]:
    """Every configuration of a space."""
    return list(configurations(space.plan))


def key(space: Space, values: Mapping[str, Scalar]) -> Key:
    """What a configuration is found by."""
    return tuple(_text(values.get(parameter.name)) for parameter in space.parameters)


def read(problem: str) -> Table:
    """The table of a problem."""
    space = space_of(problem)
    names = [parameter.name for parameter in space.parameters]
    with (FOLDER / f"{problem}.csv").open(newline="", encoding="utf-8") as file:
        return Table(space, {tuple(row[name] for name in names): _trained(row) for row in csv.DictReader(file)})


def write(problem: str, rows: Iterable[tuple[Mapping[str, Scalar], Trained]]) -> Path:
    """Write the table of a problem, in the order of the space's configurations; gives the file."""
    space, known = space_of(problem), {}
    for values, trained in rows:
        known[key(space, values)] = trained
    most = max(len(trained.epochs) for trained in known.values())
    path = FOLDER / f"{problem}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        curves = [f"{name} {number}" for name in _CURVES for number in range(1, most + 1)]
        writer.writerow([*(parameter.name for parameter in space.parameters), *_ENDING, *curves])
        for at in [key(space, values) for values in listed(space)]:
            if at in known:
                writer.writerow([*at, *_cells(known[at], most)])
    return path


def _text(value: Scalar) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _cells(trained: Trained, most: int) -> list[str]:
    cells = [trained.failed, str(trained.weights), "" if trained.test is None else f"{trained.test:.4f}"]
    for name in _CURVES:
        curve = [e.seconds if name == "seconds" else e.metrics.get(name) for e in trained.epochs]
        digits = 3 if name == "seconds" else 4
        cells += ["" if value is None else f"{value:.{digits}f}" for value in curve] + [""] * (most - len(curve))
    return cells


def _trained(row: Mapping[str, str]) -> Trained:
    test = row["test_accuracy"]
    return Trained(tuple(_epochs(row)), row["failed"], int(row["weights"]), float(test) if test else None)


def _epochs(row: Mapping[str, str]) -> Sequence[Epoch]:
    epochs, number = [], 1
    while row.get(f"seconds {number}"):
        cells = {name: row[f"{name} {number}"] for name in _CURVES[:-1]}
        metrics = {name: float(cell) for name, cell in cells.items() if cell}
        epochs.append(Epoch(number, metrics, float(row[f"seconds {number}"])))
        number += 1
    return epochs
