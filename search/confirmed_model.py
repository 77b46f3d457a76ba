"""Which model a confirmed search exports: not the trial's own, whose seed was lucky, nor the luckiest retraining.

It is the winner's retraining with the median score: a fair example of what its configuration gives. Its folder holds
the configuration with its seed, so retraining gives its score again.
"""

from collections.abc import Callable
from dataclasses import replace

from cnnsearch.search.best import TrainedModel
from cnnsearch.search.confirmed import read_confirmation, write_confirmation
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.records import Origin
from cnnsearch.search.run_folder import RunFolder


def confirmed_model(run: RunFolder, asked_of: Callable[[int], tuple[Dataset, int]]) -> TrainedModel | None:
    """The winner's model; None where nothing is confirmed, or no model is on disk.

    Args:
        asked_of: the images of a trial, by its number, and how many of them its model is asked about at once.
    """
    found = read_confirmation(run)
    winner = found.winner if found else None
    if found is None or winner is None:
        return None
    for each in winner.median(found.objective):
        folder = run.retraining(each.trial, each.turn)
        if folder.model.is_file():
            metric, confirmed = found.objective.metric, winner.as_new_seeds(each)
            origin = Origin(each.trial, each.epoch, metric, each.score, each.phases, confirmed=confirmed)
            dataset, batch = asked_of(each.trial)
            return TrainedModel(folder.model, folder.config, dataset, origin, each.data, batch=batch)
    return None


def outdate(run: RunFolder) -> None:
    """A session begins: what an earlier one has confirmed holds no more until this one has confirmed it, too."""
    found = read_confirmation(run)
    if found and found.is_done:
        write_confirmation(run, replace(found, state="outdated"))
