"""Whether the process that has claimed a trial is gone, as far as that can be told from here."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cnnsearch.search.study import owners
from cnnsearch.search.study.owners import is_gone, new_token

CLAIM = "from cnnsearch.search.study.owners import new_token; print(new_token(), flush=True); input()"


@pytest.fixture
def claimant() -> Iterator[subprocess.Popen[str]]:
    """A process that says its token and waits."""
    command = [sys.executable, "-c", CLAIM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def token_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def changed(token: str, place: int, to: str) -> str:
    """A token with another part."""
    parts = token.split(":")
    parts[place] = to
    return ":".join(parts)


def test_no_two_claims_of_a_process_have_the_same_token() -> None:
    assert new_token() != new_token()


def test_a_process_that_runs_is_not_gone(claimant: subprocess.Popen[str]) -> None:
    assert not is_gone(new_token())
    assert not is_gone(token_of(claimant))


def test_a_process_that_was_stopped_is_not_gone(claimant: subprocess.Popen[str]) -> None:
    token = token_of(claimant)
    claimant.send_signal(signal.SIGSTOP)
    assert not is_gone(token)


def test_a_process_that_was_killed_is_gone_before_and_after_its_parent_asks(claimant: subprocess.Popen[str]) -> None:
    token = token_of(claimant)
    claimant.kill()
    os.waitid(os.P_PID, claimant.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(token)
    claimant.wait()
    assert is_gone(token)


def test_a_later_process_of_the_same_number_is_another_one() -> None:
    assert is_gone(changed(new_token(), 2, "17"))


@pytest.mark.parametrize("token", [None, "", "host:12:0123456789abcdef", "another tool's", "a:b:c:d:e"])
def test_of_a_claim_that_says_too_little_nobody_knows(token: str | None) -> None:
    assert not is_gone(token)


def test_of_a_process_of_another_machine_or_container_nobody_knows() -> None:
    gone = changed(new_token(), 2, "17")
    assert not is_gone(changed(gone, 3, "0123456789abcdef"))
    assert not is_gone(changed(gone, 3, ""))


def test_of_a_process_that_cannot_be_looked_at_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "_started", lambda _: owners._UNKNOWN)
    assert not is_gone(new_token())
