"""A run as Python sees it: its trials, the best of them, and its model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from cnnsearch.api.notebook import run_html
from cnnsearch.api.wording import errors_in_python
from cnnsearch.reports.columns import metric_columns, parameter_columns
from cnnsearch.reports.runs import named_run
from cnnsearch.reports.wording import counted
from cnnsearch.search.history_file import place_of, places_of
from cnnsearch.search.json_file import read_object
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.ranking import Objectives, rank
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.spaces.errors import CnnSearchError, Problem

_FACTS = ("reason", "score", "seconds", "parameters")


@dataclass(frozen=True, repr=False)
class Run:
    """A search and what came of it. It stays as it was read; `cnnsearch.open_run(run.path)` reads it again.

    Attributes:
        path: its folder, such as `runs/basic-001`; the README says what lies in it.
        state: `starting`, `running`, `paused`, `finished`, `interrupted`, `failed`, or `killed` where its process is
            gone.
        objective: what a trial's score is of: `.metric`, such as `val_accuracy`, and `.direction`, `max` or `min`.
        trials: all of them by their numbers, from 0. Each has `values` (its parameters by dotted name), `status` (such
            as `completed`, `stopped_early`, `pruned`, `failed`), `score` (None where it has none), `epochs` (each with
            `number`, `metrics`, `seconds`), `reason`, `message`, `seconds` and `parameters` (the number of weights).
        best: the trial whose model `best_model()` gives; None where no trial has a score yet.
    """

    path: Path
    state: str
    objective: Objective
    trials: tuple[TrialRecord, ...] = field(hash=False)
    best: TrialRecord | None = field(hash=False)
    _objectives: Objectives = field(compare=False)

    @property
    def ranked(self) -> list[TrialRecord]:
        """The trials that have a score, best first; with several objectives the Pareto front comes first."""
        return rank(list(self.trials), self._objectives)

    @property
    def history(self) -> list[dict[str, Any]]:
        """A row for each epoch of each trial: `trial`, `epoch`, its metrics such as `val_loss`, and `seconds`.

        With folds or rungs each row has these, too. `pandas.DataFrame(run.history)` makes a table of it.
        """
        places = places_of([epoch for trial in self.trials for epoch in trial.epochs])
        return [
            {"trial": trial.number}
            | dict(zip(places, place_of(epoch, places), strict=True))
            | {"epoch": epoch.number, **epoch.metrics, "seconds": epoch.seconds}
            for trial in self.trials
            for epoch in trial.epochs
        ]

    @property
    def table(self) -> list[dict[str, Any]]:
        """A row for each trial: `trial`, `status`, `reason`, `score`, `seconds`, `parameters`, its values by name.

        A value whose name is taken, such as a HyperModel's `epochs`, stands under `hp.epochs`, as in `trials.csv`.
        """
        columns = parameter_columns(self.trials, metric_columns(self.trials).values())
        return [
            {"trial": trial.number, "status": str(trial.status)}
            | {name: getattr(trial, name) for name in _FACTS}
            | {columns[path]: value for path, value in trial.values.items()}
            for trial in self.trials
        ]

    def to_pandas(self) -> Any:  # noqa: ANN401 - pandas is not asked for
        """`table` as a pandas.DataFrame, a line for each trial under its number.

        Raises:
            CnnSearchError: pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError:
            rule = "a data frame needs pandas, got none installed"
            raise CnnSearchError(str(Problem("to_pandas", rule, "pip install pandas, or take run.table."))) from None
        return DataFrame(self.table).set_index("trial")

    @property
    def metrics(self) -> dict[str, Any]:
        """The best model's scores on images it was not trained on: `["validation"]` and `["test"]`; empty before.

        Each has `accuracy`, its 95 % `interval`, `loss`, `macro_f1`, `images` and `classes`; None where the part has
        no images. The validation images chose the model, so that the test part's scores are the honest ones.
        """
        found = read_object(RunFolder(self.path).best.metrics)
        return {part: found.get(part) for part in ("validation", "test")}

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes in the order of the best model's outputs.

        Raises:
            CnnSearchError: there is no best model yet.
        """
        return ModelLabel.read(RunFolder(self.path).best.classes).classes

    def best_model(self) -> Any:  # noqa: ANN401 - keras has no types
        """The best model, a `keras.Model`: images (n, height, width, channels) of 0 to 255 in, probabilities out.

        These are (n, classes), or (n, 1) with the share of the second class where a sigmoid tells two apart. It is not
        compiled; `predict` needs no compiling. Code in the file is not run: layers of your own must be known to Keras
        (`keras.saving.register_keras_serializable`).

        Raises:
            CnnSearchError: no trial has a model yet, or its file is damaged.
        """
        from cnnsearch.reports.inference import load_classifier

        return load_classifier(self.path).model

    def predict(self, *images: str | PathLike[str]) -> Sequence[Any]:
        """What the best model takes images for: `.image`, `.label`, `.probability` and `.probabilities` of each.

        Args:
            images: image files, folders (searched through) or zip archives. Those that cannot be read are left out.

        Raises:
            CnnSearchError: there is no model yet, or a path is none.
        """
        from cnnsearch.reports.images import find_images
        from cnnsearch.reports.inference import classify, load_classifier
        from cnnsearch.terminal import warn

        found = find_images([Path(image) for image in images])
        return list(
            classify(load_classifier(self.path), found, lambda image, why: warn(f"{image.name} {why}: left out"))
        )

    def __repr__(self) -> str:
        best = "no score yet"
        if self.best and self.best.score is not None:
            best = f"best {self.objective.metric} {self.best.score:.4f} (trial {self.best.number})"
        return f"<Run {self.path}: {self.state}, {counted(len(self.trials), 'trial')}, {best}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return run_html(repr(self), self.ranked, self._objectives)


def open_run(path: str | PathLike[str]) -> Run:
    """The run in a folder such as `runs/basic-001`, finished, running or interrupted; reading it starts nothing.

    Raises:
        CnnSearchError: there is no run, or its study is damaged.
    """
    with errors_in_python():
        return read_run(named_run(Path(path)))


def read_run(folder: RunFolder) -> Run:
    """The run in this folder as it stands."""
    from cnnsearch.search.standing import standing_of
    from cnnsearch.search.study.reading import read_study

    study, state = read_study(folder), standing_of(folder).state
    state = RunState.INTERRUPTED if state is RunState.UNKNOWN else state
    trials, objectives = list(study.trials), study.objectives
    best = _best(folder, trials, objectives)
    return Run(folder.path, str(state), objectives.epoch, tuple(trials), best, objectives)


def _best(folder: RunFolder, trials: Sequence[TrialRecord], objectives: Objectives) -> TrialRecord | None:
    """The trial that the best model is of, where there is one: a confirmation may have named another than the first."""
    if folder.best.model.is_file():
        origin = ModelLabel.read(folder.best.classes).origin
        if origin is not None:
            return trials[origin.trial]
    return next(iter(rank(list(trials), objectives)), None)
