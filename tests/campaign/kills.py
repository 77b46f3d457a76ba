"""Kills at random moments: of a trial's process, of the parent, and of all at once."""

import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_status import read_status
from tests.campaign.promises import Kept, ended

_LIMIT = 180.0
"""Seconds after which something that must happen counts as hanging."""
_POLL = 0.02
_PHASES = {
    "RunStarted": "between trials",
    "TrialStarted": "before its first epoch",
    "TrialBuilt": "before its first epoch",
    "EpochEnded": "in training",
    "TrialEnded": "between trials",
    "RunEnded": "after its end",
}
"""Where a kill fell, by the last event before it."""
Start = Callable[[], "subprocess.Popen[str]"]
"""Starts the search, or goes on with it."""


class Hanging(Exception):
    """What must happen does not."""


@dataclass
class Campaign:
    """One search, and the kills that it has to live through.

    Attributes:
        start: starts it.
        run: its folder.
        trials: how many it shall have.
        source: chance: of the moments.
        reach: a kill falls within so many seconds of what it is measured from.
        fell: how many kills fell on whom and into what, such as ("parent", "in training").
        known: every trial that had ended at some kill, as it was then.
        orphans: processes that outlived their parent.
    """

    start: Start
    run: RunFolder
    trials: int
    source: random.Random
    reach: float = 2.0
    fell: Counter[tuple[str, str]] = field(default_factory=Counter)
    known: Kept = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)

    def live_through(self, victims: Sequence[str]) -> None:
        """Run the search to its end, and kill these on the way, one after the other.

        Where it ends before all of them are killed, the rest is spared.

        Raises:
            Hanging: it does not end, or not well.
        """
        before, process = self._events(), self.start()
        for victim in victims:
            self._let_pass(process, before)
            if process.poll() is not None:
                break
            self._kill(process, victim)
            if victim != "child":
                if read_status(self.run).get("state") == "finished":  # the same command would begin another run
                    return
                before, process = self._events(), self.start()
        _, said = process.communicate(timeout=_LIMIT)
        if process.returncode:
            raise Hanging(f"the search ended with {process.returncode}: {said}")

    def _let_pass(self, process: "subprocess.Popen[str]", before: Counter[str]) -> None:
        """Let a random time pass from a random mark: the process, its search, or in four of six cases its first model.

        What `before` counts are the marks of the processes before it.
        """
        (mark,) = self.source.choices(("", "RunStarted", "TrialBuilt"), (1, 1, 4))
        until = time.monotonic() + _LIMIT
        while mark and process.poll() is None and self._events()[mark] == before[mark]:
            if time.monotonic() > until:
                raise Hanging(f"no {mark} comes")
            time.sleep(_POLL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.source.uniform(0.0, self.reach))

    def _kill(self, process: "subprocess.Popen[str]", victim: str) -> None:
        """Kill the victim, or spare a child that is not there; where a parent dies, its family must follow."""
        family = _descendants(process.pid)
        trials = [child for child in family if _parent(child) != process.pid]
        self.fell[victim, self._phase()] += 1
        if victim in ("child", "both") and trials:
            with suppress(psutil.NoSuchProcess):
                self.source.choice(trials).kill()
        if victim != "child":
            process.kill()
            process.communicate()
            _, alive = psutil.wait_procs(family, timeout=_LIMIT)
            self.orphans += [str(child) for child in alive]
            self.known = ended(self.run) | self.known

    def _phase(self) -> str:
        last = next(reversed(self._events()), "")
        if last == "TrialEnded" and len(ended(self.run)) == self.trials:
            return "in the export"
        return _PHASES.get(last, last or "before the first event")

    def _events(self) -> Counter[str]:
        """How often each event was, the latest one last."""
        found = Counter[str]()
        if self.run.events.is_file():
            for line in self.run.events.read_text(encoding="utf-8", errors="replace").splitlines():
                with suppress(ValueError, KeyError):
                    name = json.loads(line)["event"]
                    found[name] = found.pop(name, 0) + 1
        return found


def _descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def _parent(process: psutil.Process) -> int | None:
    with suppress(psutil.NoSuchProcess):
        return process.ppid()
    return None
