"""The first part of the page: what was tried, what won, how sure that is, what it cost, and what to do next."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from cnnsearch.reports.confirmation import mean_text
from cnnsearch.reports.inert import visible
from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.page.facts import Facts
from cnnsearch.reports.page.section import Section
from cnnsearch.reports.page.values import joined, number, pairs, verbatim
from cnnsearch.reports.scores import accuracy_interval
from cnnsearch.reports.wording import configuration, count_text, counted, status_name, time_text, value_with_unit
from cnnsearch.search.confirmed import Confirmation
from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.search.run_state import RunState


def summary(facts: Facts) -> Section:
    """The answers in words, the numbers among them first."""
    sure = list(_sure(facts))
    told = {
        "Tried": _tried(facts),
        "Won": _won(facts),
        "How sure": element("div", *(element("p", line) for line in sure)) if sure else None,
        "Cost": _cost(facts),
        "Next": _next(facts),
    }
    shown = pairs({name: value for name, value in told.items() if value is not None})
    shown.set("class", "answers card")
    return Section("summary", "Summary", (_tiles(facts), shown))


def verdict(facts: Facts) -> str:
    """The whole in one line, under the run's name."""
    winner = facts.winner
    if winner is None:
        return "No trial has a score yet." if facts.is_running else "No trial has a score."
    confirmed = facts.confirmation.winner if facts.confirmation else None
    by_seeds = confirmed is not None and confirmed.chosen.trial == winner.number
    value = f"{mean_text(confirmed)} over new seeds" if confirmed and by_seeds else _values(facts, winner)
    told = f"Trial {winner.number} {'leads' if facts.may_go_on else 'won'}: {value}"
    test = facts.part("test")
    return f"{told}, {test['accuracy']:.4f} of the test images right." if test else f"{told}."


_ENDED = {
    RunState.FINISHED: "Finished",
    RunState.FAILED: "Ended before its time",
    RunState.INTERRUPTED: "Interrupted: the same command goes on",
    RunState.KILLED: "Killed: the same command goes on",
}


def standing(facts: Facts) -> str:
    """Where it still runs, that and since when nothing was heard; else how it ended; and when this page was written."""
    written = f"Written {_moment(facts.now)}."
    reason = visible(str(facts.status.get("reason", "")))
    updated = facts.status.get("updated")
    if facts.is_running:
        heard = f" Its last sign of life was on {_moment(updated)}." if isinstance(updated, int | float) else ""
        paused = f" It is paused: {reason}." if facts.state is RunState.PAUSED else ""
        return f"This search has not ended: the numbers are those of now.{paused}{heard} {written}"
    ended = _ENDED.get(facts.state)
    return f"{ended}{f': {reason}' if reason else ''}. {written}" if ended else written


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d at %H:%M UTC")


def _tiles(facts: Facts) -> Element:
    tiles = (element("div", value, name, class_="card") for name, value in _numbers(facts))
    return element("div", *tiles, class_="tiles")


def _numbers(facts: Facts) -> Iterator[tuple[str, Element]]:
    winner, objectives = facts.winner, facts.objectives
    if winner is not None:
        for name in objectives.names:
            value = winner.value(name)
            if value is not None:
                yield f"{name}, trial {winner.number}", number(value_with_unit(name, value), value)
    for part in ("test",) if facts.part("test") else ("validation",):
        scores = facts.part(part)
        if scores:
            accuracy = scores["accuracy"]
            yield f"accuracy on {scores['images']:,} {part} images", number(f"{accuracy:.4f}", accuracy)
    yield "trials" if len(facts.trials) != 1 else "trial", number(f"{len(facts.trials):,}", len(facts.trials))
    spent = facts.status.get("seconds")
    if isinstance(spent, int | float):
        yield "spent", number(time_text(spent), spent)


def _values(facts: Facts, trial: TrialRecord) -> str:
    known = ((name, trial.value(name)) for name in facts.objectives.names)
    return joined([f"{name} {value_with_unit(name, value)}" for name, value in known if value is not None])


def _tried(facts: Facts) -> str:
    """`40 trials over 3 parameters, ranked by val_accuracy: 30 completed and 10 pruned.`"""
    by_status = Counter(trial.status for trial in facts.trials)
    states = joined([f"{by_status[status]:,} {status_name(status)}" for status in Status if by_status[status]])
    count = counted(len(facts.trials), "trial")
    budgets = facts.status.get("trials")
    asked = budgets.get("budget") if isinstance(budgets, dict) else None
    more = f" of {asked:,}" if facts.is_running and isinstance(asked, int) and asked > len(facts.trials) else ""
    paths = dict.fromkeys(path for trial in facts.trials for path in trial.values)
    over = f" over {len(paths)} parameters" if paths else ""
    less = {goal.metric: " (less is better)" * (goal.direction == "min") for goal in facts.objectives.all}
    by = joined([f"{visible(metric)}{told}" for metric, told in less.items()])
    limits = [f"{limit.name} {limit.sign} {limit.bound:g}" for limit in facts.objectives.limits]
    within = f" within {joined(limits)}" if limits else ""
    return f"{count}{more}{over}, ranked by {by}{within}{f': {states}' if states else ''}."


def _won(facts: Facts) -> Element | None:
    winner = facts.winner
    if winner is None:
        return None
    weights = f", {count_text(winner.parameters)} weights" if winner.parameters else ""
    epoch = f" in epoch {winner.best_epoch}" if winner.best_epoch is not None and not winner.folds else ""
    what = configuration(winner.values)
    told = f"Trial {winner.number}, {_values(facts, winner)}{epoch}{weights}{f': {what}' if what else ''}."
    return element("span", told, **{"data-trial": str(winner.number)})


def _sure(facts: Facts) -> Iterator[str]:
    """What the numbers are worth."""
    if facts.is_outdated and facts.kept is not None:
        yield f"best/ still has the model of trial {facts.kept.number}, which led before; the end weighs the new one."
    test, validation = facts.part("test"), facts.part("validation")
    if test:
        yield f"{_part(test, 'test')} They were asked about once, after the search: this is the number to quote."
    elif facts.metrics and not facts.is_outdated:
        yield "There is no test part, so nothing says what the model does on images that did not choose it."
    if validation:
        yield f"{_part(validation, 'validation')} These images chose the model, so their score is optimistic."
    if test and validation:
        gap = validation["accuracy"] - test["accuracy"]
        yield f"The validation images say {abs(gap):.4f} {'more' if gap >= 0 else 'less'} than the test images."
    if facts.confirmation:
        yield from _confirmed(facts.confirmation)
    if (told := _close(facts)) is not None:
        yield told
    images = {trial.fingerprint for trial in facts.ranked if trial.data}
    if len(images) > 1:
        yield f"The trials were trained on {len(images)} different sets of images: their scores are not of one kind."


def _part(scores: Mapping[str, Any], name: str) -> str:
    low, high = scores["interval"]
    right = f"{scores['accuracy']:.4f} of {scores['images']:,} {name} images are right"
    return f"{right} (95 % interval {low:.4f} to {high:.4f})."


def _confirmed(found: Confirmation) -> Iterator[str]:
    """What retraining with new seeds says."""
    winner = found.winner
    if winner is None:
        return
    error = "" if winner.error is None else f" +- {winner.error:.4f} (95 % over seeds)"
    seeds = counted(len(winner.scores), "new seed")
    yield f"Trained again with {seeds}, trial {winner.chosen.trial} reaches {winner.mean:.4f}{error} on average."
    first, mean = found.optimism()
    if mean is not None:
        own = f"{first:+.4f} for its best trial and " if first is not None else ""
        yield f"The search's own scores were too good by {own}{mean:+.4f} on average."


def _close(facts: Facts) -> str | None:
    """How many trials the validation images alone cannot tell from the best."""
    goal, scores = facts.objectives.all[0], facts.part("validation")
    best = facts.ranked[0].score if facts.ranked else None
    if not scores or best is None or goal.metric != "val_accuracy" or not facts.objectives.is_plain:
        return None
    images = scores["images"]
    low, _ = accuracy_interval(min(images, round(best * images)), images)
    near = sum(trial.score is not None and trial.score >= low for trial in facts.ranked[1:])
    if not near:
        return f"No other trial reaches {low:.4f}, the low end of the best one's 95 % interval on {images:,} images."
    others = f"{counted(near, 'other trial')} {'is' if near == 1 else 'are'}"
    return f"{others} within the best one's 95 % interval on {images:,} images: at {low:.4f} or above."


def _cost(facts: Facts) -> str | None:
    epochs, seconds = sum(len(t.epochs) for t in facts.trials), sum(t.seconds or 0.0 for t in facts.trials)
    if not epochs and not seconds:
        return None
    spent = facts.status.get("seconds")
    slots = facts.environment.get("slots")
    wall = f"{time_text(spent)} of wall time; " if isinstance(spent, int | float) else ""
    where = f", on {joined([visible(str(slot)) for slot in slots])}" if isinstance(slots, list) and slots else ""
    return f"{wall}{time_text(seconds)} in trials, {epochs:,} epochs{where}."


def _next(facts: Facts) -> Element:
    run = shlex.quote(visible(str(facts.run.path)))
    commands = {f"cnnsearch board {run}": "look at all curves in TensorBoard"}
    if facts.metrics:
        commands = {
            f"cnnsearch predict {run} PHOTOS": "ask the model about other images",
            f"cnnsearch retrain {run} --full": "train it again on train and validation images together",
        } | commands
    elif facts.is_running:
        commands = {f"cnnsearch report {run}": "write this page anew"}
    width = max(map(len, commands))
    return verbatim("\n".join(f"{command:<{width}}  # {why}" for command, why in commands.items()))
