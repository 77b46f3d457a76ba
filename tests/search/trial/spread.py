"""A program: one small trial on two devices that the CPU plays, or on one; prints its epochs and what it left as JSON."""

import json
import os
import sys
from pathlib import Path

backend, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
os.environ.update(KERAS_BACKEND=backend, XLA_FLAGS=f"--xla_force_host_platform_device_count={count}")

if backend == "tensorflow":
    import tensorflow

    cpu = tensorflow.config.list_physical_devices("CPU")[0]
    part = tensorflow.config.LogicalDeviceConfiguration()
    tensorflow.config.set_logical_device_configuration(cpu, [part] * count)

import keras
import numpy as np

from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.records import Objective
from cnnsearch.search.trial.training import TrialJob, run_trial
from cnnsearch.spaces.document import Configuration
from tests.search.trial.parent import Parent

configuration = Configuration.model_validate(
    {
        "data": {"source": "sample:digits", "image_size": [8, 8], "color": "gray"},
        "model": {"scratch": {"blocks": 1, "filters": 4}},
        "optimizer": {"sgd": {"learning_rate": 0.05, "momentum": 0.9}},
        "training": {"epochs": 2, "seed": 5, "batch_size": 100, "steps_per_epoch": 12, "early_stopping": None},
        "search": {"strategy": "data_parallel"},
    }
)
dataset = prepare_dataset(configuration.data, folder)
parent, model = Parent(), folder / f"{backend}-{count}.keras"
objective = Objective.of("val_accuracy")
run_trial(parent, TrialJob(configuration, dataset.reference(), ("train",), "validation", objective, 5, model))
weights = [np.asarray(weight).tolist() for weight in keras.saving.load_model(model).get_weights()]
print(json.dumps({"epochs": parent.epochs, "weights": weights}))
