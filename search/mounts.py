"""Where a folder's file system is, as Linux tells it: a study's database must not lie on another machine's disk.

SQLite keeps writers apart by locks on its file. Network file systems take such locks without keeping them, or write in
another order than they were told, and a study then ends up damaged (https://sqlite.org/faq.html#q5).
"""

import re
from pathlib import Path

from cnnsearch.spaces.errors import CnnSearchError

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset({"afs", "beegfs", "cifs", "davfs", "glusterfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"})
_NETWORK_IN_USERLAND = frozenset({"davfs", "davfs2", "gcsfuse", "glusterfs", "rclone", "s3fs", "smbnetfs", "sshfs"})
"""What stands behind `fuse.` in the type of a file system that a program serves."""


def network_of(path: str, mountinfo: str) -> str:
    """The type of the network file system that a path lies on, such as nfs4; empty where it is on none.

    Args:
        path: absolute, without links.
        mountinfo: what `/proc/self/mountinfo` says (man 5 proc).
    """
    found, longest = "", -1
    for line in mountinfo.splitlines():
        place, kind = _place_and_type(line)
        if _is_within(path, place) and len(place) >= longest:  # of two on one place the later one hides the other
            found, longest = kind, len(place)
    return found if found in _NETWORK or found.removeprefix("fuse.") in _NETWORK_IN_USERLAND else ""


def _place_and_type(line: str) -> tuple[str, str]:
    """Where a file system is mounted, and what it is; two empty texts where a line does not say it."""
    before, _, after = line.partition(" - ")
    fields = before.split(" ")
    if len(fields) < 6 or not after:
        return "", ""
    place = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])  # how blanks are written there
    return place, after.split(" ", 1)[0]


def _is_within(path: str, place: str) -> bool:
    return bool(place) and (path == place or path.startswith(place.rstrip("/") + "/"))


def check_local(runs: Path, resume: Path | None = None) -> None:
    """Refuse a folder of runs that is on a network file system; where nothing tells, it is taken for local.

    Where `resume` is a run's folder, that one counts.

    Raises:
        CnnSearchError: it is.
    """
    try:
        mountinfo = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    place = resume if resume is not None and resume.exists() else runs
    kind = network_of(str(place.resolve()), mountinfo)
    if kind:
        raise CnnSearchError(
            f"{place}: runs must be on a disk of this machine, got a network file system ({kind}), which damages a "
            "study's SQLite database. Name a local folder with --runs, such as one under /var/tmp, and copy it from "
            "there when the search is done; the images may stay where they are."
        )
