"""Several workers make one study's trials together: each one once, and no more than asked for."""

import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import make_url

from cnnsearch.search.records import Status
from tests.search.sharing.conftest import Team, code_of, keys, wait_for
from tests.search.sharing.relay import Relay


def check(team: Team) -> None:
    """Every trial that was asked for has ended, once, with each of its epochs once, and no other has."""
    trials = team.ended()
    assert len(trials) == team.trials
    assert len(keys(trials)) == team.trials
    assert {trial.status for trial in trials} == {Status.COMPLETED}
    assert [[epoch.number for epoch in trial.epochs] for trial in trials] == [[1, 2, 3]] * team.trials


@pytest.mark.timeout(300)
def test_two_workers_make_the_trials_of_one_study_and_one_of_them_exports_it(team: Team):
    for worker in [team.start("a", "run"), team.start("b", "run")]:
        code_of(worker)
    check(team)
    assert len(list(team.folder.glob("*/team-001/best/model.keras"))) == 1


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_killed_workers_trial_is_made_by_another_one(team: Team):
    team.pace = 1.0
    first = team.start("a", "run")
    wait_for(team, 1)
    second = team.start("b")
    first.kill()
    code_of(second)
    check(team)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_worker_that_is_told_to_end_puts_its_trial_back_at_once(team: Team):
    team.pace, team.beat = 1.0, 100.0  # nobody counts as dead
    first = team.start("a", "run")
    wait_for(team, 1)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    code_of(team.start("b"))
    check(team)


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_worker_that_was_cut_off_comes_back_and_its_result_counts_once(team: Team):
    url = make_url(team.storage)
    folder = Path(str(url.query["host"]))
    team.pace, team.trials = 1.0, 12
    with Relay(str(folder / ".s.PGSQL.5432")) as relay:
        cut_off = team.start("a", "run", storage=f"postgresql://{url.username}@127.0.0.1:{relay.port}/{url.database}")
        wait_for(team, 1)
        other = team.start("b")
        wait_for(team, 3)
        relay.cut()
        time.sleep(60)  # what is tested is a minute's absence
        relay.mend()
        code_of(cut_off)
        code_of(other)
    check(team)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_four_workers_live_through_ten_kills_and_a_restart_of_their_database(team: Team, postgres):
    source = random.Random(7)
    team.trials, team.pace = 60, 0.3
    workers = {name: team.start(name, "run" if name == "a" else "worker") for name in "a"}
    wait_for(team, 1)
    workers |= {name: team.start(name) for name in "bcd"}
    for kill in range(10):
        wait_for(team, 4 * (kill + 1))
        time.sleep(source.uniform(0, 2))
        if kill == 5:
            postgres.stop("immediate")
            time.sleep(5)
            postgres.start()
        name = source.choice("abcd")
        workers[name].kill()
        workers[name].communicate()
        workers[name] = team.start(name, "run" if name == "a" else "worker")
    for worker in workers.values():
        code_of(worker, 900)
    check(team)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_model_that_another_machine_trained_is_exported_from_where_all_keep_them(team: Team):
    team.artifacts, team.trials = str(team.folder / "store"), 3
    code_of(team.start("a", "run"))
    team.trials = 4
    shutil.rmtree(team.folder / "a")
    code_of(team.start("b", "run"))
    best = team.folder / "b" / "team-001" / "best"
    assert (best / "model.keras").is_file()
    assert (best / "config.yaml").is_file()
