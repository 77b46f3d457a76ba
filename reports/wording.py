"""How trials are put into a few words: a configuration, an ending, how many there are, weights, a length of time."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.spaces.document import Document
from cnnsearch.spaces.duration import format_duration
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.constraints import measured
from cnnsearch.spaces.values import Scalar

_STATUS = {
    Status.QUEUED: "queued",
    Status.RUNNING: "running",
    Status.COMPLETED: "completed",
    Status.STOPPED_EARLY: "stopped early",
    Status.PRUNED: "pruned",
    Status.INFEASIBLE: "infeasible",
    Status.FAILED: "failed",
}


def configuration(values: Mapping[str, Scalar]) -> str:
    """The active parameters in short: `scratch, adam, blocks 3, filters 16/32/32, lr 0.0012`.

    Branches stand alone and first, the entries of blocks together, and every name is its path's last part, or as many
    of its last parts as tell it from the others.
    """
    branches = [path for path in values if is_branch(path, values)]
    groups: dict[str, list[str]] = {}
    for path, value in values.items():
        if path not in branches:
            groups.setdefault(without_indices(path), []).append(value_text(value))
    names = short_names(list(groups))
    drawn = [f"{names[path]} {'/'.join(entries)}" for path, entries in groups.items()]
    return ", ".join([*(str(values[path]) for path in branches), *drawn])


def is_branch(path: str, values: Mapping[str, Scalar]) -> bool:
    """Sections such as `model` and `optimizer` have no value of their own: what is drawn there names a branch."""
    return path in Document.model_fields or any(other.startswith(f"{path}.{values[path]}.") for other in values)


def without_indices(path: str) -> str:
    """A parameter's path without the number of a block: all entries of `filters` belong together."""
    return ".".join(part for part in path.split(".") if not part.isdigit()) or path


def short_names(paths: Sequence[str], taken: Collection[str] = ()) -> dict[str, str]:
    """For each dotted path its shortest ending that no other path has, as words; `lr` is short for a learning rate.

    Args:
        taken: what none of them may be called.
    """
    ends = {path: _endings(path) for path in paths}
    shared = Counter(end for each in ends.values() for end in each)
    return {path: _own(path, each, shared, taken) for path, each in ends.items()}


def _endings(path: str) -> list[str]:
    """All endings of a path as words, the shortest first; a number stays with its list: `filters 0`, never `0`."""
    parts = path.split(".")
    starts = [start for start in reversed(range(len(parts))) if start == 0 or not parts[start].isdecimal()]
    found = (" ".join(parts[start:]) for start in starts)
    return [text.replace("learning_rate", "lr").replace("_", " ") for text in found]


def _own(path: str, endings: Sequence[str], shared: Mapping[str, int], taken: Collection[str]) -> str:
    """The first ending that is nobody else's; where a whole path is the end of others, they have longer names."""
    *_, whole = endings
    free = next((each for each in endings if shared[each] == 1 and each not in taken), whole)
    return path if free in taken else free


def value_text(value: Scalar) -> str:
    """A parameter's value: floats with three digits, true and false as the space file writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3g}"
    return "null" if value is None else str(value)


def ending(trial: TrialRecord) -> str:
    """Why a trial ended: `completed`, `stopped early: patience 3 on val_loss`, `pruned on rung 1 of 3: ...`."""
    status = _STATUS[trial.status]
    where = "" if trial.rung is None or trial.rung.is_last else f" on {rung_text(trial.rung)}"
    told = f"{status}{where}"
    return told if trial.reason in ("", trial.status.value, status) else f"{told}: {trial.reason}"


def rung_text(rung: Rung) -> str:
    """`rung 1 of 3`."""
    return f"rung {rung.number} of {rung.of}"


def status_name(status: Status) -> str:
    """A status in words."""
    return _STATUS[status]


def value_with_unit(name: str, value: float | None) -> str:
    """A value of an objective: weights in three digits, a latency in ms, a metric in four digits; a dash for none."""
    if value is None:
        return "-"
    return count_text(round(value)) if name == "parameters" else measured(name, value)


def counted(count: int, word: str) -> str:
    """`1 image`, `4,000 images`, `2 classes`."""
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{count:,} {word if count == 1 else plural}"


def count_text(count: int | None) -> str:
    """A number of weights in three digits: 93,322 gives `93.3k`."""
    if count is None:
        return "-"
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= 0.9995 * size:  # what three digits would round up belongs to the larger unit
            return f"{count / size:.3g}{unit}"
    return str(count)


def time_text(seconds: float | None) -> str:
    """A wall time: `8.4s` under ten seconds, then whole seconds as `1m20s`."""
    if seconds is None:
        return "-"
    return f"{seconds:.1f}s" if seconds < 9.95 else format_duration(seconds)


def without_best(run: str, trials: Sequence[TrialRecord]) -> str:
    """That a run has no best trial, and what to do."""
    infeasible = sum(trial.status is Status.INFEASIBLE for trial in trials)
    if infeasible:
        got = f"none of {len(trials)}, {infeasible} of them infeasible"
        return f"{run}: a search needs a trial within all constraints, got {got}. Loosen search.constraints."
    return f"{run}: a search needs a trial with a score, got none. Its trials say why."


def failures_told(trials: Sequence[TrialRecord]) -> str:
    """`3 of 20 trials failed: 2 oom, 1 nan. ...`; empty where none failed."""
    failed = [trial for trial in trials if trial.status is Status.FAILED]
    if not failed:
        return ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(trial.reason for trial in failed).most_common())
    return f"{len(failed)} of {len(trials)} trials failed: {kinds}. The log.txt in the folder of each says why."
