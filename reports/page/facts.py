"""All that the page is made of: read from a run's folder, without its photos and without its model."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnsearch.search.confirmed import Confirmation, read_confirmation
from cnnsearch.search.doctor.findings import Finding
from cnnsearch.search.doctor.kept import read_findings
from cnnsearch.search.json_file import read_object
from cnnsearch.search.ranking import Objectives, rank
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.search.standing import standing_of


@dataclass(frozen=True)
class Facts:
    """A run as it stood when it was read.

    Attributes:
        run: its folder.
        trials: all of them, by their numbers.
        objectives: what they are ranked by.
        status: how the run stands, as `status.json` says it.
        environment: versions, machine, devices; empty where the file is gone.
        dataset: classes, counts, split, skipped images, and each image's hash; empty where the file is gone.
        findings: what the data doctor found in these images; None where they were not examined.
        metrics: of the kept model, as `best/metrics.json` has them; empty where there is none yet.
        confirmation: what confirming the best trials came to; None where nothing is confirmed.
        config: the kept model's configuration, as its file has it; empty where there is none yet.
        now: when this was read, in seconds since 1970.
    """

    run: RunFolder
    trials: Sequence[TrialRecord]
    objectives: Objectives
    status: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    confirmation: Confirmation | None = None
    config: str = ""
    now: float = 0.0
    ranked: Sequence[TrialRecord] = field(default=())

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.path.resolve().name

    @property
    def state(self) -> RunState:
        """How it stands."""
        return RunState.told_by(self.status)

    @property
    def is_running(self) -> bool:
        """Whether more is to come, as far as its files say."""
        return self.state.is_open

    @property
    def may_go_on(self) -> bool:
        """Whether it runs, or was ended from outside: then the best of now may not stay it."""
        return self.is_running or self.state in (RunState.INTERRUPTED, RunState.KILLED)

    def part(self, name: str) -> Mapping[str, Any] | None:
        """The winner's scores on a part of the images; None where there are none, or the file is damaged."""
        found = self.metrics.get(name) if not self.is_outdated else None
        return found if isinstance(found, dict) and {"accuracy", "interval", "images"} <= found.keys() else None

    @property
    def winner(self) -> TrialRecord | None:
        """The trial whose model is kept, else the first of the ranking; None where no trial has a score."""
        return (None if self.is_outdated else self.kept) or next(iter(self.ranked), None)

    @property
    def kept(self) -> TrialRecord | None:
        """The trial whose model is in `best/`; None where there is none."""
        number = self.metrics.get("trial")
        return next((trial for trial in self.trials if trial.number == number), None)

    @property
    def is_outdated(self) -> bool:
        """Whether `best/` is of an earlier session, and another trial has taken the lead since."""
        return self.may_go_on and self.kept is not None and self.ranked[:1] != [self.kept]


def read_facts(run: RunFolder, trials: Sequence[TrialRecord], objectives: Objectives) -> Facts:
    """What a run's folder says beside its study; a file that is gone or damaged says nothing."""
    standing, dataset = standing_of(run), read_object(run.dataset)
    return Facts(
        run=run,
        trials=trials,
        objectives=objectives,
        status={**standing.told, "state": standing.state},
        environment=read_object(run.environment),
        dataset=dataset,
        findings=read_findings(run.doctor, str(dataset.get("fingerprint", ""))),
        metrics=read_object(run.best.metrics),
        confirmation=read_confirmation(run),
        config=_text(run.best.config),
        now=time.time(),
        ranked=rank(list(trials), objectives),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
