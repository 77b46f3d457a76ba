"""Kaggle's competitions, under `kaggle:NAME`: kagglehub downloads and unpacks them once, to its own cache."""

import importlib
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.loaded import OFFLINE_VARIABLE, is_offline

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.IGNORECASE)


def competition_folder(name: str) -> Path:
    """The folder with the files of a competition, downloaded where they are not there yet.

    Raises:
        DataError: the extra is not installed, there is no such competition, or its rules are not accepted yet.
    """
    where = f"kaggle:{name}"
    if not _NAME.fullmatch(name):
        rule = f"kaggle: is followed by the name of a competition as it stands in its address, got {name!r}."
        raise DataError(where, rule, "Write for instance kaggle:dogs-vs-cats.")
    try:
        importlib.import_module("kagglehub")
    except ImportError as error:
        rule = f"a kaggle: source needs kagglehub, got: {error}."
        raise DataError(where, rule, 'Install it: pip install "cnnsearch[kaggle]".') from error
    return _cached(where, name) if is_offline() else _downloaded(where, name)


def _cached(where: str, name: str) -> Path:
    handle = importlib.import_module("kagglehub.handle").parse_competition_handle(name)
    cache = importlib.import_module("kagglehub.cache").Cache()
    found = cache.load_from_cache(handle)
    if found is None:
        rule = f"{cache.get_path(handle)} holds the competition, got nothing there; {OFFLINE_VARIABLE}=1 forbids more."
        raise DataError(where, rule, "Download it on a machine with a network and copy the cache of kagglehub.")
    return Path(found)


def _downloaded(where: str, name: str) -> Path:
    try:
        with redirect_stdout(sys.stderr):
            return Path(importlib.import_module("kagglehub").competition_download(name))
    except Exception as error:
        reason = " ".join(str(error).split())
        rule = f"Kaggle must know the competition and let you download it, got: {reason}."
        advice = f"Log in as kagglehub describes, and accept the rules at https://www.kaggle.com/c/{name}/rules."
        raise DataError(where, rule, advice) from error
