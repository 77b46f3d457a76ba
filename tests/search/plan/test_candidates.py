"""Chance draws, corners and refusals: what stands for a space."""

import itertools

from cnnsearch.search.plan.candidates import chance, completed, corners, highest, lowest, options, refused
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Branch, Choice, FloatRange, IntRange


def test_chance_draws_are_the_same_each_time(wide: Space) -> None:
    first, again = (list(itertools.islice(chance(wide), 5)) for _ in range(2))
    assert first == again
    assert len({tuple(values.items()) for values in first}) > 1


def test_a_space_of_one_point_has_one_draw(fixed: Space) -> None:
    assert list(chance(fixed)) == [{}]


def test_refused_draws_are_counted_by_reason_whatever_their_numbers(wide: Space) -> None:
    draws = list(itertools.islice(chance(wide), 300))
    scratch, vgg = sorted(refused(wide, draws), key=lambda refusal: refusal.example)
    assert "each block must leave a pixel" in scratch.example
    assert "needs images of 32 pixels or more, got data.image_size [8, 8]" in vgg.example
    expected = sum(d["model"] == "vgg16" and d["data.image_size"] == "[8, 8]" for d in draws)
    assert vgg.draws == expected > 50


def test_every_corner_is_a_configuration(wide: Space) -> None:
    found = [completed(wide, fixed, pick) for fixed, pick in corners(wide)]
    assert [values["model"] for values in found] == ["scratch", "scratch", "vgg16", "vgg16"]
    for values in found:
        wide.configuration(values)
    assert [len([n for n in values if ".filters." in n]) for values in found] == [1, 4, 0, 0]
    assert (found[0]["head.dense.0.units"], found[1]["head.dense.0.units"]) == (4, 64)
    assert (found[0]["data.image_size"], found[1]["data.image_size"]) == ("[8, 8]", "[32, 32]")


def test_low_and_high_of_each_kind_of_domain() -> None:
    domains = [Choice((5, 3, 7)), IntRange(2, 9, 3), FloatRange(0.0, 0.5, 0.1), FloatRange(1e-5, 1e-1, None, "log")]
    assert [lowest(domain) for domain in domains] == [3, 2, 0.0, 1e-5]
    assert [highest(domain) for domain in domains] == [7, 8, 0.5, 1e-1]
    assert highest(Choice(([64, 64], [128, 96], [9, 9]))) == "[128, 96]"
    assert options(Branch(("a", "b"))) == ["a", "b"]
    assert options(Choice((True, "none", 2))) == ["none", True, 2]


def test_of_many_options_both_ends_are_tried() -> None:
    found = options(Choice(tuple(range(100))))
    assert len(found) == 12
    assert (found[0], found[-1]) == (0, 99)
