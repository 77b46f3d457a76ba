"""Where the study of a run is that several machines share, as the run's folder says it: never with a password."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import write_json
from cnnsearch.spaces.errors import SECRETS, CnnSearchError

VARIABLE = "CNNSEARCH_STORAGE"
"""The environment's variable that names a storage, so that its password is in no command line."""


@dataclass(frozen=True)
class StudyLink:
    """A study in a storage that several machines reach.

    Attributes:
        storage: its URL, without a password.
        study: its name there.
        artifacts: where models, logs and histories of all machines go; None for nowhere.
    """

    storage: str
    study: str
    artifacts: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        """What tells one study from all others."""
        return self.storage, self.study

    def url(self, environment: Mapping[str, str] = os.environ) -> str:
        """The storage's URL, with its password where the environment names the same storage."""
        named = environment.get(VARIABLE, "")
        return named if named and without_password(named) == self.storage else self.storage


def without_password(url: str) -> str:
    """A storage's URL as it may be kept in a file.

    Raises:
        CnnSearchError: it is no URL.
    """
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise CnnSearchError(
            "storage: a storage is the URL of a database, got something else. Write postgresql://user@host/database."
        ) from None
    kept = {name: value for name, value in parts.query.items() if name.lower() not in SECRETS}
    bare = URL.create(parts.drivername, parts.username, None, parts.host, parts.port, parts.database, kept)
    return bare.render_as_string()


def write_link(run: RunFolder, link: StudyLink) -> None:
    """Note in a run's folder where its study is."""
    write_json(run.link, asdict(link))


def read_link(run: RunFolder) -> StudyLink | None:
    """Where a run's study is; None where it has one of its own.

    Raises:
        CnnSearchError: the file that says it is damaged.
    """
    try:
        found = json.loads(run.link.read_text(encoding="utf-8"))
        return StudyLink(str(found["storage"]), str(found["study"]), found.get("artifacts"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CnnSearchError(
            f"{run.link}: this file says where the run's study is, got {type(error).__name__}: {error}. "
            "Delete the folder and start this worker again: the study itself is in its database."
        ) from error
