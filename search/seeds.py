"""Seeds: every random draw of a trial comes from one number, which stands in its configuration."""

import hashlib


def trial_seed(search_seed: int, number: int) -> int:
    """The seed of a trial that has none of its own: the same for the same search seed and trial number."""
    digest = hashlib.blake2b(f"{search_seed}:{number}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 1
