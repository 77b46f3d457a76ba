"""`cnnsearch backbones`: every pretrained network, and what one of them is made of."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cnnsearch.commands.backbones import known_backbone, pixels_of, section_of
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.sections.backbones import BACKBONES
from tests.cnnsearch.command_line import CommandLine

SMALL = "mobilenet_2_5_224_tf_no_top.h5"


@pytest.fixture
def keras_home(command_line: CommandLine) -> Path:
    """A Keras home with one file of weights."""
    models = command_line.folder / "keras" / "models"
    models.mkdir(parents=True)
    (models / SMALL).touch()
    command_line.environment["KERAS_HOME"] = str(models.parent)
    return models


def test_the_list_names_every_backbone_and_the_weights_that_are_here(command_line: CommandLine, keras_home: Path):
    command_line.environment["COLUMNS"] = "100"
    out = command_line.good("backbones")
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert set(BACKBONES) <= set(lines)
    assert re.fullmatch(r"mobilenet +3\.23M +86 +32 +alpha 0\.25 0\.5 0\.75 1\.0 +alpha 0\.25 *", lines["mobilenet"])
    assert re.fullmatch(r"inceptionv3 +21\.8M +311 +75 +- *", lines["inceptionv3"])
    assert f"ImageNet weights in {keras_home}:\n  {SMALL}\n" in out
    assert max(map(len, out.splitlines())) <= 100 + len(str(keras_home))


def test_the_list_as_json(command_line: CommandLine, keras_home: Path):
    found = {each["name"]: each for each in json.loads(command_line.good("backbones", "--json"))}
    assert list(found) == list(BACKBONES)
    assert found["mobilenetv3small"]["settings"] == {"alpha": [0.75, 1.0], "minimalistic": [False, True]}
    here = [file for each in found.values() for file in each["imagenet"] if file["here"]]
    assert [(file["settings"], file["file"]) for file in here] == [({"alpha": 0.25}, SMALL)]
    assert here[0]["url"].startswith("https://")


def test_the_list_needs_no_keras():
    code = (
        "import sys; from cnnsearch.commands.backbones import list_backbones; list_backbones(as_json=True); "
        "sys.exit(', '.join({'keras', 'tensorflow', 'optuna'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, stdout=subprocess.DEVNULL)


def test_the_blocks_of_one_are_listed_without_a_word_of_tensorflow(command_line: CommandLine, keras_home: Path):
    done = command_line("backbones", "VGG-16", "--image-size", "96x64")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("vgg16: 14.7M weights, 19 layers, for images of 96 x 64 pixels, at least 32.\n")
    assert re.search(r"^block4 +4 +8 +5\.9M +6 x 4 x 512 +88\.2 %", done.stdout, re.MULTILINE)
    assert "{last: 30} is more than its 19 layers; {last: 19} would be all of them." in done.stdout
    assert f"  {keras_home}/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5\n" in done.stdout


def test_each_layer_is_listed_with_its_place_from_the_end(command_line: CommandLine, keras_home: Path):
    out = command_line.good("backbones", "mobilenet", "--alpha", "0.25", "--layers")
    assert re.search(r"^ *3 +conv_pw_13 +Conv2D +conv_pw_13 +7 x 7 x 256 +65\.5k", out, re.MULTILINE)
    assert re.search(r"^ *86 +input_layer \* +InputLayer", out, re.MULTILINE)
    assert "{last: 30} begins in block conv_dw_9, at layer conv_dw_9_bn." in out
    assert "* Keras numbers these names anew" in out
    assert f"Its ImageNet weights are on this machine:\n  {keras_home / SMALL}\n" in out


def test_one_as_json(command_line: CommandLine):
    found = json.loads(command_line.good("backbones", "vgg16", "--json"))
    assert [block["name"] for block in found["blocks"]] == ["block1", "block2", "block3", "block4", "block5"]
    assert len(found["layers"]) == 19
    assert found["image_size"] == [224, 224]
    assert found["blocks"][0]["trained"] == 1


def test_options_without_a_name_are_a_mistake_of_the_command_line(command_line: CommandLine):
    done = command_line("backbones", "--layers")
    assert done.returncode == 2
    assert "these options ask about one network, got no name" in " ".join(done.stderr.split()).replace("│ ", "")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(CnnSearchError, match=r"^NAME: .* keras\.applications, got 'resnet5'\. Did you mean `resnet50`"):
        known_backbone("resnet5")
    with pytest.raises(CnnSearchError, match=r"got 'alexnet'\. "):
        known_backbone("alexnet")


def test_a_setting_that_it_has_not_is_told():
    with pytest.raises(
        CnnSearchError, match=r"^--alpha: vgg16 has no alpha, got one\. It has no settings of its own\."
    ):
        section_of("vgg16", {"alpha": 0.5})
    with pytest.raises(CnnSearchError, match=r"^--minimalistic: mobilenet has no minimalistic, got one\. It has alpha"):
        section_of("mobilenet", {"minimalistic": True})
    with pytest.raises(
        CnnSearchError, match=r"^--alpha: weights were published for an alpha of 0\.75 or 1\.0, got 0\.3"
    ):
        section_of("mobilenetv3small", {"alpha": 0.3})


def test_an_image_size_that_it_does_not_take_is_told():
    assert pixels_of("vgg16", None) == (224, 224)
    with pytest.raises(CnnSearchError, match=r"xception takes images of 71 pixels or more each way, .* got 71 x 32"):
        pixels_of("xception", "71x32")
    with pytest.raises(CnnSearchError, match=r"^--image-size: .*, got 'big'\. Write 224 or 192x256\."):
        pixels_of("vgg16", "big")
