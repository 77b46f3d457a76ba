"""What a person reads of a plan: the space, its branches, its models, and what the search will take."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cnnsearch.reports.terminal import safe
from cnnsearch.reports.wording import configuration, counted, time_text
from cnnsearch.search.plan.branches import Fork, Way
from cnnsearch.search.plan.candidates import shapes_model
from cnnsearch.search.plan.estimate import Range
from cnnsearch.search.plan.features import FrozenCost
from cnnsearch.search.plan.forecast import Forecast
from cnnsearch.search.plan.measure import Measured
from cnnsearch.search.plan.models import ModelPlan, PhasePlan
from cnnsearch.search.plan.plan import Plan
from cnnsearch.spaces.duration import format_duration
from cnnsearch.spaces.rungs import rungs_of

_MOST_FROZEN = 6
"""Frozen parts that have a line of their own."""
_SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def quantity(value: float, unit: str = "") -> str:
    """A number in three digits with its unit: 553,000,000 `B` gives `553 MB`, 1,234,567 gives `1.23 M`."""
    for size, scale in _SCALES:
        if value >= 0.9995 * size:  # what three digits would round up belongs to the larger unit
            return f"{_three_digits(value / size)} {scale}{unit}"
    return f"{value:.0f} {unit}".rstrip()


def _three_digits(number: float) -> str:
    return f"{number:.3g}" if number < 999.5 else f"{number:.0f}"


def seconds_text(seconds: float | None) -> str:
    """A time: `12 ms`, `8.4s`, `1m20s`, `3h5m`, `2d4h`; an estimate of hours tells no seconds."""
    if seconds is not None and seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    for longer, grain in ((86_400, 3600), (3600, 60)):
        if seconds is not None and seconds >= longer:
            return time_text(round(seconds / grain) * grain)
    return time_text(seconds)


def plan_text(plan: Plan) -> RenderableType:
    """The whole plan."""
    parts: list[RenderableType] = [_headline(plan), _draws(plan)]
    if plan.forks:
        parts += [Text(), _branches(plan.forks)]
    parts += [Text(), _models(plan), *_remarks(plan)]
    if plan.frozen:
        parts += [Text(), *_frozen(plan)]
    if plan.forecast:
        parts += [Text(), *_forecast(plan, plan.forecast)]
    return Group(*parts, *(safe(f"note: {note}", "yellow") for note in plan.notes))


def _headline(plan: Plan) -> Text:
    space = plan.space
    line = Text().append_text(safe(space.name, "bold"))
    if not space.parameters:
        return line.append(": nothing is searched, it is one configuration.")
    always = sum(not parameter.conditions for parameter in space.parameters)
    count, configurations = len(space.parameters), space.cardinality()
    kind = "distinct configuration"
    many = f"infinitely many {kind}s" if configurations is None else counted(configurations, kind)
    return line.append(f": {counted(count, 'searched value')}, {always} of them in every trial; {many}.")


def _draws(plan: Plan) -> Text:
    impossible = sum(refusal.draws for refusal in plan.impossible)
    line = Text()
    if plan.space.parameters:
        colon = ":" if impossible else "."
        line.append(
            f"{impossible} of {plan.draws} chance draws ({impossible / plan.draws:.0%}) are impossible{colon}\n"
        )
    for refusal in plan.impossible[:3]:
        line.append(f"  {refusal.draws} such as: ").append_text(safe(refusal.example, "yellow")).append("\n")
    return line.append(f"Models are built for {_classes(plan)}.")


def _classes(plan: Plan) -> str:
    if plan.images is None:
        return f"{plan.classes} classes (assumed)"
    counts = ", ".join(f"{count:,} {part}" for part, count in plan.images.items())
    return f"{plan.classes} classes, {counts} images"


def _branches(forks: Sequence[Fork]) -> Table:
    table = _table()
    for name in ("branches", "searched values", "weights"):
        table.add_column(name, justify="left" if name == "branches" else "right")
    for depth, name, way in _rows(forks, 0):
        searched = str(way.parameters) if way else ""
        table.add_row(safe("  " * depth + name, "" if way else "bold"), searched, _weights(way))
    return table


def _rows(forks: Sequence[Fork], depth: int) -> Iterator[tuple[int, str, Way | None]]:
    for fork in forks:
        yield depth, fork.name, None
        for way in fork.ways:
            yield depth + 1, way.name, _shaped(fork, way)
            yield from _rows(way.forks, depth + 2)


def _shaped(fork: Fork, way: Way) -> Way:
    """The way without sizes where the choice does not shape the model."""
    return way if shapes_model(fork.name) else Way(way.name, way.parameters, None, None, way.forks)


def _weights(way: Way | None) -> str:
    if way is None or way.smallest is None or way.largest is None:
        return ""
    low, high = quantity(way.smallest.parameters), quantity(way.largest.parameters)
    return low if low == high else f"{low} to {high}"


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), header_style="dim")


_ROWS: dict[str, Callable[[ModelPlan], str]] = {
    "weights": lambda model: quantity(model.size.parameters),
    "trained weights": lambda model: _each(model, lambda phase: quantity(phase.size.trainable)),
    "one image, forward": lambda model: quantity(model.size.flops, "FLOPs"),
    "memory of a batch": lambda model: quantity(model.memory, "B"),
    "exported file": lambda model: quantity(model.size.bytes, "B"),
    "images": lambda model: f"{model.image_size[0]} x {model.image_size[1]}",
    "batch": lambda model: str(model.batch_size),
    "one step": lambda model: _each(model, lambda phase: _timed(phase, lambda measured: measured.step)),
    "one epoch": lambda model: _each(model, lambda phase: _timed(phase, lambda measured: measured.epoch)),
}


def _each(model: ModelPlan, cell: Callable[[PhasePlan], str]) -> str:
    """What is to be said of each phase; once where it is the same."""
    return ", then ".join(dict.fromkeys(map(cell, model.phases)))


def _timed(phase: PhasePlan, part: Callable[[Measured], float]) -> str:
    if phase.measured is None:
        return "-"
    return ("~" if phase.measured.few else "") + seconds_text(part(phase.measured))


def _shown(plan: Plan) -> dict[str, ModelPlan]:
    """The models by the names they have here; one that several roles fall together in stands once."""
    if not plan.space.parameters:
        return {"the one model": plan.models["median"]}
    models = dict(plan.models)
    if all(plan.costliest.values != model.values for model in models.values()):
        models["most FLOPs"] = plan.costliest
    return models


def _models(plan: Plan) -> Table:
    models = _shown(plan)
    table = _table()
    table.add_column("model", no_wrap=True)
    for role in models:
        table.add_column(role, justify="right", no_wrap=True)
    for name, cell in _ROWS.items():
        table.add_row(name, *map(cell, models.values()))
    return table


def _remarks(plan: Plan) -> list[Text]:
    """The models' configurations, what the numbers mean, and which of them are missing."""
    models = _shown(plan)
    lines = [safe(f"{role}: {configuration(model.values)}") for role, model in models.items() if model.values]
    lines.append(Text("FLOPs: a multiply-add counts two. Memory: weights, gradients, and maps of the batch.", "dim"))
    if any(phase.measured and phase.measured.few for model in models.values() for phase in model.phases):
        lines.append(Text("~: from steps with a few images; whole batches take too long to be timed.", "dim"))
    failed = [(role, model.untimed) for role, model in models.items() if model.untimed]
    return lines + [safe(f"{role}: cannot be timed here, {reason}", "red") for role, reason in failed]


def _frozen(plan: Plan) -> list[Text]:
    """What the frozen parts of networks cost, the dearest first."""
    lines = [safe(_of_features(cost) if cost.bytes else _of_epochs(cost)) for cost in plan.frozen[:_MOST_FROZEN]]
    if len(plan.frozen) > _MOST_FROZEN:
        lines.append(Text(f"and of {len(plan.frozen) - _MOST_FROZEN} more frozen parts, which take less"))
    kept = sum(cost.bytes_in(plan.trials) for cost in plan.frozen)
    if kept and (len(plan.frozen) > 1 or plan.frozen[0].often == "each trial"):
        lines.append(Text(f"features in all: {quantity(kept, 'B')} in the cache"))
    return lines


def _of_features(cost: FrozenCost) -> str:
    """Such as `features: 92 MB for mobilenet at 128 px up to conv_pw_13_relu, about 12s once`."""
    sets = f", in {cost.sets} sets" if cost.sets > 1 else ""
    why = " (augment is drawn from a range)" if cost.often == "each trial" else ""
    about = f", about {seconds_text(cost.seconds)} " if cost.seconds is not None else ", "
    often = {"once": "once", "each trial": "in each trial"}.get(cost.often, "")
    return f"features: {quantity(cost.bytes, 'B')} for {_place(cost)}{about}{often}{sets}{why}"


def _of_epochs(cost: FrozenCost) -> str:
    about = f"about {seconds_text(cost.seconds)} of" if cost.seconds is not None else "its share of"
    return f"features: none kept for {_place(cost)}, as {cost.part.why_not}; it takes {about} each epoch"


def _place(cost: FrozenCost) -> str:
    height, width = cost.part.image_size
    pixels = f"{height}" if height == width else f"{height} x {width}"
    return f"{cost.part.network} at {pixels} px up to {cost.part.size.layer}"


def _forecast(plan: Plan, forecast: Forecast) -> list[RenderableType]:
    search = plan.space.document.search
    slots = ", ".join(slot.name for slot in plan.slots)
    lines = [
        f"On {slots} an epoch takes {_between(forecast.epoch, seconds_text)}, and each {_begun(plan)} "
        f"{seconds_text(forecast.start)} before its first."
    ]
    table = _table()
    table.add_column("")
    epochs = "" if search.epochs is None else f" or {counted(search.epochs, 'epoch')}"
    table.add_column(f"{counted(plan.trials, 'trial')}{epochs}", justify="right")
    if search.time is not None:
        table.add_column(f"in {format_duration(search.time)}", justify="right")
    if search.epochs is not None:
        table.add_column(f"in {counted(search.epochs, 'epoch')}", justify="right")
    table.add_row(*_row("without pruning", forecast.whole, forecast.whole_in_time, forecast.whole_in_epochs))
    rungs = len(rungs_of(search))
    if forecast.share != 1:
        pruned = forecast.pruned, forecast.pruned_in_time, forecast.pruned_in_epochs
        climbing = f" on {rungs} rungs" if rungs else ""
        table.add_row(*_row(f"with {search.pruner.kind} pruning{climbing}", *pruned))
    assumed = [f"a model may take {forecast.error:.0%} more or less", "early stopping only shortens this"]
    if forecast.share != 1:
        by_work = ", counted by their work" if rungs else ""
        made = f"trials make about {forecast.share:.0%} of their epochs{by_work}"
        assumed.insert(1, f"under {search.pruner.kind} {made}")
    if search.stop_at is not None:
        assumed.append(f"no trial reaches {search.goals[0].metric} {search.stop_at:g}, which ends the search")
    return [Text(lines[0]), table, *_confirming(plan, forecast), Text(f"Assumed: {'; '.join(assumed)}.", style="dim")]


def _confirming(plan: Plan, forecast: Forecast) -> list[Text]:
    search = plan.space.document.search
    if search.confirm is None or forecast.confirm is None:
        return []
    top = min(search.confirm.top, plan.trials)
    best = "the best trial" if top == 1 else f"the best {top} trials"
    seeds = counted(search.confirm.seeds, "new seed")
    kept = f"; {format_duration(search.time)} has room for it" if search.time is not None else ", on top of that"
    return [Text(f"Confirming {best} with {seeds} takes {_between(forecast.confirm, seconds_text)}{kept}.")]


def _begun(plan: Plan) -> str:
    """What has a first epoch: a trial, or each of its phases."""
    return "phase of a trial" if any(len(model.phases) > 1 for model in plan.models.values()) else "trial"


def _row(name: str, whole: Range, within: Range | None, in_epochs: int | None) -> list[str]:
    fitting = [f"{_between(within, lambda count: f'{count:.0f}')} trials"] if within else []
    fitting += [counted(in_epochs, "trial")] if in_epochs is not None else []
    return [name, _between(whole, seconds_text), *fitting]


def _between(found: Range, text: Callable[[float], str]) -> str:
    low, high = text(found.low), text(found.high)
    return low if low == high else f"{low} to {high}"
