"""A model file from somebody else: no code of its maker's runs, and it is said so."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnnsearch.reports.inference import load_classifier
from cnnsearch.spaces.errors import CnnSearchError


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras

    folder = tmp_path_factory.mktemp("harmless")
    image = keras.Input((4, 4, 3))
    keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten(name="flat")(image))).save(folder / "model.keras")
    return folder / "model.keras"


def changed(harmless: Path, folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The harmless model with its layer `flat` changed."""
    (folder / "classes.json").write_text('{"classes": ["a", "b"], "shape": [4, 4, 3]}')
    with zipfile.ZipFile(harmless) as good, zipfile.ZipFile(folder / "model.keras", "w") as bad:
        config = json.loads(good.read("config.json"))
        change(next(layer for layer in config["config"]["layers"] if layer["name"] == "flat"))
        bad.writestr("config.json", json.dumps(config))
        for name in ("metadata.json", "model.weights.h5"):
            bad.writestr(name, good.read(name))
    return folder / "model.keras"


def test_a_lambda_never_runs(tmp_path: Path) -> None:
    import keras

    trap = tmp_path / "sprung"
    image = keras.Input((4, 4, 3))
    code = keras.layers.Lambda(eval(f"lambda x: (open({str(trap)!r}, 'w').close(), x)[1]"))
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(code(image))))
    trap.unlink()
    model.save(tmp_path / "model.keras")
    (tmp_path / "classes.json").write_text('{"classes": ["a", "b"], "shape": [4, 4, 3]}')
    with pytest.raises(CnnSearchError, match=r"without running any code of its maker's, got 'Lambda' in it\. Have it"):
        load_classifier(tmp_path)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"class_name": "TFSMLayer", "module": "keras.layers"}, "TFSMLayer"),
        ({"class_name": "Popen", "module": "subprocess"}, "Popen"),
        ({"class_name": "Trap", "module": "their_package", "registered_name": "their_package>Trap"}, "Trap"),
    ],
)
def test_what_leads_to_code_is_refused(harmless: Path, tmp_path: Path, change: dict[str, str], named: str) -> None:
    file = changed(harmless, tmp_path, lambda layer: layer.update(change))
    with pytest.raises(CnnSearchError, match=f"got '{named}' in it"):
        load_classifier(file)


def test_a_foreign_model_without_code_is_loaded(harmless: Path, tmp_path: Path) -> None:
    assert load_classifier(changed(harmless, tmp_path, lambda _: None)).classes == ("a", "b")


def test_what_this_program_has_registered_is_its_own(harmless: Path, tmp_path: Path) -> None:
    import keras

    @keras.saving.register_keras_serializable("ours_of_this_test")
    class Flat(keras.layers.Flatten):
        """A layer of a person's own HyperModel."""

    own = {"class_name": "Flat", "module": "their.module", "registered_name": "ours_of_this_test>Flat"}
    file = changed(harmless, tmp_path, lambda layer: layer.update(own))
    assert type(load_classifier(file).model.get_layer("flat")) is Flat
