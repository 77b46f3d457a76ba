"""The command line as a person uses it: real processes in an empty folder, on a small real search."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TINY = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: {int: [1, 2]}, filters: {choice: [4, 8], per: block}}}
head: {dense: [{units: {choice: [8, 16]}}]}
optimizer: {choice: {adam: {learning_rate: {float: [0.001, 0.01], scale: log}}, rmsprop: {}}}
training: {epochs: 2, batch_size: 64}
search: {trials: 3, pruner: none, seed: 7}
"""
RARE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: 1, filters: {int: [1, 100]}}}
head: {pooling: flatten, dense: [{units: {int: [1, 100]}}]}
training: {epochs: 1, batch_size: 64}
search:
  trials: 20
  seed: 7
  constraints: {parameters: "<= 60"}
  start_from: [{model: {scratch: {filters: 1}}, head: {dense: [{units: 1}]}}]
"""
"""One of ten thousand configurations is small enough; it is tried first."""
LIMIT = 120
"""Seconds after which a command counts as hanging."""


def end(processes: "list[subprocess.Popen[str]]") -> None:
    """End those of these processes that still run, and their groups; close what nobody has read."""
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        if any(pipe and not pipe.closed for pipe in (process.stdout, process.stderr)):
            process.communicate()


@dataclass
class CommandLine:
    """`cnnsearch` in a folder of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "cnnsearch", *arguments],
            cwd=self.folder,
            env=os.environ | {"CNNSEARCH_OFFLINE": "1"} | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        """End what a test that failed has left behind, or the tests after it would be told of it."""
        end(self.started)

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        with self.start(*arguments) as process:
            try:
                out, err = process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                pytest.fail(f"cnnsearch {' '.join(arguments)} hangs\n{out}\n{err}")
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def good(self, *arguments: str) -> str:
        """Run a command that must succeed; gives its stdout."""
        done = self(*arguments)
        assert done.returncode == 0, f"cnnsearch {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def write(self, text: str, name: str = "tiny.yaml") -> str:
        """Write a space file; gives its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name
