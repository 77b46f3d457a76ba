"""`cnnsearch submit`: a csv for Kaggle from a model, or from the best few of a run, and a competition's test images."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnsearch import terminal
from cnnsearch.asking import asking, complaining
from cnnsearch.reports.ensemble import Member, members_of
from cnnsearch.reports.images import FoundImage, find_images
from cnnsearch.reports.inference import load_classifier, model_file
from cnnsearch.reports.predictions import read_predictions
from cnnsearch.reports.submission import (
    Bound,
    Probabilities,
    checked_ids,
    chosen_bound,
    clipped,
    normalized,
    write_submission,
)
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError


def submit(model: Path, images: Path, out: Path, ensemble: int = 1) -> None:
    """Write a submission, and say which models it comes from, and which bound its probabilities have.

    An image that cannot be read has even chances: Kaggle refuses a file that lacks an id.

    Raises:
        CnnSearchError: there is no model or no image, two images have the same id, or not one can be read.
    """
    found = find_images([images])
    ids = checked_ids([image.name for image in found])
    members = members_of(model_file(model), ensemble)
