"""How images shrink through a network."""

import pytest

from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.shapes import ImpossibleConfiguration, feature_maps

TEXT = "data: {source: x, image_size: %s}\nmodel: {%s}\n"


def maps(image_size: object, model: str, values: dict[str, int] | None = None) -> list[tuple[int, int]]:
    """The feature maps of a configuration."""
    return feature_maps(loads_space(TEXT % (image_size, model), "s").configuration(values or {}))


def test_the_classic_network_of_three_valid_convs_ends_at_17_pixels():
    assert maps(150, "scratch: {blocks: 3, padding: valid}") == [(74, 74), (36, 36), (17, 17)]


def test_same_padding_keeps_the_size_and_no_pool_does_too():
    assert maps([30, 20], "scratch: {blocks: 2, pool: [none, max], convs: 3}") == [(30, 20), (15, 10)]


def test_a_backbone_ends_at_a_thirty_second():
    assert maps([100, 64], "vgg16: {}") == [(3, 2)]


def test_a_drawn_network_that_leaves_no_pixel_is_impossible():
    text = "scratch: {blocks: {int: [2, 6]}, padding: valid}"
    assert maps(16, text, {"model.scratch.blocks": 2}) == [(7, 7), (2, 2)]
    with pytest.raises(
        ImpossibleConfiguration, match=r"block 3 takes a map of 2 x 2 and leaves none .*Use larger images"
    ):
        maps(16, text, {"model.scratch.blocks": 6})


def test_a_drawn_image_too_small_for_a_backbone_is_impossible():
    space = loads_space(TEXT % ("{int: [16, 64], step: 16}", "vgg16: {}"), "s")
    with pytest.raises(ImpossibleConfiguration, match=r"model\.vgg16: needs images of 32 pixels or more, .*\[16, 16\]"):
        feature_maps(space.configuration({"data.image_size": 16}))


@pytest.mark.parametrize(
    "model",
    [
        "scratch: {blocks: 6}",
        "scratch: {blocks: {int: [5, 8]}, padding: valid}",
        "scratch: {blocks: 2, padding: [valid, valid], kernel_size: {choice: [9, 31]}}",
        "choice: {scratch: {blocks: 1}, mobilenet: {}}",
    ],
)
def test_a_branch_that_no_draw_can_build_is_refused(model: str):
    with pytest.raises(SpaceError, match=r"s\.yaml:2:\d+: `model\.(scratch|mobilenet)`: .*got.* Use larger images"):
        loads_space(TEXT % ("[24, 24]", model), "s")


@pytest.mark.parametrize(
    "model",
    [
        "scratch: {blocks: {int: [4, 8]}}",
        "scratch: {blocks: 8, pool: {choice: [max, none]}}",
        "scratch: {blocks: 2, padding: {choice: [valid, same]}, kernel_size: 31}",
        "scratch: {blocks: 2, padding: valid, kernel_size: {int: [3, 31]}}",
    ],
)
def test_a_space_of_which_some_draws_can_be_built_is_valid(model: str):
    assert loads_space(TEXT % ("[24, 24]", model), "s").parameters
