"""`cnnsearch predict`: the class of each image, by a model that was found or retrained."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cnnsearch.reports.images import FoundImage, find_images
from cnnsearch.reports.inert import visible
from cnnsearch.reports.inference import Answer, classify, load_classifier
from cnnsearch.reports.predictions import PROBABILITY
from cnnsearch.reports.terminal import safe
from cnnsearch.search.csv_file import write_rows
from cnnsearch.spaces.errors import CnnSearchError


def predict(
    model: Path, images: Sequence[Path], csv: Path | None, console: Console, errors: Console | None = None
) -> None:
    """Print class and probability of each image: a table on a terminal, else lines of image, class and probability.

    Args:
        model: a run, a model folder, or a model.keras beside its classes.json.
        images: image files, folders (searched through), zip archives.
        csv: where to write them with the probabilities of all classes, too.
        console: for the predictions.
        errors: for the images that cannot be read; stderr by default.

    Raises:
        CnnSearchError: there is no model, a path is none, or not one image can be read.
    """
    found = find_images(images)
    classifier = load_classifier(model)
    complaints = errors or Console(stderr=True, highlight=False)

    def complain(image: FoundImage, reason: str) -> None:
        complaints.print(safe(f"warning: {image.name} {reason}: skipped", "yellow"), soft_wrap=True)

    answers = list(classify(classifier, found, complain))
    if not answers:
        raise CnnSearchError(f"none of the {len(found)} images could be read: there is nothing to predict")
    if csv is not None:
        _write(csv, classifier.classes, answers)
    _show(answers, console)


def _write(path: Path, classes: Sequence[str], answers: Sequence[Answer]) -> None:
    header = ["image", "class", "probability", *(PROBABILITY + name for name in classes)]
    write_rows(path, header, ([a.image, a.label, a.probability, *a.probabilities.tolist()] for a in answers))


def _show(answers: Sequence[Answer], console: Console) -> None:
    if not console.is_terminal:
        for answer in answers:  # written past rich, which would make spaces of the tabs
            line = f"{visible(answer.image)}\t{visible(answer.label)}\t{answer.probability:.4f}\n"
            console.file.write(line)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("image", overflow="fold")
    table.add_column("class", overflow="fold")
    table.add_column("probability", justify="right")
    for answer in answers:
        table.add_row(safe(answer.image), safe(answer.label, "bold"), f"{answer.probability:.4f}")
    console.print(table)
