"""How a run stands, and what it searches on what, read from its files without its study.

`status.json` says it. Where that file is lost or damaged, the event log, `resolved.yaml` and `dataset.json` say the
same: no single file of these makes a run unknown.
"""

import json
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.json_file import read_object
from cnnsearch.search.model_label import label_of
from cnnsearch.search.records import fingerprint_of
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space


def read_status(run: RunFolder) -> dict[str, Any]:
    """How a run stands; empty where nothing readable says it."""
    status = read_object(run.status)
    return status if "state" in status else _retold(run)


def _retold(run: RunFolder) -> dict[str, Any]:
    """A lost status, told by the event log and the descriptions of space and data."""
    started, ended, last = _last_session(run)
    space, summary = space_identity(run), read_summary(run)
    if not (started or space):
        return {}
    spent = float(started.get("spent", 0.0)) + max(0.0, last.get("time", 0.0) - started.get("time", 0.0))
    return {
        "state": ended.get("state", RunState.RUNNING),
        "identity": run_identity(space, summary.fingerprint if summary else ""),
        "seconds": spent,
        "trials": {"budget": started.get("trials", 0)},
    }


def _last_session(run: RunFolder) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The last session's first event, the one that ended it, and the last one; empty where there is none."""
    started: dict[str, Any] = {}
    ended: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for event in _events(run):
        last = event
        if event.get("event") == "RunStarted":
            started, ended = event, {}
        elif event.get("event") == "RunEnded":
            ended = event
    return started, ended, last


def _events(run: RunFolder) -> list[dict[str, Any]]:
    try:
        lines = run.events.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # torn by a kill
            continue
        if isinstance(event, dict) and isinstance(event.get("time"), int | float):
            found.append(event)
    return found


def spent_seconds(run: RunFolder) -> float:
    """Seconds that the sessions of an unfinished run took; a finished one that gets more trials begins anew."""
    status = read_status(run)
    seconds = status.get("seconds")
    if RunState.told_by(status) is RunState.FINISHED or not isinstance(seconds, int | float):
        return 0.0
    return float(seconds)


def read_summary(run: RunFolder, fingerprint: str | None = None) -> Summary | None:
    """What a run's images are, or were under an earlier fingerprint; None where nothing readable says it."""
    return _summary(run.dataset if fingerprint is None else run.earlier_dataset(fingerprint))


def _summary(path: Path) -> Summary | None:
    try:
        return Summary.of(read_object(path))
    except ValueError:
        return None


def images_under(run: RunFolder, fingerprint: str) -> Summary | None:
    """What a run's images were under a fingerprint; those of now where it is empty, None where nothing says it."""
    now = read_summary(run)
    return now if now and fingerprint in ("", now.fingerprint) else read_summary(run, fingerprint)


def trained_on(folder: ModelFolder) -> Summary | None:
    """The images that a model was trained on, by a description beside it or its run's; None where nothing tells them.

    Where they are described no more it has their fingerprint alone. A model of an earlier version, which says nothing
    of its images, was trained on those of its run.
    """
    label = label_of(folder)
    fingerprint = fingerprint_of(label.stamp if label else "")
    own = _summary(folder.dataset)
    found = own if own and own.fingerprint == fingerprint else images_under(folder.run, fingerprint)
    return found or (Summary(fingerprint=fingerprint) if fingerprint else None)


def trained_contents(folder: ModelFolder) -> frozenset[str]:
    """The hashes of the images that a model was trained on; none where nothing tells them."""
    label, images = label_of(folder), trained_on(folder)
    parts = label.parts if label else ("train",)
    return frozenset().union(*map(images.contents, parts)) if images else frozenset()


def seen_images(run: RunFolder, stamp: str, fingerprint: str) -> dict[str, frozenset[str]]:
    """By part, the hashes of images that a trial knew which was trained on the images of this stamp.

    Nothing where these are the run's images of now, of this fingerprint. Else what it was trained on is no validation
    image for it, and what it was trained on or chosen by is no test image. Where nothing tells any more what it was
    trained on, that may be every image of now. A trial without a stamp is older than any change that was accepted.
    """
    earlier = fingerprint_of(stamp)
    if earlier == fingerprint or not (earlier or run.earlier_dataset(fingerprint).parent.is_dir()):
        return {}
    summary, now = read_summary(run, earlier) if earlier else None, read_summary(run)
    if summary is None or not summary.files:
        every = frozenset(file.content for file in now.files.values()) if now else frozenset()
        return dict.fromkeys(("validation", "test"), every)
    trained = summary.contents("train")
    return {"validation": trained, "test": trained | summary.contents("validation")}


def space_identity(run: RunFolder) -> str:
    """The identity of the space that a run searched last; empty where its file is lost or damaged."""
    try:
        return load_space(run.resolved, allow_code=True).identity()
    except (CnnSearchError, OSError):
        return ""


def run_identity(space: str, data: str) -> str:
    """What tells one search from another: its space (budget apart) and its data."""
    return f"{space}-{data}"[:128]


def searches(run: RunFolder, space: str) -> bool:
    """Whether a run searches the space of this identity.

    Its `resolved.yaml` is asked first: an earlier version of cnnsearch may have reckoned the identity otherwise.
    """
    return (space_identity(run) or _known_identity(run)[0]) == space


def data_fingerprint(run: RunFolder) -> str:
    """The fingerprint of a run's images; empty where nothing says it."""
    summary = read_summary(run)
    return summary.fingerprint if summary else _known_identity(run)[1]


def _known_identity(run: RunFolder) -> tuple[str, str]:
    """The identities of space and data as the status file has them; empty where it has none."""
    space, _, data = str(read_object(run.status).get("identity", "")).partition("-")
    return space, data
