"""`cnnsearch predict`: the class of each image, by a model that was found or retrained."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cnnsearch.asking import asking, complaining
from cnnsearch.reports.images import FoundImage, find_images
from cnnsearch.reports.inert import visible
from cnnsearch.reports.inference import Answer, Classifier, classify, load_classifier
from cnnsearch.reports.predictions import PROBABILITY
from cnnsearch.reports.terminal import safe
from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.writing import UnwritableFile
from cnnsearch.spaces.errors import CnnSearchError

_AT_ONCE = 64
"""Lines that go to a terminal together: each writing draws the progress bar anew."""


def predict(
    model: Path,
    images: Sequence[Path],
    csv: Path | None,
    console: Console,
    errors: Console | None = None,
    *,
    top: int = 1,
) -> None:
    """Print class and probability of each image: a table on a terminal, else lines of image, class and probability.

    Images are read, asked about and forgotten: many take no more memory than some.

    Args:
        model: a run, a model folder, or a model.keras beside its classes.json.
        images: image files, folders (searched through), archives.
        csv: where to write them with the probabilities of all classes, too.
        console: for the predictions.
        errors: for the images that cannot be read; stderr by default.
        top: how many classes are shown, the most probable first.

    Raises:
        CnnSearchError: there is no model, a path is none, or not one image can be read.
    """
    found = find_images(images)
    classifier = load_classifier(model)
    complaints = errors or Console(stderr=True, highlight=False)
    shown = _Shown(console, classifier, top, found)
    with asking(len(found), console if console.is_terminal else complaints) as advance:

        def answers() -> Iterator[Answer]:
            for answer in classify(classifier, found, complaining(complaints)):
                advance()
                shown.add(answer)
                yield answer
            shown.end()

        if csv is None:
            for _ in answers():
                pass
        else:
            _write(csv, classifier.classes, answers())


def _write(path: Path, classes: Sequence[str], answers: Iterator[Answer]) -> None:
    header = ["image", "class", "probability", *(PROBABILITY + name for name in classes)]
    rows = ([a.image, a.label, a.probability, *a.probabilities.tolist()] for a in answers)
    try:
        write_rows(path, header, rows)
    except UnwritableFile as error:
        if isinstance(error.__cause__, BrokenPipeError):  # of our stdout, on which the answers go, too
            raise error.__cause__ from None
        raise


class _Shown:
    """Prints answers as they come: on a terminal in columns that are as wide as all names need."""

    def __init__(self, console: Console, classifier: Classifier, top: int, found: Sequence[FoundImage]) -> None:
        self._console, self._classes = console, classifier.classes
        self._top, self._found = min(top, len(classifier.classes)), len(found)
        self._count = 0
        self._waiting: list[Answer] = []
        self._widths = (_widest(image.name for image in found), _widest(classifier.classes))

    def add(self, answer: Answer) -> None:
        """Print an answer, soon."""
        self._count += 1
        if not self._console.is_terminal:  # written past rich, which would make spaces of the tabs
            cells = [visible(answer.image), *(f"{visible(name)}\t{chance:.4f}" for name, chance in self._best(answer))]
            self._console.file.write("\t".join(cells) + "\n")
            return
        self._waiting.append(answer)
        if len(self._waiting) >= _AT_ONCE:
            self._print(is_first=self._count <= _AT_ONCE)

    def end(self) -> None:
        """Print what is left.

        Raises:
            CnnSearchError: there was no answer at all.
        """
        if not self._count:
            raise CnnSearchError(f"none of the {self._found} images could be read: there is nothing to predict")
        if self._waiting:
            self._print(is_first=self._count <= _AT_ONCE and self._count == len(self._waiting))

    def _best(self, answer: Answer) -> list[tuple[str, float]]:
        order = (-answer.probabilities).argsort(kind="stable")[: self._top]
        return [(self._classes[k], float(answer.probabilities[k])) for k in order]

    def _print(self, *, is_first: bool) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_header=is_first)
        names, classes = self._widths
        table.add_column("image", overflow="fold", min_width=min(names, self._room()))
        for place in range(1, self._top + 1):
            table.add_column("class" if place == 1 else f"class {place}", overflow="fold", min_width=min(classes, 30))
            table.add_column("probability" if place == 1 else "", justify="right", no_wrap=True)
        for answer in self._waiting:
            table.add_row(safe(answer.image), *(cell for best in self._best(answer) for cell in _cells(*best)))
        self._console.print(table)
        self._waiting.clear()

    def _room(self) -> int:
        """Columns of the terminal that the names may have for sure."""
        return max(20, self._console.width - self._top * (min(self._widths[1], 30) + 17))


def _cells(name: str, chance: float) -> tuple[Text, str]:
    return safe(name, "bold"), f"{chance:.4f}"


def _widest(names: Iterator[str] | Sequence[str]) -> int:
    return max(cell_len(visible(name)) for name in names)
