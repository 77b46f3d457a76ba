"""A run's folder, and a model's: where each of their files lies."""

from dataclasses import dataclass
from pathlib import Path

MODEL = "model.keras"
"""What a model's file is called, wherever it lies."""


@dataclass(frozen=True)
class ModelFolder:
    """A trained model with all that explains it: `best/` of a run, or the result of a retraining."""

    path: Path

    @property
    def run(self) -> "RunFolder":
        """The folder it lies in, which is its run's where it is a run's."""
        is_named = self.path.name not in ("", "..")  # the parent of `.` is not `.`
        return RunFolder((self.path if is_named else self.path.resolve()).parent)

    @property
    def model(self) -> Path:
        """The whole Keras model, from raw 0-255 pixels to class probabilities."""
        return self.path / MODEL

    @property
    def config(self) -> Path:
        """The configuration it was trained from."""
        return self.path / "config.yaml"

    @property
    def history(self) -> Path:
        """The epochs of its training, one line each; a run's `best/` has none."""
        return self.path / "history.csv"

    @property
    def asked_metrics(self) -> Path:
        """What a search asked for beside the usual scores, by part; only where it did."""
        return self.path / "asked_metrics.json"

    @property
    def metrics(self) -> Path:
        """Its scores on validation and test part."""
        return self.path / "metrics.json"

    @property
    def predictions(self) -> Path:
        """Its class probabilities for each validation and test image, as csv."""
        return self.path / "predictions.csv"

    @property
    def confusion_matrix(self) -> Path:
        """A picture of which class is taken for which."""
        return self.path / "confusion_matrix.png"

    @property
    def log(self) -> Path:
        """What its processes wrote on their terminal; in `best/` only where the model could not be evaluated."""
        return self.path / "log.txt"

    @property
    def gallery(self) -> Path:
        """Small pictures of its worst mistakes and its doubts, and `gallery.json`, which says what they are."""
        return self.path / "gallery"

    @property
    def explained(self) -> Path:
        """Pictures of what it looks at, and `explained.json`, which says what they are."""
        return self.path / "explained"

    @property
    def architecture(self) -> Path:
        """Its layers with their shapes and weights."""
        return self.path / "architecture.json"

    @property
    def classes(self) -> Path:
        """The classes' names in the order of the model's outputs, and the input's shape."""
        return self.path / "classes.json"

    @property
    def dataset(self) -> Path:
        """The images of its training, as a run describes them; beside a retrained model, whose run may have others."""
        return self.path / "dataset.json"


@dataclass(frozen=True)
class TrialFolder(ModelFolder):
    """What a trial leaves, or its retraining with a new seed; the rest of a model's folder once its model is asked."""

    @property
    def run(self) -> "RunFolder":
        """The folder of its run, two above."""
        return RunFolder(self.path.parent.parent)

    @property
    def backup(self) -> Path:
        """What it goes on from where it is half-trained; the folder around it is its own."""
        return self.path / "backup" / "state.npz"


@dataclass(frozen=True)
class RunFolder:
    """One run, such as `runs/basic-001`."""

    path: Path

    @property
    def space(self) -> Path:
        """The space as it was asked for, overrides included."""
        return self.path / "space.yaml"

    @property
    def resolved(self) -> Path:
        """The same with every default filled in."""
        return self.path / "resolved.yaml"

    @property
    def environment(self) -> Path:
        """Versions, machine, devices."""
        return self.path / "environment.json"

    @property
    def dataset(self) -> Path:
        """Classes, counts, split, skipped files and fingerprint of the data, and every image by its path."""
        return self.path / "dataset.json"

    def earlier_dataset(self, fingerprint: str) -> Path:
        """The same of the images of this fingerprint, which earlier trials were trained on."""
        return self.path / "datasets" / f"{fingerprint}.json"

    @property
    def doctor(self) -> Path:
        """What the data doctor found in these images; none where they were not examined."""
        return self.path / "doctor.json"

    @property
    def study(self) -> Path:
        """The Optuna study, the only truth about the trials."""
        return self.path / "study.db"

    @property
    def link(self) -> Path:
        """Where the study is that several machines share; a run that has a study of its own has none."""
        return self.path / "study.json"

    @property
    def has_study(self) -> bool:
        """Whether there is a study, here or elsewhere."""
        try:
            return self.study.is_file() or self.link.is_file()
        except PermissionError:  # somebody else's folder
            return False

    @property
    def events(self) -> Path:
        """One line of JSON for each thing that happened."""
        return self.path / "events.jsonl"

    @property
    def status(self) -> Path:
        """How the run stands."""
        return self.path / "status.json"

    @property
    def lock(self) -> Path:
        """Held by the process that runs the search."""
        return self.path / "run.lock"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's log folder, one session for each trial."""
        return self.path / "tensorboard"

    @property
    def trials_table(self) -> Path:
        """All trials, one line each."""
        return self.path / "trials.csv"

    @property
    def history_table(self) -> Path:
        """All epochs of all trials, one line each."""
        return self.path / "history.csv"

    @property
    def page(self) -> Path:
        """All of it in one page that needs no other file."""
        return self.path / "report.html"

    @property
    def pictures(self) -> Path:
        """Its charts as files, PNG and SVG."""
        return self.path / "report"

    @property
    def best(self) -> ModelFolder:
        """The best trial's model."""
        return ModelFolder(self.path / "best")

    @property
    def trials(self) -> Path:
        """The folders of the trials."""
        return self.path / "trials"

    @property
    def confirmation(self) -> Path:
        """What the best trials' retrainings with new seeds came to."""
        return self.path / "confirm.json"

    @property
    def confirmation_table(self) -> Path:
        """All of these retrainings, one line each."""
        return self.path / "confirm.csv"

    def retraining(self, trial: int, turn: int) -> TrialFolder:
        """The folder of a trial's retraining; of the median one it has the model, too."""
        return TrialFolder(self.path / "confirm" / f"{trial:04d}-{turn}")

    def trial(self, number: int) -> TrialFolder:
        """The folder of a trial; it has the model while that is among the best."""
        return TrialFolder(self.trials / f"{number:04d}")
