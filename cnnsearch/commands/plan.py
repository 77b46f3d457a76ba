"""`cnnsearch plan SPACE`: what a search would cost, before it is begun."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cnnsearch import terminal
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.spaces.load import load_space

if TYPE_CHECKING:  # these stand on keras, which is imported when a plan is really made
    from cnnsearch.search.plan.branches import Fork
    from cnnsearch.search.plan.estimate import Range
    from cnnsearch.search.plan.features import FrozenCost
    from cnnsearch.search.plan.forecast import Forecast
    from cnnsearch.search.plan.models import ModelPlan, PhasePlan
    from cnnsearch.search.plan.plan import Plan


def plan(space: str, overrides: Sequence[str], *, as_json: bool, allow_code: bool = False) -> None:
    """Print what a search of a space would cost on this machine.

    Raises:
        CnnSearchError: the space breaks rules of the language, or no model of it can be built for the images.
    """
    found = load_space(space, overrides, allow_code=allow_code)
    start_forkserver()  # it imports keras while this process does
    with _progress() as progress:
        progress("starting")
        with without_native_messages():
            from cnnsearch.search.plan.plan import make_plan
        from cnnsearch.reports.plan import plan_text

        made = make_plan(found, progress=progress)
    if as_json:
        terminal.say(json.dumps(plan_values(made), indent=2, allow_nan=False))
    else:
        terminal.show(plan_text(made))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Something to be told what is done next: a line on a terminal that goes when all is done, else nothing."""
    if not terminal.errors().is_terminal:
        yield lambda _: None
        return
    with terminal.errors().status("") as status:
        yield lambda stage: status.update(terminal.markup(stage))


def plan_values(plan: "Plan") -> dict[str, Any]:
    """The plan as JSON values: seconds, bytes, pixels, shares of 1; null where something is unknown or endless."""
    space = plan.space
    impossible = sum(refusal.draws for refusal in plan.impossible)
    return {
        "space": space.name,
        "parameters": len(space.parameters),
        "configurations": space.cardinality(),
        "branches": [_fork(fork) for fork in plan.forks],
        "classes": plan.classes,
        "images": dict(plan.images) if plan.images is not None else None,
        "draws": {
            "tried": plan.draws,
            "impossible": impossible,
            "share": impossible / plan.draws,
            "reasons": [{"draws": each.draws, "example": each.example} for each in plan.impossible],
        },
        "models": {role: _model(model) for role, model in plan.models.items()},
        "costliest": _model(plan.costliest),
        "built": plan.built,
        "search": _search(plan),
        "frozen": [_frozen(cost) for cost in plan.frozen],
        "forecast": _forecast(plan.forecast) if plan.forecast else None,
        "notes": list(plan.notes),
    }


def _fork(fork: "Fork") -> dict[str, Any]:
    ways = {
        way.name: {
            "parameters": way.parameters,
            "weights": [way.smallest.parameters, way.largest.parameters] if way.smallest and way.largest else None,
            "branches": [_fork(inner) for inner in way.forks],
        }
        for way in fork.ways
    }
    return {"name": fork.name, "branches": ways}


def _model(model: "ModelPlan") -> dict[str, Any]:
    """The keys of a phase beside those of the model are of its first one."""
    return {
        "parameters": model.size.parameters,
        "flops": model.size.flops,
        "bytes": model.size.bytes,
        "memory": model.memory,
        "batch_size": model.batch_size,
        "image_size": list(model.image_size),
        **_phase(model.phases[0], model),
        "epochs": model.epochs,
        "phases": [_phase(phase, model) for phase in model.phases],
        "untimed": model.untimed or None,
        "values": dict(model.values),
    }


def _phase(phase: "PhasePlan", model: "ModelPlan") -> dict[str, Any]:
    measured = phase.measured
    return {
        "trainable": phase.size.trainable,
        "training_flops": phase.size.training_flops,
        "epochs": phase.epochs,
        "on_features": phase.is_fed_features,
        "seconds": {
            "start": measured.start,
            "step": measured.step,
            "epoch": measured.epoch,
            "features_of_an_image": measured.making,
            "timed_batch_size": measured.few or model.batch_size,
            "device": measured.device,
        }
        if measured
        else None,
    }


def _frozen(cost: "FrozenCost") -> dict[str, Any]:
    part = cost.part
    return {
        "network": part.network,
        "layer": part.size.layer,
        "image_size": list(part.image_size),
        "often": cost.often,
        "sets": cost.sets,
        "bytes": cost.bytes,
        "seconds": cost.seconds,
        "share_of_trials": cost.share,
        "why_not_kept": part.why_not or None,
    }


def _search(plan: "Plan") -> dict[str, Any]:
    search = plan.space.document.search
    return {
        "trials": plan.trials,
        "time": search.time,
        "epochs": search.epochs,
        "stop_at": search.stop_at,
        "trial_time": search.trial_time,
        "pruner": search.pruner.kind,
        "slots": [slot.name for slot in plan.slots],
    }


def _forecast(forecast: "Forecast") -> dict[str, Any]:
    return {
        "epoch_seconds": _range(forecast.epoch),
        "start_seconds": forecast.start,
        "error": forecast.error,
        "kept_share": forecast.share,
        "seconds": {"without_pruning": _range(forecast.whole), "with_pruning": _range(forecast.pruned)},
        "trials_in_time": {
            "without_pruning": _range(forecast.whole_in_time),
            "with_pruning": _range(forecast.pruned_in_time),
        },
        "trials_in_epochs": {
            "without_pruning": forecast.whole_in_epochs,
            "with_pruning": forecast.pruned_in_epochs,
        },
        "confirming_seconds": _range(forecast.confirm),
    }


def _range(found: "Range | None") -> list[float] | None:
    return [found.low, found.high] if found else None
