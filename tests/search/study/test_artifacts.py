"""What trials leave is kept where all machines reach it, and found again by another one."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.storages import BaseStorage

from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import TrialFolder
from cnnsearch.search.study.artifacts import Artifacts
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.errors import CnnSearchError


@pytest.fixture
def storage(tmp_path: Path) -> BaseStorage:
    return open_storage(f"sqlite:///{tmp_path}/shared.db", shared=True)


@pytest.fixture
def study(storage: BaseStorage) -> TrialStudy:
    return TrialStudy.open(storage, Objective.of("val_accuracy"))


@pytest.fixture
def here(tmp_path: Path) -> TrialFolder:
    return TrialFolder(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> TrialFolder:
    return TrialFolder(tmp_path / "there")


def left_by(study: TrialStudy, folder: TrialFolder, model: bytes = b"model") -> int:
    """A running trial that has left its files in a folder."""
    number = study.begin()
    study.report(number, Epoch(1, {"val_accuracy": 0.5}, 1.0))
    folder.path.mkdir()
    folder.model.write_bytes(model)
    folder.log.write_text("said", encoding="utf-8")
    return number


def test_another_machine_finds_what_a_trial_left(
    tmp_path: Path, study: TrialStudy, storage: BaseStorage, here: TrialFolder, there: TrialFolder
):
    number = left_by(study, here)
    Artifacts(str(tmp_path / "store"), study, storage).keep(number, here)
    study.tell(TrialRecord(number, {}, Status.COMPLETED, score=0.5, seconds=1.0))
    elsewhere = open_storage(f"sqlite:///{tmp_path}/shared.db", shared=True)
    found = Artifacts(str(tmp_path / "store"), TrialStudy.open(elsewhere, Objective.of("val_accuracy")), elsewhere)
    assert found.fetch(number, there)
    assert there.model.read_bytes() == b"model"
    assert there.log.read_text(encoding="utf-8") == "said"
    assert not there.history.exists()


def test_a_trial_that_is_made_again_leaves_its_last_files_only(
    tmp_path: Path, study: TrialStudy, storage: BaseStorage, here: TrialFolder, there: TrialFolder
):
    number, store = left_by(study, here), tmp_path / "store"
    artifacts = Artifacts(str(store), study, storage)
    artifacts.keep(number, here)
    here.model.write_bytes(b"better")
    artifacts.keep(number, here)
    artifacts.fetch(number, there)
    assert there.model.read_bytes() == b"better"
    assert len(list(store.iterdir())) == 2


def test_a_model_that_is_not_among_the_best_any_more_is_dropped(
    tmp_path: Path, study: TrialStudy, storage: BaseStorage, here: TrialFolder, there: TrialFolder
):
    number = left_by(study, here)
    artifacts = Artifacts(str(tmp_path / "store"), study, storage)
    artifacts.keep(number, here)
    artifacts.drop_models([number])
    artifacts.drop_models([number])  # another worker has had the same thought
    assert not artifacts.fetch(number, there)
    assert there.log.is_file()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, study: TrialStudy, storage: BaseStorage):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CnnSearchError, match=re.escape(f"models and logs of all machines go to {tmp_path}/file/x")):
        Artifacts(f"{tmp_path}/file/x", study, storage)


@pytest.mark.skipif(importlib.util.find_spec("boto3") is not None, reason="boto3 is installed")
def test_a_bucket_wants_its_extra(study: TrialStudy, storage: BaseStorage):
    with pytest.raises(CnnSearchError, match=re.escape("pip install 'cnnsearch[s3]'")):
        Artifacts("s3://bucket/prefix", study, storage)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket on a server of our own that speaks as S3 does."""
    pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'cnnsearch[s3]'")
    server = pytest.importorskip(
        "moto.server", reason="there is no S3 to try it on: pip install 'moto[s3]' flask flask-cors"
    )
    known = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {**known, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    import boto3

    boto3.client("s3").create_bucket(Bucket="trials")
    yield "trials"
    running.stop()


def kept_in(bucket: str) -> list[str]:
    """The names of what is in a bucket."""
    import boto3

    return [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_a_bucket_keeps_what_a_trial_left_under_its_prefix(
    study: TrialStudy, storage: BaseStorage, bucket: str, here: TrialFolder, there: TrialFolder
):
    number, artifacts = left_by(study, here), Artifacts(f"s3://{bucket}/pets/one", study, storage)
    artifacts.keep(number, here)
    assert artifacts.fetch(number, there)
    assert there.model.read_bytes() == b"model"
    assert [name.startswith("pets/one/") for name in kept_in(bucket)] == [True, True]
    artifacts.drop_models([number])
    assert len(kept_in(bucket)) == 1


def test_a_bucket_that_is_not_there_is_named(study: TrialStudy, storage: BaseStorage, bucket: str, here: TrialFolder):
    number = left_by(study, here)
    with pytest.raises(CnnSearchError, match=r"go to s3://others, got .*bucket does not exist.* Make it reachable"):
        Artifacts("s3://others", study, storage).keep(number, here)
