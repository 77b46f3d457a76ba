"""Early stopping as a configuration asks for it, and what is said of a training that it has ended."""

import keras

from cnnsearch.spaces.document import Configuration, Training


def early_stopping(configuration: Configuration) -> keras.callbacks.EarlyStopping | None:
    """Keras' callback; None where nothing stops the training early."""
    rule = configuration.training.early_stopping
    if rule is None:
        return None
    return keras.callbacks.EarlyStopping(
        monitor=rule.monitor,
        mode=configuration.search.direction(rule.monitor),
        patience=rule.patience,
        min_delta=rule.min_delta,
    )


def stopped_by(training: Training, stopping: keras.callbacks.EarlyStopping | None) -> str:
    """Why the callback has ended a training; empty where it has not, as at the last epoch there is nothing to end."""
    if training.early_stopping is None or stopping is None:
        return ""
    if not 0 < stopping.stopped_epoch < training.epochs - 1:  # counted from 0
        return ""
    return f"no better {training.early_stopping.monitor} for {training.early_stopping.patience} epochs"
