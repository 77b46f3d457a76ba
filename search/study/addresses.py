"""The address of a study's storage: how Optuna takes it, and how it is shown without secrets."""

import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from cnnsearch.spaces.errors import SECRETS, CnnSearchError

GRPC = "grpc"
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_HIDDEN = "***"
_LIKE = "A storage is named like postgresql://user@host/database, with %40 for an @ in a password, %2F for a /."


def sqlite_url(path: Path) -> str:
    """The storage URL of a SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def address(url: str) -> URL:
    """A storage's URL in its parts, with the driver that we speak to its database with.

    Raises:
        CnnSearchError: it is none.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):  # their messages may quote a password
        raise CnnSearchError(
            f"{shown(url)}: a study's database must be named by a URL, got one that cannot be read. {_LIKE}"
        ) from None
    return parts.set(drivername=_DRIVERS.get(parts.drivername, parts.drivername))


def shown(url: str) -> str:
    """A storage's URL as anybody may see it: with *** for its password."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        scheme, separator, rest = url.partition("://")
        return f"{scheme}{separator}{_HIDDEN if rest else ''}"  # nobody knows what of it is secret
    if not _has_secrets(parts):
        return url
    query = {name: _HIDDEN if _is_secret(name) else value for name, value in parts.query.items()}
    password = _HIDDEN if parts.password is not None else None
    whole = parts.set(query=query, password=password).render_as_string(hide_password=False)
    return whole.replace("%2A%2A%2A", _HIDDEN)


def without_secrets(text: str, url: str) -> str:
    """A message with *** wherever it quotes a secret of a storage's URL."""
    text = text.replace(url, shown(url))
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def _secrets(url: str) -> set[str]:
    """Passwords in a URL, as they are and as they are written in it."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        return set()
    found = [str(parts.password or ""), *(str(value) for name, value in parts.query.items() if _is_secret(name))]
    written = re.findall(r"://[^:@/]*:([^@/]*)@", url)
    return {secret for secret in (*found, *written) if secret}


def _has_secrets(parts: URL) -> bool:
    return parts.password is not None or any(_is_secret(name) for name in parts.query)


def _is_secret(name: str) -> bool:
    return name.lower() in SECRETS
