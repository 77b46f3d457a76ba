"""Slots: the GPUs that may be used, or the CPU."""

from collections.abc import Callable

import pynvml
import pytest

from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.slots import CPU, Slot, visible_slots


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A machine with so many GPUs: the driver's library is the one part that tests have not."""

    def install(count: int) -> None:
        for name, answer in (("nvmlInit", None), ("nvmlShutdown", None), ("nvmlDeviceGetCount", count)):
            monkeypatch.setattr(pynvml, name, lambda answer=answer: answer)

    return install


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (None, ["gpu:0", "gpu:1", "gpu:2"]),
        ("1", ["gpu:1"]),
        (" 2, 0 ", ["gpu:2", "gpu:0"]),
        ("GPU-8f6c", ["gpu:GPU-8f6c"]),
        ("", ["cpu"]),
        ("-1", ["cpu"]),
        ("0,-1,1", ["gpu:0"]),
        ("2,7,1", ["gpu:2"]),
    ],
)
def test_each_visible_gpu_is_a_slot(
    gpus: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, variable: str | None, expected: list[str]
) -> None:
    gpus(3)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert [slot.name for slot in visible_slots()] == expected


def test_slots_side_by_side_share_a_device_and_have_names_of_their_own(
    gpus: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus(2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    slots = Crew(visible_slots(), 2).wanted
    assert [slot.name for slot in slots] == ["gpu:0", "gpu:1", "gpu:0/2", "gpu:1/2"]
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots] == ["0", "1", "0", "1"]
    assert slots[3].is_gpu
    assert Crew((CPU,)).wanted == (CPU,)


def test_devices_whose_trials_train_on_the_cpu_leave_and_one_slot_stays() -> None:
    crew = Crew([Slot("gpu:0"), Slot("gpu:1"), Slot("gpu:2")], 2)
    crew.trains_on_cpu("gpu:1")
    crew.resize("gpu:1", 2)
    assert [slot.name for slot in crew.wanted] == ["gpu:0", "gpu:2", "gpu:0/2", "gpu:2/2"]
    for device in ("gpu:0", "gpu:2", "gpu:2", "gpu:0"):
        crew.trains_on_cpu(device)
    assert [slot.name for slot in crew.wanted] == ["gpu:2"]


def test_a_slot_hides_the_other_gpus_and_leaves_memory_to_its_neighbours(
    gpus: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus(2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    second = visible_slots()[1].environment
    assert second["CUDA_VISIBLE_DEVICES"] == "1"
    assert second["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


@pytest.mark.parametrize("variable", [None, "0", "GPU-8f6c"])
def test_without_a_gpu_the_cpu_is_the_slot(
    gpus: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    gpus(0)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert visible_slots() == (CPU,)


def test_without_a_driver_the_cpu_is_the_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", missing)
    assert visible_slots() == (CPU,)
