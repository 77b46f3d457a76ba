"""What a person sees of a search in progress."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from cnnsearch import plain_lines
from cnnsearch.live import Follower
from cnnsearch.live_table import LiveTable
from cnnsearch.plain_lines import PlainLines
from cnnsearch.progression import Progression
from cnnsearch.search.confirmed import Retrained
from cnnsearch.search.confirming_events import ConfirmingStarted, RetrainingEnded, RetrainingStarted, RetrainingWentOn
from cnnsearch.search.events import (
    EpochEnded,
    Event,
    FeaturesMade,
    RunEnded,
    RunStarted,
    TrialBuilt,
    TrialEnded,
    TrialStarted,
    Warned,
)
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState

RUN = RunStarted(RunFolder(Path("runs/digits-001")), Objective("val_accuracy", "max"), 8, None, ("cpu",), (), False)
VALUES = {"model": "scratch", "model.scratch.blocks": 2, "optimizer": "adam"}


def epochs(*accuracies: float) -> tuple[Epoch, ...]:
    return tuple(Epoch(k, {"val_accuracy": accuracy}, 1.0) for k, accuracy in enumerate(accuracies, 1))


def ended(number: int, *accuracies: float, status: Status = Status.COMPLETED, **more: object) -> TrialEnded:
    score = max(accuracies, default=None)
    best = accuracies.index(score) + 1 if score is not None else None
    settings = {
        "score": score,
        "best_epoch": best,
        "seconds": 60.0,
        "parameters": 12_345,
        "epochs": epochs(*accuracies),
    }
    return TrialEnded(TrialRecord(number, VALUES, status, **{**settings, **more}))  # type: ignore[arg-type]


def running(number: int, *accuracies: float, slot: str = "cpu", values: dict[str, object] | None = None) -> list[Event]:
    begun = TrialStarted(number, values or VALUES, slot, 15)  # type: ignore[arg-type]
    return [begun, TrialBuilt(number, 93_322), *(EpochEnded(number, epoch) for epoch in epochs(*accuracies))]


FAILED = ended(1, status=Status.FAILED, reason="oom", message="OOM when allocating [red]tensor[/red]")


def progression(*events: Event) -> Progression:
    known = Progression()
    for event in (RUN, *events):
        known(event)
    return known


def shown(*events: Event, color: bool = False, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=color, color_system="standard" if color else None)
    console.print(LiveTable(progression(*events)))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def line_of(text: str, number: int) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(str(number)))


def test_a_running_trial_shows_its_epoch_its_best_and_where_it_runs() -> None:
    line = line_of(shown(*running(3, 0.5, 0.75, 0.625, slot="gpu:1")), 3)
    assert line.split()[:4] == ["3", "3/15", "0.6250", "0.7500"]
    assert "on gpu:1" in line
    assert "93,322" in line or "93" in line


def test_a_trial_that_has_just_started_shows_dashes() -> None:
    assert line_of(shown(*running(0)), 0).split()[:4] == ["0", "0/15", "-", "-"]


def test_a_trial_that_waits_for_features_says_how_far_they_are() -> None:
    waits = [*running(3, slot="gpu:1"), FeaturesMade(3, 250, 1000)]
    assert "on gpu:1, features 25%" in line_of(shown(*waits), 3)
    assert "features" not in line_of(shown(*waits, FeaturesMade(3, 1000, 1000)), 3)
    assert "features" not in line_of(shown(*waits, FeaturesMade(3, 0, 0)), 3)


def test_the_headline_counts_and_names_the_best_and_what_is_left() -> None:
    head = shown(ended(0, 0.5, 0.75), ended(1, 0.625), FAILED).splitlines()[0]
    assert "digits-001" in head
    assert "3/8 trials" in head
    assert "best val_accuracy 0.7500 (trial 0)" in head
    assert "to go" in head


def test_before_the_first_end_nothing_is_said_of_the_time_to_go() -> None:
    assert "to go" not in shown(*running(0, 0.5))


def test_a_failed_trial_is_red_and_has_no_score() -> None:
    assert line_of(shown(FAILED), 1).split()[:4] == ["1", "0", "-", "-"]
    assert "oom" in line_of(shown(FAILED), 1)
    assert "\x1b[31m" in shown(FAILED, color=True)


def test_text_from_data_cannot_steer_the_terminal() -> None:
    nasty = {"data.source": "[bold red]cat[/]\x1b[2J", "model": "[link=x]y[/link]"}
    text = shown(
        *running(3, values=nasty), ended(1, status=Status.FAILED, reason="[red]x[/red]", message="\x1b[2J[/]")
    )  # fmt: skip
    assert "\x1b" not in text
    assert "[link=x]" in text
    assert "[red]x" in text


def test_only_the_last_trials_stay_in_sight() -> None:
    text = shown(*(ended(number, 0.5) for number in range(20)))
    assert "8 earlier trials" in text
    numbers = [line.split()[0] for line in text.splitlines()[3:]]
    assert numbers == [str(number) for number in range(8, 20)]


@pytest.mark.parametrize("width", [80, 100])
def test_a_narrow_terminal_cuts_words_not_numbers(width: int) -> None:
    pruned = ended(0, 0.5, 0.75, status=Status.PRUNED, reason="behind the others at the same epoch")
    text = shown(pruned, *running(3, 0.5, 0.625), width=width)
    assert line_of(text, 0).split()[:6] == ["0", "2", "0.7500", "0.7500", "1m", "12.3k"]
    assert line_of(text, 3).split()[:4] == ["3", "2/15", "0.6250", "0.6250"]
    assert len([line for line in text.splitlines()[-3:] if line.strip()]) == 3  # one line each, under the header
    assert max(map(len, text.splitlines())) <= width


def test_before_the_run_there_is_nothing_to_see() -> None:
    console = Console(file=io.StringIO())
    console.print(LiveTable(Progression()))
    assert console.file.getvalue().strip() == ""  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("seconds", "spent", "at_most"),
    [(None, 0.0, 420.0), (100.0, 0.0, 100.0), (3600.0, 3590.0, 10.0), (10.0, 20.0, 0.0)],
)
def test_the_time_to_go_knows_the_budget_and_earlier_sessions(
    seconds: float | None, spent: float, at_most: float
) -> None:
    known = Progression()
    known(RunStarted(RUN.run, RUN.objective, 8, seconds, ("cpu",), (ended(0, 0.5).trial,), True, spent))
    left = known.remaining()
    assert left is not None
    assert at_most - 5 <= left <= at_most or left == at_most


def test_a_pipe_gets_a_line_for_each_start_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    known = Progression()
    plain = PlainLines(known)
    for event in (
        RUN,
        *running(0, 0.5),
        ended(0, 0.5),
        *running(1),
        FAILED,
        RunEnded(RunState.FINISHED, "all trials are done"),
    ):
        known(event)
        plain(event)
    first, start, end, _, failed, last = capsys.readouterr().out.splitlines()
    assert first == "runs/digits-001: 8 trials on cpu, ranked by val_accuracy"
    assert start.startswith("trial 0 starts on cpu: ")
    assert "score 0.5000, 1 epoch," in end
    assert "best so far 0.5000 (trial 0), 1/8 trials" in end
    assert "oom" in failed
    assert "OOM when allocating [red]tensor[/red]" in failed
    assert last == "run finished: all trials are done"


def test_a_run_that_goes_on_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    known = Progression()
    PlainLines(known)(RunStarted(RUN.run, RUN.objective, 8, 90.0, ("gpu:0", "gpu:1"), (FAILED.trial,), True))
    out = capsys.readouterr().out
    assert "8 trials or 1m30s on gpu:0, gpu:1" in out
    assert "goes on after 1 finished trial\n" in out


def test_a_terminal_gets_the_reading_of_images_then_the_table() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=140, color_system=None)
    with Follower(console) as follower:
        follower.read(10, 100)
        follower(RUN)
        follower(Warned("model.[red]vgg16[/red] is left out"))
        for event in (*running(0, 0.5), ended(0, 0.5)):
            follower(event)
        follower.read(20, 100)  # another image size, while trials run
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "reading images" in text
    assert "warning: model.[red]vgg16[/red] is left out" in text
    assert "1/8 trials" in text
    assert "20/100" not in text


@pytest.mark.parametrize(("events", "told"), [((), ""), ((RUN,), "\n")])
def test_in_a_pipe_an_empty_line_ends_only_a_run_that_began(events: tuple[Event, ...], told: str) -> None:
    file = io.StringIO()
    with Follower(Console(file=file)) as follower:
        for event in events:
            follower(event)
    assert file.getvalue() == told


CONFIRMING: list[Event] = [
    ended(3, 0.75),
    ended(5, 0.625),
    ConfirmingStarted((3, 5), 2, (Retrained(3, 1, 42, 0.5, 1, 2, 1.0),)),
    RetrainingStarted(3, 2, "cpu", 15),
    RetrainingEnded(Retrained(3, 2, 43, 0.625, 1, 2, 1.0)),
    RetrainingStarted(5, 1, "cpu", 15),
    RetrainingWentOn(5, 1, Epoch(1, {"val_accuracy": 0.5}, 1.0)),
]


def test_confirming_shows_the_means_so_far_and_what_runs() -> None:
    text = shown(*CONFIRMING)
    assert "confirming the best 2 trials (3, 5) with 2 new seeds each, goes on after 1 of 4 retrainings" in text
    assert line_of(text, 3).split() == ["3", "0.7500", "0.5625", "0.5000", "0.6250"]
    assert line_of(text, 5).split() == ["5", "0.6250", "-"]
    assert "trial 5 with new seed 1: epoch 1/15" in text


def test_a_log_says_how_far_features_are_where_they_can_be_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_lines, "_SILENCE", 0.0)
    plain = PlainLines(progression(*running(3)))
    for event in (FeaturesMade(3, 250, 1000), FeaturesMade(3, 0, 0)):
        plain(event)
    assert capsys.readouterr().out.splitlines() == ["trial 3: 25% of its features are made"]


def test_confirming_has_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    known = Progression()
    plain = PlainLines(known)
    for event in (RUN, *CONFIRMING):
        known(event)
        plain(event)
    lines = capsys.readouterr().out.splitlines()[3:]
    assert lines[0].startswith("confirming the best 2 trials (3, 5) with 2 new seeds each")
    assert lines[1] == "trial 3 again on cpu, with new seed 2"
    assert lines[2].startswith("trial 3 again with new seed 2: score 0.6250, 2 epochs, 1.0s, 2/4 retrainings")
