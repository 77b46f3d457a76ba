"""One trial on several devices: each has the whole network and its share of every batch; their gradients are summed.

With JAX this is Keras' own distribution. Keras has none for TensorFlow, so that its MirroredStrategy is used there:
this is the only place of a training that knows TensorFlow.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import keras

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.devices.facts import gpus_here
from cnnsearch.search.trial.line import Line
from cnnsearch.spaces.document import Training

if TYPE_CHECKING:
    from cnnsearch.search.trial.course import TrialJob

Found = TypeVar("Found")


def on_all_devices(run: Callable[[Line, "TrialJob"], Found]) -> Callable[[Line, "TrialJob"], Found]:
    """The same work on all devices of its process together, where `search.strategy` is `data_parallel`."""

    @wraps(run)
    def spread(line: Line, job: "TrialJob") -> Found:
        configuration = job.configuration
        is_spread = configuration.search.strategy == "data_parallel"
        with spread_over_devices(configuration.training) if is_spread else nullcontext():
            return run(line, job)

    return spread


def spread_over_devices(training: Training) -> AbstractContextManager[Any]:
    """Within it, models are made on all devices of this process: its GPUs, or the CPU's parts where it has none.

    A part of a batch has its own statistics in a batch norm. With one device nothing is different.

    Raises:
        DataError: with JAX, batches that cannot be shared out evenly.
    """
    if keras.backend.backend() == "tensorflow":
        return _mirrored()
    devices = gpus_here() or keras.distribution.list_devices("cpu")
    if keras.backend.backend() != "jax" or len(devices) < 2:
        return nullcontext()
    check_shares(training, len(devices))
    return _shared(devices)


def check_shares(training: Training, devices: int) -> None:
    """Refuse batches of which JAX would give every device the whole: all of them would do the work of one.

    Raises:
        DataError: so many devices do not divide a batch, or the part of one that goes through the network at once.
    """
    images = -(-training.batch_size // training.accumulate)
    if images % devices:
        part = "batch" if training.accumulate == 1 else f"batch in {training.accumulate} parts"
        rule = f"with JAX, data_parallel shares out a batch evenly, got {images} images at once for {devices} devices"
        raise DataError("training.batch_size", rule, f"Take a {part} of which {devices} devices have equal shares.")


def _mirrored() -> AbstractContextManager[Any]:
    import tensorflow  # type: ignore[import-untyped]

    devices = tensorflow.config.list_logical_devices("GPU") or tensorflow.config.list_logical_devices("CPU")
    if len(devices) < 2:
        return nullcontext()
    return tensorflow.distribute.MirroredStrategy([device.name for device in devices]).scope()  # type: ignore[no-any-return]


@contextmanager
def _shared(devices: Sequence[str]) -> Iterator[None]:
    with _Shared(devices=list(devices)).scope():
        yield


class _Shared(keras.distribution.DataParallel):  # type: ignore[misc]  # Keras is untyped
    """Shares out each batch; JAX divides evenly only, so every device has the whole of one that is left over."""

    def get_data_layout(self, data_shape: Sequence[int]) -> keras.distribution.TensorLayout:
        """Where the images of a batch go."""
        count = self.device_mesh.devices.size
        if data_shape and data_shape[0] % count == 0:
            return super().get_data_layout(data_shape)
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)
