"""The models that answer together: the best one of a run, and the best trials' whose models are kept."""

from dataclasses import dataclass, replace
from pathlib import Path

from cnnsearch.reports.inference import Classifier, loaded
from cnnsearch.search.dataset.decoding.decode import Resize, Shape
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.ranking import rank
from cnnsearch.search.records import Origin
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.settings_file import is_settings
from cnnsearch.spaces.document import sizes
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.load import load_space


@dataclass(frozen=True)
class Member:
    """One model, not yet loaded.

    Attributes:
        name: what a person knows it by.
        file: the Keras file.
        classes: the classes' names in the order of its outputs.
        shape: of the images that it takes, (height, width, channels).
        resize: how images are brought to this shape.
    """

    name: str
    file: Path
    classes: tuple[str, ...]
    shape: Shape
    resize: Resize

    def load(self) -> Classifier:
        """The model itself.

        Raises:
            CnnSearchError: the file is none, or does not fit.
        """
        return loaded(self.file, self.classes, self.shape, self.resize)


def members_of(file: Path, count: int) -> list[Member]:
    """A model, and after it the best trials of its run whose models are kept, at most `count` in all.

    Raises:
        CnnSearchError: there is no such model; or more than one is wanted and it lies in no run's `best/`.
    """
    folder = ModelFolder(file.parent)
    label = ModelLabel.read(folder.classes)
    first = Member(f"{folder.path.name}/{file.name}", file, label.classes, label.shape, label.resize)
    if count == 1:
        return [first]
    run = folder.run
    if not run.has_study or folder.path.resolve() != run.best.path.resolve():
        rule = f"several models are a run's best ones, got {file}"
        raise CnnSearchError(str(Problem("--ensemble", rule, "Name the run's folder, such as runs/basic-001.")))
    return [first, *_kept(run, first, label.origin)][:count]


def _kept(run: RunFolder, best: Member, origin: Origin | None) -> list[Member]:
    """The trials whose models are there, best first, without the one that `best/` holds already."""
    from cnnsearch.search.study.reading import read_study

    study = read_study(run)
    same = origin.trial if origin and not origin.confirmed else None
    ranked = (trial.number for trial in rank(list(study.trials), study.objectives) if trial.number != same)
    return [_member(run, number, best) for number in ranked if run.trial(number).model.is_file()]


def _member(run: RunFolder, number: int, best: Member) -> Member:
    folder = run.trial(number)
    member = replace(best, name=f"trial {number}", file=folder.model)
    if is_settings(folder.config):  # all of its trials take the same images
        return member
    data = load_space(folder.config, allow_code=True).configuration({}).data
    return replace(member, shape=(*sizes(data.image_size), data.channels), resize=data.resize)
