"""One trial on two devices, which the CPU plays, is the trial on one."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.trial.data_parallel import check_shares
from cnnsearch.spaces.document import Training


def trained(checkout: Path, folder: Path, backend: str, devices: int) -> dict[str, Any]:
    """The epochs and the saved weights of a small trial on so many devices; each needs a process of its own."""
    command = [sys.executable, "-m", "tests.search.trial.spread", backend, str(devices), str(folder)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_jax_takes_batches_that_its_devices_share_evenly_only() -> None:
    check_shares(Training(batch_size=100, accumulate=2), devices=2)
    message = (
        r"^training.batch_size: .* shares out a batch evenly, got 25 images at once for 2 devices\. Take a batch in"
    )
    with pytest.raises(DataError, match=message):
        check_shares(Training(batch_size=100, accumulate=4), devices=2)


@pytest.mark.nightly
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_train_as_one_and_leave_whole_weights(checkout: Path, tmp_path: Path, backend: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    one, two = (trained(checkout, tmp_path, backend, devices) for devices in (1, 2))
    for alone, shared in zip(one["epochs"], two["epochs"], strict=True):
        assert shared["loss"] == pytest.approx(alone["loss"], abs=1e-4)
        assert shared["val_loss"] == pytest.approx(alone["val_loss"], abs=1e-4)
    for alone, shared in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_allclose(shared, alone, atol=1e-3)
