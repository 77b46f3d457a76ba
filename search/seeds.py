"""Seeds: every random draw of a trial comes from one number, which stands in its configuration."""

import hashlib

from cnnsearch.spaces.document import Configuration


def trial_seed(search_seed: int, number: int) -> int:
    """The seed of a trial that has none of its own: the same for the same search seed and trial number."""
    digest = hashlib.blake2b(f"{search_seed}:{number}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 1


def with_seed(configuration: Configuration, number: int) -> Configuration:
    """The configuration of a trial with its seed written in, so that it can be trained again to the same weights."""
    training = configuration.training
    seed = trial_seed(configuration.search.seed, number) if training.seed is None else training.seed
    return configuration.model_copy(update={"training": training.model_copy(update={"seed": seed})})
