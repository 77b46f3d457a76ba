"""Plans of small real spaces: models are built and timed in real processes."""

from pathlib import Path

import pytest

from cnnsearch.search.datasets import Datasets
from cnnsearch.search.plan.forecast import loads_of
from cnnsearch.search.plan.models import ModelPlan
from cnnsearch.search.plan.plan import ASSUMED_CLASSES, Plan, make_plan
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space
from tests.search.plan.conftest import FIXED, WIDE

pytestmark = pytest.mark.usefixtures("forkserver")


@pytest.fixture(scope="module")
def plan(forkserver: None, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The plan of a space with one branch, whose models are far apart."""
    text = WIDE.replace("    vgg16: {weights: null, trainable_from: none}\n", "").replace("[32, 32]", "[16, 16]")
    return make_plan(loads_space(text, "wide"), tmp_path_factory.mktemp("cache"))


def is_timed(model: ModelPlan) -> bool:
    return all(phase.measured for phase in model.phases)


def test_the_smallest_and_the_largest_are_found_whatever_chance_draws(plan: Plan) -> None:
    small, large = plan.models["smallest"], plan.models["largest"]
    assert small.size.parameters < plan.models["median"].size.parameters < large.size.parameters
    # One 3 x 3 convolution to 2 filters, 4 units, 10 classes.
    assert small.size.parameters == (9 * 2 + 2) + (2 * 4 + 4) + (4 * 10 + 10)
    # Flattened after the one block that is left: 8 x 8 x 32 values to 64 units.
    assert large.values["model.scratch.blocks"] == 1
    assert large.size.parameters == (9 * 32 + 32) + (8 * 8 * 32 * 64 + 64) + (64 * 10 + 10)


def test_the_largest_is_slower_than_the_smallest_and_times_make_ranges(plan: Plan) -> None:
    small, large = plan.models["smallest"].phases[0].measured, plan.costliest.phases[0].measured
    assert small is not None
    assert large is not None
    assert 0 < small.step < large.step
    assert small.device == "cpu"
    forecast = plan.forecast
    assert forecast is not None
    assert 0 < forecast.epoch.low < forecast.epoch.high
    assert forecast.pruned.low < forecast.whole.low < forecast.whole.high
    assert forecast.whole_in_time is not None
    assert forecast.whole_in_time.low >= 1
    assert 0 < forecast.share < 1


def test_branches_and_impossible_draws_are_told(plan: Plan) -> None:
    optimizer = next(fork for fork in plan.forks if fork.name == "optimizer")
    assert [(way.name, way.parameters) for way in optimizer.ways] == [("adam", 1), ("sgd", 0)]
    assert 0 < sum(refusal.draws for refusal in plan.impossible) < plan.draws
    assert plan.images == {"train": 1259, "validation": 362, "test": 176}
    assert plan.classes == 10


def test_a_fixed_configuration_is_one_model_and_one_trial(fixed: Space, tmp_path: Path) -> None:
    found = make_plan(fixed, tmp_path)
    assert found.models["smallest"] == found.models["median"] == found.models["largest"] == found.costliest
    assert found.models["median"].size.parameters == (9 * 4 + 4) + (4 * 4 * 4 * 10 + 10)
    assert (found.trials, found.forks, found.impossible) == (1, (), ())
    assert found.forecast is not None
    assert found.forecast.share == 1
    assert is_timed(found.models["median"])


def test_without_images_sizes_are_planned_and_nothing_is_timed(wide: Space, tmp_path: Path) -> None:
    space = loads_space(WIDE.replace("sample:digits", "nowhere"), "wide")
    found = make_plan(space, tmp_path)
    assert (found.images, found.forecast, found.classes) == (None, None, ASSUMED_CLASSES)
    assert not is_timed(found.models["largest"])
    assert found.models["largest"].values["model"] == "vgg16"
    assert found.models["largest"].size.trainable < 14_000_000 < found.models["largest"].size.parameters
    (note,) = found.notes
    assert "nowhere" in note
    assert "nothing is timed" in note


def test_missing_weights_are_told_and_do_not_stop_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNSEARCH_OFFLINE", "1")
    text = FIXED.replace("scratch: {blocks: 1, filters: 4}", "mobilenet: {alpha: 0.25}").replace("[8, 8]", "[32, 32]")
    found = make_plan(loads_space(text.replace("sample:digits", "nowhere"), "transfer"), tmp_path)
    assert any("the ImageNet weights are not on this machine" in note for note in found.notes)
    assert found.models["median"].size.parameters > 200_000


def test_a_head_that_does_not_fit_the_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match=r"head.output: a sigmoid output is one unit .* got 10 classes"):
        make_plan(loads_space(FIXED + "head: {output: sigmoid}\n", "fixed"), tmp_path)


def test_a_space_without_a_possible_model_is_refused_with_the_reason(tmp_path: Path) -> None:
    text = FIXED.replace("scratch: {blocks: 1, filters: 4}", "mobilenet: {weights: null, trainable_from: conv_pw_99}")
    with pytest.raises(CnnSearchError, match=r"model\.mobilenet\.trainable_from: it is none, all, .*got 'conv_pw_99'"):
        make_plan(loads_space(text.replace("[8, 8]", "[32, 32]"), "impossible"), tmp_path)


@pytest.mark.parametrize(
    "how",
    [
        "training: {label_smoothing: 0.1, ema: 0.9, batch_size: 64}",
        "training: {loss: focal, class_weights: balanced, batch_size: 64}",
        "augment: {mixup: 0.2, cutmix: 0.2}",
    ],
)
def test_models_are_timed_on_the_targets_that_they_are_trained_on(how: str, tmp_path: Path) -> None:
    found = make_plan(loads_space(f"{FIXED.replace('training: {epochs: 2}', '')}{how}", "fixed"), tmp_path)
    assert (found.costliest.untimed, found.notes) == ("", ())
    assert is_timed(found.costliest)


def test_an_epoch_of_few_steps_is_forecast_as_short(tmp_path: Path) -> None:
    text = FIXED.replace("epochs: 2", "batch_size: 2, steps_per_epoch: 3")
    model, dataset = make_plan(loads_space(text, "fixed"), tmp_path).costliest, Datasets(tmp_path)
    (load,) = loads_of(model, dataset.first_of(loads_space(text, "fixed")))
    assert load.steps == 3
