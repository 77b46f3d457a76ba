"""Options that stand for values of the space, as the `KEY=VALUE` texts that the language takes."""

import json
from collections.abc import Sequence

_KEYS = {
    "data": "data.source",
    "trials": "search.trials",
    "time": "search.time",
    "storage": "search.storage",
    "study": "search.study",
    "artifacts": "search.artifacts",
    "epochs": "training.epochs",
}


def overrides(given: Sequence[str] | None, **options: str | float | None) -> list[str]:
    """All overrides, those with an option of their own last, so that they win."""
    named = [f"{_KEYS[option]}={json.dumps(value)}" for option, value in options.items() if value is not None]
    return [*(given or ()), *named]
