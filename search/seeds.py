"""Seeds: every random draw of a trial comes from one number, which stands in its configuration."""

import hashlib

from cnnsearch.spaces.document import Configuration


def trial_seed(search_seed: int, number: int) -> int:
    """The seed of a trial that has none of its own: the same for the same search seed and trial number."""
    return _hashed(f"{search_seed}:{number}")


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) >> 1


def fold_seed(seed: int, fold: int) -> int:
    """The seed of one fold of a trial, counted from 1: the first one has the trial's own."""
    return seed if fold == 1 else trial_seed(seed, fold)


def retraining_seed(search_seed: int, number: int, turn: int) -> int:
    """The seed of a trial's retraining, counted from 1, whatever seed the trial itself had."""
    return _hashed(f"{search_seed}:{number}:{turn}")


def with_seed(configuration: Configuration, number: int) -> Configuration:
    """The configuration of a trial with its seed written in, so that it can be trained again to the same weights."""
    training = configuration.training
    seed = trial_seed(configuration.search.seed, number) if training.seed is None else training.seed
    return configuration.model_copy(update={"training": training.model_copy(update={"seed": seed})})
