"""Where runs may be: on a disk of this machine, as far as the table of mounts tells."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search import mounts
from cnnsearch.search.mounts import check_local, network_of
from cnnsearch.spaces.errors import CnnSearchError

TABLE = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
31 27 0:44 / /home rw,relatime shared:9 - nfs4 filer:/home rw,vers=4.2
32 31 0:45 / /home/ada/local\\040disk rw - xfs /dev/sdb1 rw
33 27 0:46 / /mnt/photos rw,relatime shared:10 master:2 - fuse.sshfs ada@filer:/photos rw
34 27 0:47 / /scratch rw - lustre 10.0.0.1@tcp:/scratch rw,flock
35 27 0:48 / /mnt/twice rw - cifs //filer/share rw
36 35 0:49 / /mnt/twice rw - tmpfs tmpfs rw
37 27 0:50 / /homes rw - fuse.mergerfs a:b rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/tmp/runs", ""),
        ("/home", "nfs4"),
        ("/home/ada/runs", "nfs4"),
        ("/home/ada/local disk/runs", ""),
        ("/homes/ada", ""),
        ("/mnt/photos/runs", "fuse.sshfs"),
        ("/scratch/runs", ""),
        ("/mnt/twice/runs", ""),
    ],
)
def test_the_innermost_mount_says_whether_a_path_is_on_the_network(path: str, kind: str) -> None:
    assert network_of(path, TABLE) == kind


@given(st.text(max_size=200), st.text(max_size=20))
def test_whatever_the_table_says_there_is_an_answer(mountinfo: str, path: str) -> None:
    assert network_of("/" + path, mountinfo) in ("", *mounts._NETWORK) or "fuse." in mountinfo


def test_runs_on_a_network_file_system_are_refused_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"40 1 0:50 / {tmp_path / 'far'} rw - nfs filer:/runs rw\n")
    monkeypatch.setattr(mounts, "_MOUNTS", table)
    check_local(tmp_path / "near")
    with pytest.raises(
        CnnSearchError, match=r"far/runs: runs must be on a disk of this machine, got a network .*\(nfs\).*--runs"
    ):
        check_local(tmp_path / "far" / "runs")


def test_without_a_table_a_disk_is_taken_for_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "none")
    check_local(tmp_path)
