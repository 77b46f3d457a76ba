"""`cnnsearch submit`: a csv for Kaggle from a model, or from the best few of a run, and a competition's test images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnnsearch import terminal
from cnnsearch.asking import asking
from cnnsearch.reports.ensemble import Member, members_of
from cnnsearch.reports.images import FoundImage, find_test_images
from cnnsearch.reports.inert import visible
from cnnsearch.reports.inference import ask, model_file
from cnnsearch.reports.predictions import read_predictions
from cnnsearch.reports.submission import (
    Bound,
    Probabilities,
    checked_ids,
    chosen_bound,
    clipped,
    labelled_class,
    normalized,
    write_submission,
)
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError


def submit(model: Path, images: Path, out: Path, ensemble: int = 1, label: str | None = None) -> None:
    """Write a submission, and say which models it comes from and how its probabilities are bounded.

    An image that cannot be read has even chances, for Kaggle refuses a file that lacks an id.

    Raises:
        CnnSearchError: there is no model, no image or no such class as `label`, two images have the same id, or not
            one can be read.
    """
    found, where = find_test_images(images)
    ids = checked_ids([image.name for image in found])
    file = model_file(model)
    members = members_of(file, ensemble)
    classes = members[0].classes
    place = labelled_class(classes, label)
    if where != images:
        terminal.say(f"images: {visible(str(where))}")
    names = ", ".join(visible(member.name) for member in members)
    few = f"; the run has kept no more than {len(members)} (keep.checkpoints)" if len(members) < ensemble else ""
    terminal.say(f"{'the mean of' if len(members) > 1 else 'model:'} {names}{few}")
    mean = np.mean([_answers(member, found, warn=member is members[0]) for member in members], axis=0)
    bound = _bound(ModelFolder(file.parent))
    terminal.say(f"{bound}.")
    if len(members) > 1 and bound.least:
        terminal.say(f"The known images were judged by {members[0].name} alone; the mean is rarely surer.")
    write_submission(out, ids, classes, clipped(normalized(mean), bound.least), place)
    terminal.say(f"submission: {out}, {len(ids):,} rows: {_columns(classes, place)}")


def _answers(member: Member, found: Sequence[FoundImage], *, warn: bool) -> Probabilities:
    """What one model says of each image; even chances for those that cannot be read, which are told once."""
    classifier, count = member.load(), len(member.classes)
    rows = np.full((len(found), count), 1 / count)
    places = {id(image): place for place, image in enumerate(found)}
    unreadable = 0
    with asking(len(found), terminal.errors()) as advance:

        def complain(image: FoundImage, reason: str) -> None:
            nonlocal unreadable
            unreadable += 1
            if warn:
                terminal.warn(f"{image.name} {reason}: it has even chances")

        for image, row in ask(classifier, found, complain):
            rows[places[id(image)]] = row
            advance()
    if unreadable == len(found):
        raise CnnSearchError(f"none of the {len(found)} images could be read: there is nothing to submit")
    return normalized(rows)


def _bound(folder: ModelFolder) -> Bound:
    return chosen_bound(read_predictions(folder)) if folder.predictions.is_file() else Bound()


def _columns(classes: Sequence[str], label: int) -> str:
    if len(classes) == 2:
        return f"id, label (the probability of {visible(classes[label])}; --label names the other class)"
    return f"id and the probability of each of {len(classes)} classes"
