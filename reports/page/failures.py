"""The part of the page on what went wrong: failed trials by their cause, with messages, and infeasible ones."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.page.facts import Facts
from cnnsearch.reports.page.section import Section
from cnnsearch.reports.page.values import grid
from cnnsearch.search.ranking import complaints_of
from cnnsearch.search.records import Failure, Status, TrialRecord

_MESSAGES, _TRIALS = 5, 6
_ADVICE = {
    Failure.OOM: "Memory was too small, even with smaller steps: lower data.image_size, filters or batch_size.",
    Failure.NAN: "No epoch had a finite score: lower the learning rates, or set training.clip_norm.",
    Failure.DATA: "Images could not be used: cnnsearch data doctor says which.",
    Failure.CRASH: "The process ended without a word: its log.txt has what a library said last.",
    Failure.BUG: "An error of cnnsearch or of a custom function: log.txt has its traceback.",
    Failure.TIMEOUT: "It took longer than search.trial_time, or hung when the search's time was up.",
    Failure.DISK: "The disk was full or not writable.",
    Failure.IMPOSSIBLE: "No network can be built from such values; they were drawn all the same.",
}


def failures(facts: Facts) -> Section | None:
    """Why trials have no score; None where all is well."""
    failed = [trial for trial in facts.trials if trial.status is Status.FAILED]
    infeasible = [trial for trial in facts.trials if trial.status is Status.INFEASIBLE]
    body = [*_failed(failed), *_infeasible(infeasible)]
    return Section("failures", "Failures", tuple(body)) if body else None


def _failed(failed: Sequence[TrialRecord]) -> list[Element]:
    by_cause: defaultdict[str, list[TrialRecord]] = defaultdict(list)
    for trial in failed:
        by_cause[trial.reason].append(trial)
    found = sorted(by_cause.items(), key=lambda each: -len(each[1]))
    return [_cause(cause, trials, of=len(failed)) for cause, trials in found]


def _cause(cause: str, trials: Sequence[TrialRecord], of: int) -> Element:
    by_message: defaultdict[str, list[TrialRecord]] = defaultdict(list)
    for trial in trials:
        by_message[trial.message].append(trial)
    messages = sorted(by_message.items(), key=lambda each: -len(each[1]))
    rest = len(messages) - _MESSAGES
    advice = _ADVICE.get(Failure(cause)) if cause in set(Failure) else None
    return element(
        "div",
        element("h3", f"{cause or 'failed'}: {len(trials):,} of {of:,} failed trials"),
        element("p", advice) if advice else None,
        grid(("trials", "message"), ((_numbers(own), message) for message, own in messages[:_MESSAGES]), cause),
        element("p", f"and {rest:,} other messages in trials.csv and the trials' log.txt", class_="dim")
        if rest > 0
        else None,
        class_="card finding",
    )


def _numbers(trials: Sequence[TrialRecord]) -> str:
    shown = ", ".join(str(trial.number) for trial in trials[:_TRIALS])
    return f"{shown} and {len(trials) - _TRIALS:,} more" if len(trials) > _TRIALS else shown


def _infeasible(trials: Sequence[TrialRecord]) -> list[Element]:
    """Which constraints were broken how often, with an example of each."""
    broken: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for trial in trials:
        for name, complaint in complaints_of(trial).items():
            broken[name] += 1
            examples.setdefault(name, f"trial {trial.number}: {complaint}")
    if not trials:
        return []
    rows = ((name, f"{count:,}", examples[name]) for name, count in broken.most_common())
    title = element("h3", f"infeasible: {len(trials):,} trials break a constraint")
    return [element("div", title, grid(("constraint", "trials", "such as"), rows, "infeasible"), class_="card finding")]
