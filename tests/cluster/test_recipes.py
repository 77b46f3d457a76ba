"""The recipes for clusters in docs/cluster, as far as one machine can try them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from benchmarks.postgres import Postgres
from cnnsearch.spaces.load import loads_space
from tests.cnnsearch.command_line import TINY

SRUN = """\
#!/bin/sh
# Starts the tasks of a job as Slurm does: each knows its number, and one that fails ends no other.
while [ "${1#--}" != "$1" ]; do shift; done
task=0
while [ $task -lt "$SLURM_NTASKS" ]; do
    SLURM_PROCID=$task "$@" > "task-$task.log" 2>&1 &
    task=$((task + 1))
done
wait
"""
SAYS = '#!/bin/sh\necho "$@"\n'


@pytest.fixture(scope="session")
def recipes(checkout: Path) -> Path:
    """Where they are."""
    return checkout / "docs" / "cluster"


def programs(folder: Path, **texts: str) -> dict[str, str]:
    """An environment that finds these scripts before all other programs."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return os.environ | {"PATH": f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}", "SLURM_NTASKS": "2"}


def slurm(recipes: Path, folder: Path, environment: dict[str, str], *arguments: str):
    """Run the script of a job."""
    command = ["sh", str(recipes / "slurm.sh"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def told(folder: Path) -> list[str]:
    """What the tasks of a job said."""
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("task-*.log"))]


def test_a_slurm_job_works_for_a_study_each_task_in_a_folder_of_its_own(recipes: Path, tmp_path: Path):
    environment = programs(tmp_path / "bin", srun=SRUN, cnnsearch=SAYS) | {"CNNSEARCH_STORAGE": "postgresql://x@y/z"}
    done = slurm(recipes, tmp_path, environment | {"DATA": "my photos"}, "pets")
    assert (done.returncode, done.stderr) == (0, "")
    assert told(tmp_path) == [f"worker --study pets --data my photos --runs runs/{task}\n" for task in (0, 1)]


def test_a_slurm_job_begins_a_study(recipes: Path, tmp_path: Path):
    environment = programs(tmp_path / "bin", srun=SRUN, cnnsearch=SAYS) | {"CNNSEARCH_STORAGE": "postgresql://x@y/z"}
    done = slurm(recipes, tmp_path, environment | {"RUNS": "/all runs"}, "pets", "my space.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert told(tmp_path) == [f"run my space.yaml --study pets --runs /all runs/{task}\n" for task in (0, 1)]


def test_a_slurm_job_without_a_storage_says_what_is_missing(recipes: Path, tmp_path: Path):
    environment = programs(tmp_path / "bin", srun=SRUN, cnnsearch=SAYS)
    environment.pop("CNNSEARCH_STORAGE", None)
    done = slurm(recipes, tmp_path, environment, "pets")
    assert done.returncode != 0
    assert "CNNSEARCH_STORAGE: name the storage, such as postgresql://user@host/database" in done.stderr


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_the_tasks_of_a_slurm_job_make_a_study_together(recipes: Path, tmp_path: Path, postgres: Postgres):
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    environment = programs(tmp_path / "bin", srun=SRUN) | {
        "CNNSEARCH_STORAGE": postgres.database(),
        "CNNSEARCH_OFFLINE": "1",
    }
    done = slurm(recipes, tmp_path, environment, "pets", "tiny.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    check_made(tmp_path, told(tmp_path))


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_two_actors_of_ray_make_a_study_together(recipes: Path, tmp_path: Path, postgres: Postgres):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'cnnsearch[ray]'")
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    environment = os.environ | {
        "CNNSEARCH_STORAGE": postgres.database(),
        "CNNSEARCH_OFFLINE": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": "/tmp",  # a socket's path must be short
    }
    command = [sys.executable, str(recipes / "ray_search.py"), str(tmp_path / "tiny.yaml"), "pets", "--workers", "2"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    check_made(tmp_path, [done.stdout + done.stderr])


def check_made(folder: Path, said: list[str]) -> None:
    """Both workers know of all three trials, and one of them has the best model."""
    tables = sorted(folder.glob("runs/*/tiny-001/trials.csv")) or sorted(folder.glob("runs/*/pets-001/trials.csv"))
    assert len(tables) == 2, said
    assert [len(table.read_text(encoding="utf-8").splitlines()) for table in tables] == [4, 4]
    assert len(list(folder.glob("runs/*/*/best/model.keras"))) == 1


def test_the_manifests_for_kubernetes_are_what_it_takes(recipes: Path):
    validating = pytest.importorskip(
        "kubernetes_validate", reason="Kubernetes' schemas are not installed: pip install kubernetes-validate"
    )
    manifests = list(YAML(typ="safe").load_all(recipes / "kubernetes.yaml"))
    assert [each["kind"] for each in manifests].count("Job") == 1
    for manifest in manifests:
        validating.validate(manifest, validating.latest_version(), strict=True)


def test_the_space_in_the_manifests_is_valid(recipes: Path):
    manifests = {each["kind"]: each for each in YAML(typ="safe").load_all(recipes / "kubernetes.yaml")}
    space = loads_space(manifests["ConfigMap"]["data"]["space.yaml"], "pets")
    assert space.document.search.trials == 60


def test_every_pod_mounts_what_the_manifests_make(recipes: Path):
    manifests = list(YAML(typ="safe").load_all(recipes / "kubernetes.yaml"))
    made = {(each["kind"], each["metadata"]["name"]) for each in manifests}
    pod = next(each for each in manifests if each["kind"] == "Job")["spec"]["template"]["spec"]
    wanted = {("Secret", "cnnsearch-database")}
    for volume in pod["volumes"]:
        if "persistentVolumeClaim" in volume:
            wanted.add(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]))
        if "configMap" in volume:
            wanted.add(("ConfigMap", volume["configMap"]["name"]))
    assert wanted <= made
    mounts = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}
