"""What trials leave that no database takes: models, logs and histories, in a place that all workers of a study reach.

Optuna's artifact store keeps the files under names by chance; which of them are whose, each trial's attributes say.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from optuna.artifacts import (
    Boto3ArtifactStore,
    FileSystemArtifactStore,
    download_artifact,
    get_all_artifact_meta,
    upload_artifact,
)
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import BaseStorage

from cnnsearch.search.run_folder import MODEL, TrialFolder
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.search.writing import write_beside
from cnnsearch.spaces.errors import CnnSearchError


class Artifacts:
    """The files of a study's trials.

    Args:
        place: a folder, or s3://bucket/prefix.
        study: whose trials they are.
        storage: the study's.

    Raises:
        CnnSearchError: the folder cannot be made, or what speaks to the bucket is not installed.
    """

    def __init__(self, place: str, study: TrialStudy, storage: BaseStorage) -> None:
        self._place, self._study, self._storage = place, study, storage
        self._store = _bucket(place) if place.startswith("s3://") else _folder(place)

    def keep(self, number: int, folder: TrialFolder) -> None:
        """Keep what a running trial has left in its folder; to be called before its ending is told.

        Raises:
            CnnSearchError: the place does not take it.
        """
        for file in _kept_of(folder):
            if file.is_file():
                earlier = self._of(number, file.name)
                self._keep(number, file)
                self._remove(earlier)

    def _keep(self, number: int, file: Path) -> None:
        trial = self._study.trials()[number]
        with _reachable(self._place):
            upload_artifact(
                artifact_store=self._store, file_path=str(file), study_or_trial=trial, storage=self._storage
            )

    def fetch(self, number: int, folder: TrialFolder) -> bool:
        """Put what is kept of a trial into its folder, where it is not there; gives whether its model is there then.

        Raises:
            CnnSearchError: the place cannot be reached.
        """
        for file in _kept_of(folder):
            kept = self._of(number, file.name)
            if kept and not file.is_file():
                self._fetch(kept[-1], file)
        return folder.model.is_file()

    def _fetch(self, artifact: str, to: Path) -> None:
        def write(beside: Path) -> None:
            beside.unlink()  # Optuna writes no file that is there
            download_artifact(artifact_store=self._store, file_path=str(beside), artifact_id=artifact)

        with _reachable(self._place):
            try:
                write_beside(to, write)
            except ArtifactNotFound:  # its worker was killed before it was written
                return

    def drop_models(self, numbers: Iterable[int]) -> None:
        """Keep the models of these trials no more: others are better."""
        for number in numbers:
            self._remove(self._of(number, MODEL))

    def _of(self, number: int, name: str) -> list[str]:
        """The names by chance of a trial's files of this name, the latest last."""
        found = get_all_artifact_meta(self._study.trials()[number], storage=self._storage)
        return [each.artifact_id for each in found if each.filename == name]

    def _remove(self, artifacts: list[str]) -> None:
        for artifact in artifacts:
            with _reachable(self._place):
                try:
                    self._store.remove(artifact)
                except ArtifactNotFound:
                    continue


def _kept_of(folder: TrialFolder) -> tuple[Path, ...]:
    """The files of a trial's folder that are kept."""
    return folder.model, folder.config, folder.history, folder.log


@contextmanager
def _reachable(place: str) -> Iterator[None]:
    """Within it, a place that does not answer is an error that names it."""
    try:
        yield
    except _errors() as error:
        cause = str(error).splitlines()[0]
        raise CnnSearchError(
            f"search.artifacts: models and logs of all machines go to {place}, got {cause}. "
            "Make it reachable and writable, then start this worker again: finished trials are kept."
        ) from error


def _errors() -> tuple[type[Exception], ...]:
    """What a place raises that does not answer."""
    try:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return (OSError,)
    return (OSError, Boto3Error, BotoCoreError, ClientError)


def _folder(place: str) -> FileSystemArtifactStore:
    folder = Path(place).expanduser()
    with _reachable(place):
        folder.mkdir(parents=True, exist_ok=True)
    return FileSystemArtifactStore(folder)


def _bucket(place: str) -> "_Prefixed":
    name, _, prefix = place.removeprefix("s3://").partition("/")
    try:
        store = Boto3ArtifactStore(name)
    except ImportError as error:
        raise CnnSearchError(
            f"search.artifacts: {place} wants the library boto3, got none. pip install 'cnnsearch[s3]'."
        ) from error
    return _Prefixed(store, prefix.strip("/"))


class _Prefixed:
    """A bucket's files under a prefix."""

    def __init__(self, store: Any, prefix: str) -> None:  # noqa: ANN401 - Optuna's store of any kind
        self._store, self._prefix = store, f"{prefix}/" if prefix else ""

    def open_reader(self, artifact_id: str) -> BinaryIO:
        reader: BinaryIO = self._store.open_reader(self._prefix + artifact_id)
        return reader

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        self._store.write(self._prefix + artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        self._store.remove(self._prefix + artifact_id)
