"""Where KerasTuner would keep an oracle's state in files of its own: the study has it, so nothing is written."""

import threading
from typing import Any

import keras_tuner
from keras_tuner.engine import hyperparameters as kt_parameters
from keras_tuner.engine.trial import Trial

from cnnsearch.search.study.study import TrialStudy

_SPACE = "space"
"""The study's attribute that holds the parameters which KerasTuner has found."""


class StateInStudy(keras_tuner.Oracle):  # type: ignore[misc]  # KerasTuner is untyped
    """An oracle whose state is in an Optuna study.

    Attributes:
        study: has it.
    """

    study: TrialStudy
    _lock: threading.RLock

    def save(self) -> None:
        """Nothing: the study is stored already."""

    def update_space(self, hyperparameters: keras_tuner.HyperParameters) -> None:
        """Take over new parameters, and keep the space in the study where it has grown."""
        with self._lock:
            known = len(self.hyperparameters.space)
            super().update_space(hyperparameters)
            if len(self.hyperparameters.space) > known:
                self.study.set_attribute(_SPACE, self.hyperparameters.get_config())

    def reload(self) -> None:
        """Take over the space of the earlier sessions; the constructor has read the trials.

        A KerasTuner tuner calls this where its project's folder exists, and then does not look for the space itself.
        """
        self.hyperparameters.merge(self.all_found(), overwrite=False)

    def all_found(self) -> keras_tuner.HyperParameters:
        """All parameters that this session or an earlier one has found, each once."""
        found, kept = self.hyperparameters.copy(), self.study.attribute(_SPACE)
        if kept:
            found.merge(keras_tuner.HyperParameters.from_config(kept), overwrite=False)
        return found

    def _save_trial(self, trial: Trial) -> None:
        """Nothing: the study has it."""

    def get_state(self) -> dict[str, Any]:
        """Nothing but the space: the study has the rest."""
        return {"hyperparameters": self.hyperparameters.get_config()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take over a space."""
        self.hyperparameters = kt_parameters.HyperParameters.from_config(state["hyperparameters"])
