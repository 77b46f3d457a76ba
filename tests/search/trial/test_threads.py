"""A trial computes with as many threads of the CPU as it is told."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import sys
from pathlib import Path
from tests.search.trial import spread

del spread.CONFIGURATION["search"]
spread.CONFIGURATION["training"] |= {"threads": int(sys.argv[1]) or None, "steps_per_epoch": 2}
spread.trained(Path(sys.argv[2]), "model")

from tensorflow import config

print(config.threading.get_intra_op_parallelism_threads(), config.threading.get_inter_op_parallelism_threads())
"""


@pytest.mark.parametrize(("asked", "taken"), [(1, "1 1"), (3, "3 3"), (0, "0 0")])  # 0: TensorFlow's own choice
def test_as_many_as_the_configuration_says(checkout: Path, tmp_path: Path, asked: int, taken: str) -> None:
    command = [sys.executable, "-c", PROGRAM, str(asked), str(tmp_path)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == [taken], done.stderr
