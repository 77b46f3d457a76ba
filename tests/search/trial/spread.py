"""A program: one small trial on one or two devices that the CPU plays; prints its epochs and its weights as JSON."""

import json
import os
import sys
from pathlib import Path
from typing import Any

CONFIGURATION = {
    "data": {"source": "sample:digits", "image_size": [8, 8], "color": "gray"},
    "model": {"scratch": {"blocks": 1, "filters": 4}},
    "optimizer": {"sgd": {"learning_rate": 0.05, "momentum": 0.9}},
    "training": {"epochs": 2, "seed": 5, "batch_size": 100, "steps_per_epoch": 12, "early_stopping": None},
    "search": {"strategy": "data_parallel"},
}


def divide_the_cpu(count: int) -> None:
    """Have TensorFlow see so many devices; JAX reads a variable."""
    import tensorflow

    cpu = tensorflow.config.list_physical_devices("CPU")[0]
    part = tensorflow.config.LogicalDeviceConfiguration()
    tensorflow.config.set_logical_device_configuration(cpu, [part] * count)


def trained(folder: Path, name: str) -> dict[str, Any]:
    """The epochs and the saved weights of a trial."""
    import keras
    import numpy as np

    from cnnsearch.search.dataset.prepare import prepare_dataset
    from cnnsearch.search.records import Objective
    from cnnsearch.search.trial.course import TrialJob
    from cnnsearch.search.trial.training import run_trial
    from cnnsearch.spaces.document import Configuration
    from tests.search.trial.parent import Parent

    configuration = Configuration.model_validate(CONFIGURATION)
    dataset = prepare_dataset(configuration.data, folder)
    parent, model = Parent(), folder / f"{name}.keras"
    objective = Objective.of("val_accuracy")
    run_trial(parent, TrialJob(configuration, dataset.reference(), ("train",), "validation", objective, 5, model))
    weights = [np.asarray(weight).tolist() for weight in keras.saving.load_model(model).get_weights()]
    return {"epochs": parent.metrics, "weights": weights}


if __name__ == "__main__":
    backend, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    os.environ.update(KERAS_BACKEND=backend, XLA_FLAGS=f"--xla_force_host_platform_device_count={count}")
    if backend == "tensorflow":
        divide_the_cpu(count)
    print(json.dumps(trained(folder, f"{backend}-{count}")))
