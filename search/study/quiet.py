"""What Optuna says on its own goes to nobody: the run's own table tells it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning


def quiet_optuna() -> None:
    """From now on Optuna logs errors only."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@contextmanager
def without_experimental_warnings() -> Iterator[None]:
    """Within it, nobody is told that a part of Optuna may still change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
