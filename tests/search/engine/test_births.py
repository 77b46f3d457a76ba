"""What a child imports of its parent's main script: nothing, unless something of it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

PARENT = """\
print("main runs")
from operator import methodcaller
from cnnsearch.search.engine.processes import ChildProcess


def greet(connection):
    connection.send("hello from main")


{guard}
    for _ in range(2):
        with ChildProcess({target}) as process:
            print(process.connection.recv())
"""


def output_of(script: Path, text: str) -> list[str]:
    script.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("guard", ['if __name__ == "__main__":', "if True:"], ids=["guarded", "unguarded"])
def test_a_child_that_needs_nothing_of_the_main_script_does_not_run_it(tmp_path: Path, guard: str) -> None:
    text = PARENT.format(guard=guard, target='methodcaller("send", "hello")')
    assert output_of(tmp_path / "parent.py", text) == ["main runs", "hello", "hello"]


def test_a_function_of_the_main_script_is_found_there(tmp_path: Path) -> None:
    text = PARENT.format(guard='if __name__ == "__main__":', target="greet")
    greeting = ["main runs", "hello from main"]  # the child's own line stands before its answer
    assert output_of(tmp_path / "parent.py", text) == ["main runs", *greeting, *greeting]
