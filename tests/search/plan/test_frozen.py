"""Plans of frozen backbones: what is kept of them, how large it is, and that the search takes as long as was said."""

from pathlib import Path

import pytest

from cnnsearch.search.dataset.cache.naming import FEATURES_FILE
from cnnsearch.search.plan.frozen import FrozenPart
from cnnsearch.search.plan.measure import sizes_of
from cnnsearch.search.plan.models import ModelPlan, models_of
from cnnsearch.search.plan.plan import Plan, make_plan
from cnnsearch.search.run import Request, run_search
from cnnsearch.spaces.load import loads_space

pytestmark = pytest.mark.usefixtures("forkserver")
SMALL = """\
data: {source: "sample:digits", image_size: [32, 32], color: gray}
model: {mobilenet: {weights: null, alpha: 0.25, trainable_from: none}}
head: {pooling: average, dense: [8]}
training: {epochs: 4}
search: {trials: 3}
"""
TRAIN, VALIDATION = 1259, 362
FILTERS = 256
"""Of the last maps of MobileNet with alpha 0.25."""


def built(text: str) -> ModelPlan:
    """The only model of a space, in outline."""
    space = loads_space(text, "small")
    return models_of(space, sizes_of(space, classes=10))[0]


def part_of(model: ModelPlan) -> FrozenPart:
    """The frozen part of a model's first phase."""
    part = model.phases[0].frozen
    if part is None:
        raise ValueError("a model has a frozen part, got none")
    return part


def test_a_frozen_network_is_no_work_in_any_step_and_its_pooled_features_are_kept() -> None:
    model = built(SMALL)
    part, phase = part_of(model), model.phases[0]
    assert (part.network, part.size.layer, part.row_bytes) == ("mobilenet", "pooling", 4 * FILTERS)
    assert phase.flops == 2 * (FILTERS * 8 + 8 * 10) == phase.size.flops - part.size.flops
    # The first dense layer has no gradient to pass on.
    assert phase.size.training_flops == 2 * (2 * FILTERS * 8 + 3 * 8 * 10)
    assert model.memory > 64 * part.size.activations


@pytest.mark.parametrize(
    ("how", "copies", "views", "own"),
    [
        ("", 0, 1, False),
        ("augment: {horizontal_flip: true}", 0, 2, False),
        ("augment: {horizontal_flip: true}\nevaluation: {flip: true}", 0, 2, False),
        ("augment: {rotation: 0.1}", 4, 1, False),
        ("augment: {rotation: 0.1, views: 3}\nevaluation: {flip: true, crops: 5}", 3, 10, False),
        ("augment: {rotation: {float: [0.05, 0.1]}}", 4, 1, True),
        ("augment: {rotation: {choice: [0.05, 0.1]}}", 4, 1, False),
    ],
)
def test_copies_and_views_are_kept_once_for_all_trials_that_share_them(
    how: str, copies: int, views: int, own: bool
) -> None:
    part = part_of(built(SMALL + how))
    assert part.is_kept
    assert (len(part.copies), len(part.views), part.own) == (copies, views, own)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("augment: {rotation: 0.1, views: 0}", "augment.views is 0"),
        ("augment: {mixup: 0.2}", "augment.mixup blends images anew in every batch"),
    ],
)
def test_what_cannot_be_kept_runs_in_every_step_and_says_why(how: str, why: str) -> None:
    model = built(SMALL + how)
    part = part_of(model)
    assert not part.is_kept
    assert part.why_not == why
    assert model.phases[0].size.training_flops > part.size.flops


def test_half_precision_takes_half_the_room() -> None:
    assert part_of(built(SMALL.replace("alpha", "features: float16, alpha"))).row_bytes == 2 * FILTERS


def test_two_phases_are_told_apart_by_what_they_train() -> None:
    tuned = "fine_tune: {trainable_from: {last: 10}, epochs: 3}, alpha"
    model = built(SMALL.replace("alpha", tuned))
    head, tuning = model.phases
    assert (head.epochs, tuning.epochs, model.epochs) == (4, 3, 7)
    assert head.size.trainable < tuning.size.trainable
    assert head.size.training_flops < tuning.size.training_flops
    assert head.kind != tuning.kind


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a plan keeps what it may keep."""
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(scope="module")
def plan(forkserver: None, caches: Path) -> Plan:
    """The plan of a search on a frozen network."""
    return make_plan(loads_space(SMALL.replace("[8]", "[{units: {choice: [8, 16]}}]"), "small"), caches)


def test_the_features_of_a_search_are_told_with_their_bytes_and_seconds(plan: Plan) -> None:
    (cost,) = plan.frozen
    assert (cost.often, cost.sets, cost.share) == ("once", 1, 1)
    assert cost.bytes == (TRAIN + VALIDATION) * 4 * FILTERS
    assert cost.seconds is not None
    assert cost.seconds > 0


def test_a_plan_leaves_no_features_behind(plan: Plan, caches: Path) -> None:
    assert plan.forecast is not None
    assert [path for path in caches.rglob("*") if path.name == FEATURES_FILE] == []


@pytest.mark.nightly
@pytest.mark.parametrize("tuned", ["", "fine_tune: {trainable_from: {last: 10}, epochs: 4}, "])
def test_a_search_on_features_takes_as_long_as_was_planned(tuned: str, tmp_path: Path) -> None:
    text = SMALL.replace("alpha", f"{tuned}alpha").replace("trials: 3", "trials: 3, pruner: none")
    space = loads_space(text.replace("[8]", "[{units: {choice: [8, 16]}}]"), "small")
    before = make_plan(space, tmp_path / "cache").forecast
    trials = run_search(Request(space, tmp_path / "runs", "small", cache=tmp_path / "cache")).trials
    after = make_plan(space, tmp_path / "cache").forecast  # what else the machine does may have changed meanwhile
    assert before is not None
    assert after is not None
    low, high = min(before.whole.low, after.whole.low), max(before.whole.high, after.whole.high)
    assert low / 2 < sum(trial.seconds or 0.0 for trial in trials) < high * 2
