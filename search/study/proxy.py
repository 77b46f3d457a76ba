"""A study behind Optuna's gRPC proxy: hundreds of workers share the proxy's few connections to the database.

The proxy knows neither transactions nor heartbeats. So owners and signs of life are attributes of trials here: a worker
counts, and whoever sees a count stand still for the grace time, by its own clock, puts the trial back in line. That a
trial is its owner's is asked right before each change, not together with it.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import grpc
from optuna.distributions import BaseDistribution
from optuna.storages import GrpcStorageProxy
from optuna.storages._grpc.auto_generated import api_pb2_grpc
from optuna.storages._grpc.client import GrpcClientCache, create_insecure_channel
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL

from cnnsearch.search.study.owners import is_gone, new_token
from cnnsearch.search.study.patience import Away, Patience
from cnnsearch.search.study.quiet import without_experimental_warnings
from cnnsearch.search.study.shared import GRACE, OWNER, Lost, Shared

T = TypeVar("T")
_BEAT = "heartbeat"
"""The system attribute that a worker counts up."""
_PORT = 13000
"""Optuna's own."""
_AWAY_TOLD = ("StorageInternalError", "OperationalError")
"""What the proxy says where its database is away."""


class Proxy(GrpcStorageProxy, Shared):
    """Optuna's proxy for a study that several workers change.

    Args:
        url: grpc://host:port.
        patience: waits where the proxy, or its database, does not answer.
    """

    def __init__(self, url: URL, patience: Patience) -> None:
        self._patience = patience
        self._tokens: dict[int, str] = {}
        self._seen: dict[int, tuple[tuple[Any, Any], float]] = {}
        self._beats = 0
        with without_experimental_warnings():
            super().__init__(host=url.host or "localhost", port=url.port or _PORT)

    def _setup(self) -> None:
        channel = create_insecure_channel(self._host, self._port)
        self._channel = grpc.intercept_channel(channel, _Again(self._patience))
        self._stub = api_pb2_grpc.StorageServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._cache = GrpcClientCache(self._stub)

    def together(self, work: Callable[[], T]) -> T:
        return work()

    def stop_waiting(self) -> None:
        self._patience.stop()

    def tell_with(self, tell: Callable[[str], None]) -> None:
        self._patience.tell = tell

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial_id = super().create_new_trial(study_id, template_trial)
        if template_trial is None or template_trial.state is TrialState.RUNNING:
            self._take(trial_id)
        return trial_id

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        self._check_own(trial_id)
        super().set_trial_param(trial_id, param_name, param_value_internal, distribution)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        self._check_own(trial_id)
        super().set_trial_user_attr(trial_id, key, value)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        self._check_own(trial_id)
        super().set_trial_system_attr(trial_id, key, value)

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        self._check_own(trial_id)
        super().set_trial_intermediate_value(trial_id, step, intermediate_value)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        if state is TrialState.RUNNING:
            done = trial_id not in self._tokens and super().set_trial_state_values(trial_id, state, values)
            if done:
                self._take(trial_id)
            return done
        self._check_own(trial_id)
        if state is TrialState.WAITING:
            super().set_trial_system_attr(trial_id, OWNER, None)
        done = super().set_trial_state_values(trial_id, state, values)
        self._tokens.pop(trial_id, None)
        return done

    def _check_own(self, trial_id: int) -> None:
        """Complain of a trial that belongs to another worker."""
        trial, mine = self.get_trial(trial_id), self._tokens.get(trial_id)
        owner = trial.system_attrs.get(OWNER)
        if owner != mine and not (mine is None and trial.state.is_finished()):
            raise Lost(trial.number)
        self.check_trial_is_updatable(trial_id, trial.state)

    def _take(self, trial_id: int) -> None:
        token = new_token()
        super().set_trial_system_attr(trial_id, OWNER, token)
        self._tokens[trial_id] = token

    def drop(self, trial_id: int) -> None:
        self._tokens.pop(trial_id, None)

    def beat(self) -> list[int]:
        self._beats += 1
        lost = []
        for trial_id, token in dict(self._tokens).items():
            trial = self.get_trial(trial_id)
            if trial.system_attrs.get(OWNER) != token:
                lost.append(trial.number)
            elif trial.state is TrialState.RUNNING:
                super().set_trial_system_attr(trial_id, _BEAT, self._beats)
        return lost

    def take_stale(self, study_id: int, grace: float = GRACE) -> list[int]:
        if self._patience.was_away_within(grace):
            return []
        everyones = self.get_all_trials(study_id, deepcopy=False, states=(TrialState.RUNNING,))
        own = self._own(everyones)
        running = [trial for trial in everyones if trial._trial_id not in own]
        stale = [
            trial for trial in running if self._stands_still(trial, grace) or is_gone(trial.system_attrs.get(OWNER))
        ]
        for trial in stale:
            self._take(trial._trial_id)
        self._seen = {trial._trial_id: self._seen[trial._trial_id] for trial in running if trial not in stale}
        return [trial.number for trial in stale]

    def _own(self, trials: Sequence[FrozenTrial]) -> set[int]:
        """Those of the trials that are this worker's, which lives, though its heartbeats may have waited."""
        return {
            trial._trial_id
            for trial in trials
            if trial._trial_id in self._tokens and trial.system_attrs.get(OWNER) == self._tokens[trial._trial_id]
        }

    def _stands_still(self, trial: FrozenTrial, grace: float) -> bool:
        """Whether a trial has shown no life for so long as this worker has watched it."""
        now, life = time.monotonic(), (trial.system_attrs.get(OWNER), trial.system_attrs.get(_BEAT))
        before, since = self._seen.get(trial._trial_id, (None, now))
        self._seen[trial._trial_id] = (life, since if life == before else now)
        return now - self._seen[trial._trial_id][1] > grace


class _Again(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # grpc is untyped
    """Calls again while the proxy, or its database, is away."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:  # noqa: ANN401
        def call() -> Any:  # noqa: ANN401
            answer = continuation(details, request)
            code, told = answer.code(), answer.details() or ""
            if code is grpc.StatusCode.UNAVAILABLE or (
                code is grpc.StatusCode.UNKNOWN and any(mark in told for mark in _AWAY_TOLD)
            ):
                raise Away(told)
            return answer

        return self._patience.patiently(call)
