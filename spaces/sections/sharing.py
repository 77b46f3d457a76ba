"""Where a study is kept that several machines share: addresses that a space may name, none of them with a secret."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from cnnsearch.spaces.errors import SECRETS
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.values import shown

STORAGE = r"[A-Za-z][\w+.-]*://[^\s]+"
BUCKET = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s]*)?"
STUDY = r"\w[\w .+=-]{0,99}"
_SECRET = re.compile(rf"://[^/?#]*:[^/?#]*@|[?&]({'|'.join(SECRETS)})=", re.IGNORECASE)


def has_secret(address: str) -> bool:
    """Whether a storage's address has a password in it."""
    return _SECRET.search(address) is not None


def _storage(address: str) -> str:
    if has_secret(address):  # whose value is in no message, therefore
        rule = "a storage stands here without its password, as a space is copied into each run, got one with it"
        advice = "Keep it in ~/.pgpass or PGPASSWORD, or name the whole address in the variable CNNSEARCH_STORAGE."
        raise broken(rule, advice)
    if not re.fullmatch(STORAGE, address):
        rule = f"a storage is the URL of a database, got {shown(address)}"
        raise broken(rule, "Write postgresql://user@host/database, or leave it out for a file of the run.")
    return address


def _artifacts(place: str) -> str:
    if "://" in place and not re.fullmatch(BUCKET, place):
        rule = f"artifacts go into a folder or a bucket, got {shown(place)}"
        raise broken(rule, "Write a folder that all machines see, or s3://bucket/prefix.")
    return place


def _study(name: str) -> str:
    if not re.fullmatch(STUDY, name):
        rule = f"a study's name has up to 100 letters, digits, spaces and . _ - + =, got {shown(name)}"
        raise broken(rule, "Begin it with a letter, a digit or _.")
    return name


Storage = Annotated[str, AfterValidator(_storage), Field(json_schema_extra={"pattern": f"^{STORAGE}$"})]
Artifacts = Annotated[str, Field(min_length=1), AfterValidator(_artifacts)]
StudyName = Annotated[str, AfterValidator(_study), Field(json_schema_extra={"pattern": f"^{STUDY}$"})]
