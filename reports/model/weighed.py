"""The images that tell how good a model is: those of the test part, or of the validation part where there is none."""

from cnnsearch.reports.predictions import Predictions, read_predictions
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError

Weighed = tuple[str, Predictions]
"""A part, and what the model says of it."""


def weighed(predictions: Predictions) -> Weighed:
    """The part that counts, by its name, and what the model says of it."""
    test = predictions.of("test")
    return ("test", test) if len(test) else ("validation", predictions.of("validation"))


def read_weighed(folder: ModelFolder) -> Weighed | None:
    """The same from a model folder; None where it has no predictions, or damaged ones."""
    try:
        part, rows = weighed(read_predictions(folder))
    except CnnSearchError:
        return None
    return (part, rows) if len(rows) else None
