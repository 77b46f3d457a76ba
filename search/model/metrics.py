"""The metrics that a space asks for by name, from class numbers or shares and from the outputs of any head.

Keras' metrics differ in the form of what they compare. Here each gets the form that it wants, so that a trial with a
sigmoid and one with a softmax, with or without smoothed labels, are measured alike.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from cnnsearch.spaces.errors import CnnSearchError

_COMPILED = ("val_accuracy", "val_loss")
"""What every model is measured by anyway."""
_EACH_CLASS = ("categorical", "top_k", "f1", "f_beta", "kl_divergence", "cosine", "poisson", "pearson", "concordance")
"""How the names of metrics begin that want a column for each class, of two classes, too."""


def asked_metrics(names: Sequence[str], classes: int) -> list[keras.metrics.Metric]:
    """A metric for each of these names, such as `val_macro_f1` or `val_precision`, that Keras does not log by itself.

    Raises:
        CnnSearchError: Keras knows no such metric, or it cannot be made without arguments.
    """
    return [_metric(name.removeprefix("val_"), classes) for name in names if name not in _COMPILED]


def _metric(name: str, classes: int) -> keras.metrics.Metric:
    if name == "macro_f1":
        return MacroF1(classes)
    if name == "auc":
        several = {"multi_label": True, "num_labels": classes} if classes > 2 else {}
        return Compared(keras.metrics.AUC(name=name, **several), name, classes)
    if name in ("f1_score", "f_beta_score"):
        config = {"class_name": _class_name(name), "config": {"average": "macro"}}
        return Compared(keras.metrics.deserialize(config), name, classes)
    try:
        return Compared(keras.metrics.get(name), name, classes)
    except (TypeError, ValueError) as error:
        raise CnnSearchError(
            f"val_{name}: a metric of keras.metrics that needs no argument is named, got {error}. Name another."
        ) from error


def _class_name(name: str) -> str:
    return {"f1_score": "F1Score", "f_beta_score": "FBetaScore"}[name]


def class_shares(targets: Any, classes: int) -> Any:  # noqa: ANN401 - any tensor
    """Targets as a share for each class, (batch, classes), from class numbers (batch,), or shares of one unit or more.

    One column is the share of the second of two classes where there are two classes.
    """
    targets = ops.convert_to_tensor(targets)
    if len(targets.shape) == 1:
        return ops.one_hot(ops.cast(targets, "int32"), classes, dtype="float32")
    targets = ops.cast(targets, "float32")
    return ops.concatenate([1 - targets, targets], axis=-1) if targets.shape[-1] == 1 else targets


@keras.saving.register_keras_serializable("cnnsearch")
class Compared(keras.metrics.Metric):  # type: ignore[misc]  # keras has no types
    """One of Keras' metrics, given what it wants to compare.

    With two classes most metrics compare the probability of the second class; with more, or where they want it, a
    column for each class.
    """

    def __init__(self, metric: keras.metrics.Metric, name: str, classes: int) -> None:
        super().__init__(name=name)
        self._inner, self._classes = metric, classes

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401, ARG002
        """Count a batch; validation images all count the same."""
        truth, found = class_shares(y_true, self._classes), class_shares(y_pred, self._classes)
        if self.name.startswith("sparse"):
            truth = ops.argmax(truth, axis=-1)
        elif self._classes == 2 and not self.name.startswith(_EACH_CLASS):
            truth, found = truth[:, 1:], found[:, 1:]
        self._inner.update_state(truth, found)

    def result(self) -> Any:  # noqa: ANN401 - any tensor
        """The metric so far."""
        return self._inner.result()

    def reset_state(self) -> None:
        """Forget all batches."""
        self._inner.reset_state()


@keras.saving.register_keras_serializable("cnnsearch")
class MacroF1(keras.metrics.F1Score):  # type: ignore[misc]  # keras has no types
    """The mean of the F1 scores of the classes that occur, each by the most probable class of an image.

    A class that neither is there nor is predicted has none: Keras' own would count it as 0, scikit-learn leaves it out.
    """

    def __init__(self, classes: int, name: str = "macro_f1") -> None:
        super().__init__(average=None, name=name)
        self._classes = classes

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401, ARG002
        """Count a batch."""
        truth = ops.argmax(class_shares(y_true, self._classes), axis=-1)
        taken = ops.argmax(class_shares(y_pred, self._classes), axis=-1)
        kind = {"num_classes": self._classes, "dtype": "float32"}
        super().update_state(ops.one_hot(truth, **kind), ops.one_hot(taken, **kind))

    def result(self) -> Any:  # noqa: ANN401 - any tensor
        """The mean so far."""
        occurs = self.true_positives + self.false_positives + self.false_negatives > 0
        scores = ops.where(occurs, super().result(), 0.0)
        return ops.sum(scores) / ops.maximum(ops.sum(ops.cast(occurs, "float32")), 1.0)
