"""`cnnsearch init`: a first space for images of many kinds, valid as it stands."""

from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from cnnsearch.commands.init import default_file, init
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.dataset.survey import survey
from cnnsearch.search.proposal import proposed_space
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.load import load_space, loads_space
from cnnsearch.spaces.phases import tunings
from cnnsearch.spaces.points import first_trials
from cnnsearch.spaces.reading.nodes import read_nodes
from cnnsearch.spaces.schema.space_schema import space_schema
from cnnsearch.spaces.space import Space
from tests.cnnsearch.command_line import CommandLine

VALIDATOR = Draft202012Validator(space_schema())


def images(root: Path, counts: dict[str, int], shape: tuple[int, ...] = (40, 48, 3)) -> str:
    """A folder of small noisy pictures (height, width, 3) or (height, width)."""
    source = np.random.default_rng(0)
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(source.integers(0, 256, shape, dtype=np.uint8)).save(root / name / f"{number}.png")
    return str(root)


def made(source: str, out: Path) -> tuple[Space, str]:
    """The space that `init` writes, loaded and valid by the schema, and its text."""
    init(source, str(out))
    text = out.read_text(encoding="utf-8")
    root, _ = read_nodes(text, "x")
    assert root is not None
    assert [error.message for error in VALIDATOR.iter_errors(root.plain())] == []
    assert max(map(len, text.splitlines())) <= 120 + len(source)
    space = load_space(out)
    assert len(first_trials(space)) == len(list(leaves(space.document.model, "model")))
    return space, text


def test_few_photos_get_a_pretrained_network_strong_changes_and_weights_for_rare_classes(tmp_path: Path):
    space, text = made(images(tmp_path / "photos", {"cat": 25, "dog": 75}), tmp_path / "o.yaml")
    document = space.document
    assert text.startswith("# yaml-language-server: $schema=space.schema.json\n# A first space for ")
    assert [name for name, _, _ in leaves(document.model, "model")] == ["model.mobilenet", "model.scratch"]
    assert document.training.class_weights == "balanced"
    assert document.search.pruner.kind == "patient"
    assert "# 25 images of cat, 75 of dog: rare classes count for more" in text
    assert (document.data.color, document.head.output, document.training.batch_size) == ("rgb", "sigmoid", 16)
    assert document.data.image_size == [32, 32]  # of 40 x 48
    assert document.augment.horizontal_flip is True
    assert document.search.objective == "val_accuracy"


def test_few_photos_get_features_that_are_computed_once_and_a_second_phase_where_there_is_a_gpu(tmp_path: Path):
    figures = survey(open_source(images(tmp_path / "photos", {"cat": 25, "dog": 75})))
    text = {gpu: proposed_space("photos", figures, gpu=gpu) for gpu in (True, False)}
    backbones = {gpu: loads_space(each, "own").document.model["choice"]["mobilenet"] for gpu, each in text.items()}
    assert backbones[True].trainable_from == backbones[False].trainable_from == "none"
    assert [tuning.trainable_from["choice"] for tuning in tunings(backbones[True])] == [["conv_pw_12", "conv_pw_10"]]
    assert backbones[False].fine_tune is None
    start = first_trials(loads_space(text[True], "own"))[0]
    assert start["model.mobilenet.fine_tune"] == "frozen"


def test_images_under_a_pretrained_network_are_only_mirrored_so_that_trials_share_its_features(tmp_path: Path):
    space, _ = made(images(tmp_path / "photos", {"cat": 25, "dog": 75}), tmp_path / "o.yaml")
    changes = [parameter for parameter in space.parameters if parameter.name.startswith("augment.")]
    assert len(changes) == 4
    assert all(not parameter.is_active({"model": "mobilenet"}) for parameter in changes)
    assert all(parameter.is_active({"model": "scratch"}) for parameter in changes)


def test_a_class_that_is_most_of_all_makes_accuracy_misleading(tmp_path: Path):
    space, text = made(images(tmp_path / "p", {"rare": 2, "often": 18}), tmp_path / "o.yaml")
    assert space.document.search.objective == "val_loss"
    assert "# Accuracy would give 90% to whoever always names the commonest class." in text


def test_small_gray_signs_get_a_network_of_their_own_and_no_random_changes(tmp_path: Path):
    counts = {f"sign {number}": 3 for number in range(12)}
    space, text = made(images(tmp_path / "signs", counts, (16, 12)), tmp_path / "o.yaml")
    document = space.document
    assert (document.data.color, document.head.output, document.data.image_size) == ("gray", "softmax", [32, 32])
    assert document.model.taken().keys() == {"scratch"}
    assert not any(p.name.startswith("augment") for p in space.parameters)
    assert document.augment.horizontal_flip is False
    assert document.training.class_weights == "none"
    assert "12 classes: one unit for each" in text
    assert "3 images of each class" in text


def test_the_size_follows_the_median_image_within_what_networks_take(tmp_path: Path):
    wide, _ = made(images(tmp_path / "wide", {"a": 2, "b": 2}, (100, 300, 3)), tmp_path / "w.yaml")
    assert wide.document.data.image_size == [64, 224]  # the larger side is brought down to 224
    large, text = made(images(tmp_path / "large", {"a": 2, "b": 2}, (400, 420, 3)), tmp_path / "l.yaml")
    assert large.document.data.image_size == [224, 224]
    assert "the median image has 400 x 420 pixels" in text
    assert "7 x 7 pixels are left after 5" in text


def test_the_sample_and_stdout(command_line: CommandLine):
    text = command_line.good("init", "sample:digits", "--out", "-")
    assert list(command_line.folder.iterdir()) == []
    command_line.write(text, "digits.yaml")
    assert "is valid" in command_line.good("check", "digits.yaml")
    assert "1,797 images of 10 classes, gray, 8 x 8 pixels" in text


def test_the_file_is_named_after_the_images_and_never_overwritten(command_line: CommandLine):
    images(command_line.folder / "my photos", {"a": 2, "b": 2})
    out = command_line.good("init", "my photos/")
    assert "my photos.yaml is a space for them." in out
    before = (command_line.folder / "my photos.yaml").read_text()
    again = command_line("init", "my photos/")
    assert again.returncode == 1
    assert again.stderr == (
        "error: my photos.yaml: a space is written to a file of its own, got one that exists. "
        "Name another with --out FILE, or move it away.\n"
    )
    assert (command_line.folder / "my photos.yaml").read_text() == before


def test_names_of_files():
    assert default_file("photos/") == Path("photos.yaml")
    for suffix in ("zip", "ZIP", "tar", "tar.gz", "tgz", "tar.xz", "npz", "csv"):
        assert default_file(f"data/cats.v2.{suffix}") == Path("cats.v2.yaml")
    assert default_file("sample:digits") == Path("digits.yaml")
    assert default_file("/") == Path("space.yaml")
    assert default_file(".") == Path(f"{Path.cwd().name}.yaml")


def test_strange_names_of_classes_stay_in_their_comment(tmp_path: Path):
    _, text = made(images(tmp_path / "p", {"a\nmodel: vgg16 #": 2, "\u202eb\x1b": 8}), tmp_path / "o.yaml")
    assert "2 images of 'a?model: vgg16 #', 8 of '?b?'" in text


def test_an_unreadable_image_is_counted_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = images(tmp_path / "p", {"a": 4, "b": 4})
    (tmp_path / "p" / "a" / "torn.jpg").write_bytes(b"torn")
    _, text = made(source, tmp_path / "o.yaml")
    assert "# Not readable, and left out of the search: 1; a/torn.jpg is no image of a known format" in text
    assert "4 images of each class" in text


def test_images_that_no_search_can_run_on_are_refused(tmp_path: Path):
    out = str(tmp_path / "o.yaml")
    with pytest.raises(DataError, match=r"telling classes apart takes at least two of them, got one: 'a'"):
        init(images(tmp_path / "one", {"a": 3}), out)
    with pytest.raises(DataError, match=r"every class needs two images or more, .* got 1 readable of 'b'\. Add images"):
        init(images(tmp_path / "single", {"a": 3, "b": 1}), out)
    with pytest.raises(DataError, match=r"data\.source must exist, got no such file or folder"):
        init(str(tmp_path / "none"), out)
    assert not Path(out).exists()


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path):
    source = images(tmp_path / "p", {"a": 2, "b": 2})
    with pytest.raises(CnnSearchError, match=r"a space must be writable here, got: No such file or directory\. Name"):
        init(source, str(tmp_path / "gone" / "o.yaml"))
