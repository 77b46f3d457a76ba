"""Classes and parts out of paths."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import Layout, read_layout


def labels(layout: Layout) -> dict[str, tuple[str, str | None]]:
    return {image.path: (image.class_name, image.part) for image in layout.images}


def test_class_folders_label_their_images() -> None:
    layout = read_layout("photos", ["dog/1.jpg", "cat/2.PNG", "cat/more/3.webp"])
    assert labels(layout) == {"cat/2.PNG": ("cat", None), "cat/more/3.webp": ("cat", None), "dog/1.jpg": ("dog", None)}
    assert layout.classes == ("cat", "dog")
    assert layout.notes == ()


@pytest.mark.parametrize("validation", ["validation", "val", "valid", "Val"])
def test_split_folders_give_the_part(validation: str) -> None:
    paths = [f"{part}/{name}/1.jpg" for part in ("train", validation, "test") for name in ("cat", "dog")]
    layout = read_layout("photos", paths)
    assert labels(layout) == {
        path: (path.split("/")[1], {"train": "train", "test": "test"}.get(path.split("/")[0], "validation"))
        for path in paths
    }


def test_a_train_folder_beside_a_test_folder_needs_no_validation_folder() -> None:
    layout = read_layout("photos", ["train/cat/1.jpg", "train/dog/1.jpg", "test/cat/2.jpg"])
    assert [image.part for image in layout.images] == ["test", "train", "train"]


@pytest.mark.parametrize("prefix", ["", "train/", "dogs-vs-cats/train/", "train/train/", "some/where/"])
def test_flat_files_are_labelled_by_their_names(prefix: str) -> None:
    layout = read_layout("photos", [f"{prefix}cat.123.jpg", f"{prefix}big.dog.4.jpg", f"{prefix}17.jpg"])
    assert [(image.path, image.class_name) for image in layout.images] == [
        (f"{prefix}big.dog.4.jpg", "big.dog"),
        (f"{prefix}cat.123.jpg", "cat"),
    ]
    assert layout.notes[0].endswith("whose names hold no label, not used: 1")


@pytest.mark.parametrize("test", ["test", "test1", "test/unknown"])
def test_unlabelled_test_photos_are_left_aside_with_a_note(test: str) -> None:
    layout = read_layout("photos", ["train/cat.1.jpg", "train/dog.1.jpg", f"{test}/1.jpg", f"{test}/2.jpg"])
    assert [image.path for image in layout.images] == ["train/cat.1.jpg", "train/dog.1.jpg"]
    assert layout.notes == ("images of the test part without a class of the train part, not used: 2",)


def test_a_part_with_one_class_folder_has_that_class_whatever_its_files_are_called() -> None:
    paths = [f"train/{name}/rex_{n}.jpg" for name in ("cat", "dog") for n in (1, 2)]
    layout = read_layout("photos", [*paths, "validation/cat/rex_3.jpg", "validation/cat/rex_4.jpg"])
    assert labels(layout)["validation/cat/rex_3.jpg"] == ("cat", "validation")
    assert layout.notes == ()


def test_flat_files_may_stand_beside_a_test_folder() -> None:
    layout = read_layout("photos", ["cat.1.jpg", "dog.1.jpg", "test/1.jpg"])
    assert layout.classes == ("cat", "dog")
    assert layout.notes == ("images in 'test/' beside the labelled files, not used: 1",)


def test_folders_around_everything_mean_nothing() -> None:
    layout = read_layout("photos", ["a/PetImages/Cat/1.jpg", "a/PetImages/Dog/1.jpg", "a/readme.txt"])
    assert layout.classes == ("Cat", "Dog")


def test_clutter_is_not_seen_and_other_files_are_counted() -> None:
    clutter = ["__MACOSX/cat/._1.jpg", "cat/Thumbs.db", ".ipynb_checkpoints/1.jpg", "cat/.hidden.jpg", "desktop.ini"]
    layout = read_layout("photos", ["cat/1.jpg", "dog/1.jpg", "a.txt", "cat/b.txt", "cat/LICENSE", *clutter])
    assert [image.path for image in layout.images] == ["cat/1.jpg", "dog/1.jpg"]
    assert layout.notes == ("files that are no images, not used: 3 (.txt 2, without a suffix 1)",)


def test_loose_images_beside_class_folders_are_counted() -> None:
    layout = read_layout("photos", ["cat/1.jpg", "dog/1.jpg", "banner.jpg"])
    assert len(layout.images) == 2
    assert layout.notes == ("images outside the class folders, not used: 1",)


def test_train_may_be_a_class() -> None:
    assert read_layout("photos", ["bus/1.jpg", "train/1.jpg"]).classes == ("bus", "train")


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (
            [],
            "photos: an image source holds images (.bmp, .gif, .jfif, .jpe, .jpeg, .jpg, .png, .webp), got an empty",
        ),
        (["train.zip", "test.zip"], "got 2 other files (.zip 2). Give a folder with one folder"),
        (["1.jpg", "2.jpg"], "every image needs a class, got 2 images without any label. Give"),
        (["cat/1.jpg", "cat/2.jpg"], "telling classes apart takes at least two of them, got one: 'cat'."),
        (["train/cat/1.jpg", "val/cat/1.jpg"], "got one: 'cat'"),
        (["cat.1.jpg", "cat.2.jpg"], "got one: 'cat'"),
        (["val/cat/1.jpg", "test/dog/1.jpg"], "split folders need a train folder, got only 'test/', 'val/'."),
        (["test/1.jpg"], "split folders need a train folder, got only 'test/'."),
        (
            ["train/cat/1.jpg", "train/dog/1.jpg", "val/cat/1.jpg", "val/cow/1.jpg"],
            "every class of the validation part must be in the train part, got 'cow' in validation only.",
        ),
        (
            ["train/cat/1.jpg", "train/dog/1.jpg", "test/Cat/1.jpg", "test/Dog/1.jpg"],
            "every class of the test part must be in the train part, got 'Cat', 'Dog' in test only. Rename",
        ),
        (
            ["train/cat/1.jpg", "train/dog/1.jpg", "extra/cat/1.jpg"],
            "beside a train folder only validation and test folders may stand, got 'extra/'.",
        ),
    ],
)
def test_what_is_no_layout_is_told(paths: list[str], message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        read_layout("photos", paths)


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["Abyssinian_100.jpg", "american_bulldog_12.jpg"], ("Abyssinian", "american_bulldog")),
        (["cat-1.jpg", "dog-2.jpg"], ("cat", "dog")),
        (["cat (1).jpg", "dog(2).jpg", "big dog (3).jpg"], ("big dog", "cat", "dog")),
        (["cat 1.jpg", "dog 22.png"], ("cat", "dog")),
        (["cat_1.jpg", "dog_1.jpg", "IMG_2034.jpg", "readme.jpg"], ("cat", "dog")),
    ],
)
def test_other_names_of_flat_files_are_a_guess_and_told(names: list[str], classes: tuple[str, ...]) -> None:
    layout = read_layout("photos", names)
    assert layout.classes == classes
    first = re.match(r"\w+?(?=[_ -]\W?\d)|american_bulldog", names[0])
    assert first
    assert layout.notes[0] == f"classes guessed from the file names, such as {first[0]!r} from {names[0]!r}"


@pytest.mark.parametrize(
    "names",
    [
        ["IMG_1.jpg", "DSC_2.jpg", "photo-3.jpg"],
        ["2024-01-05.jpg", "2023-02-07.jpg"],
        ["IMG_20240105_12.jpg", "PXL_20230207_13.jpg"],
        ["train_1.jpg", "test_2.jpg"],
        ["cat1.jpg", "dog2.jpg"],
    ],
)
def test_names_of_cameras_and_counters_hold_no_label(names: list[str]) -> None:
    with pytest.raises(DataError, match=f"every image needs a class, got {len(names)} images without any label"):
        read_layout("photos", names)


def test_names_that_would_make_nearly_every_file_a_class_are_refused() -> None:
    names = [f"holiday{chr(97 + n)}_{n}.jpg" for n in range(26)]
    message = "file names must hold the class, got 26 classes for 26 files, such as 'holidaya' in 'holidaya_0.jpg'. Put"
    with pytest.raises(DataError, match=re.escape(message)):
        read_layout("photos", names)


def test_a_split_inside_every_class_folder_gives_the_part() -> None:
    paths = [f"data/{name}/{part}/1.jpg" for name in ("cat", "dog") for part in ("train", "val", "test")]
    assert [(i.class_name, i.part) for i in read_layout("photos", paths).images] == [
        (name, part) for name in ("cat", "dog") for part in ("test", "train", "validation")
    ]


def test_a_folder_of_trains_inside_a_class_is_no_split() -> None:
    layout = read_layout("photos", ["vehicle/train/1.jpg", "vehicle/test/2.jpg", "cat/1.jpg"])
    assert {(image.class_name, image.part) for image in layout.images} == {("vehicle", None), ("cat", None)}


@pytest.mark.parametrize("training", ["training_set", "Train", "train_data", "trainset"])
@pytest.mark.parametrize("test", ["test_set", "testing", "test-set"])
def test_other_names_of_split_folders(training: str, test: str) -> None:
    layout = read_layout("photos", [f"{top}/{name}/1.jpg" for top in (training, test) for name in ("cat", "dog")])
    assert {image.part for image in layout.images} == {"train", "test"}


def test_masks_beside_the_images_are_no_class() -> None:
    paths = ["images/Abyssinian_1.jpg", "images/pug_2.jpg", "annotations/trimaps/Abyssinian_1.png", "annotations/a.xml"]
    layout = read_layout("photos", paths)
    assert layout.classes == ("Abyssinian", "pug")
    assert "images in 'annotations/', which hold annotations, not used: 1" in layout.notes


def test_two_ways_to_write_an_accent_are_one_class() -> None:
    layout = read_layout("photos", ["train/caf\u00e9/1.jpg", "train/tea/1.jpg", "test/cafe\u0301/2.jpg"])
    assert layout.classes == ("caf\u00e9", "tea")
    assert layout.notes == ("classes spelled in two ways that look alike, taken as one: 'caf\u00e9'",)


def test_names_that_differ_in_capitals_are_two_classes_and_told() -> None:
    layout = read_layout("photos", ["A/1.jpg", "a/1.jpg", "b/1.jpg"])
    assert layout.classes == ("A", "a", "b")
    assert layout.notes == ("classes whose names differ in capitals only, kept apart: 'A', 'a'",)


steps = st.sampled_from(
    [
        "train",
        "val",
        "test",
        "cat",
        "dog",
        "images",
        "masks",
        "1.jpg",
        "cat_1.jpg",
        "dog (2).jpg",
        "cat.1.jpg",
        "dog.2.png",
        "x.txt",
        ".git",
        "é\udcff",
    ]
)


@given(st.lists(st.lists(steps, min_size=1, max_size=4).map("/".join)))
def test_any_paths_give_labels_or_one_clear_error(paths: list[str]) -> None:
    try:
        layout = read_layout("photos", paths)
    except DataError as error:
        where = error.problem.where
    else:
        where = "photos"
        assert len(layout.classes) >= 2
        assert {image.path for image in layout.images} <= set(paths)
    assert where == "photos"
