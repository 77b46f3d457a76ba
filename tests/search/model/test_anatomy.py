"""What is told of a backbone's blocks and layers is what freezing at them does."""

import math

import keras
import pytest

from cnnsearch.search.model.anatomy import anatomy
from cnnsearch.search.model.backbones import backbone_network, blocks_of, freeze
from cnnsearch.search.model.size import outlined
from cnnsearch.spaces.sections.backbones import BACKBONES, Last


def network_of(name: str) -> keras.Model:
    with outlined():
        return backbone_network(name, BACKBONES[name].section(), (96, 96))


def trained(network: keras.Model) -> int:
    return sum(math.prod(weight.shape) for weight in network.trainable_weights)


@pytest.mark.parametrize("name", ["mobilenet", "efficientnetb0", "nasnetmobile", "inceptionv3"])
def test_the_share_that_is_trained_from_a_block_on_is_what_is_left_by_freezing(name: str) -> None:
    network, found = network_of(name), anatomy(name, BACKBONES[name].section(), (96, 96))
    assert [block.name for block in found.blocks] == blocks_of(name, network)
    whole = trained(network)
    for block in found.blocks:
        network.trainable = True
        freeze(name, network, block.name)
        assert block.trained == pytest.approx(trained(network) / whole)


def test_a_place_from_the_end_is_the_number_of_last_layers() -> None:
    network, found = network_of("mobilenet"), anatomy("mobilenet", BACKBONES["mobilenet"].section(), (96, 96))
    layer = found.layer_from_end(30)
    assert (layer.name, layer.last) == (network.layers[-30].name, 30)
    freeze("mobilenet", network, Last(last=30))
    moved = sum(each.trainable for each in found.layers if each.last <= 30)
    assert trained(network) == moved


def test_the_maps_of_a_block_are_those_before_the_padding_for_the_next() -> None:
    found = anatomy("mobilenet", BACKBONES["mobilenet"].section(), (96, 64))
    maps = {block.name: block.maps for block in found.blocks}
    assert maps["conv_pw_1"] == (48, 32, 64)
    assert maps["conv_pw_13"] == (*BACKBONES["mobilenet"].last_maps(96, 64), 1024)
