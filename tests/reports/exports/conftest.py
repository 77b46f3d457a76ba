"""Small real models, exported once: a scratch network with everything that converters may stumble on."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnsearch.reports.exports.export import Exported, Exporting, export
from cnnsearch.reports.exports.formats import targets_of
from cnnsearch.reports.exports.samples import photos_of
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.run_folder import ModelFolder

SPACE = """\
data: {source: PHOTOS, image_size: [16, 24], resize: pad}
augment: {horizontal_flip: true, rotation: 0.1, contrast: 0.1, hue: 0.1, saturation: 0.1, rand_augment: 0.3}
model: {scratch: {blocks: 2, filters: 4, norm: batch}}
head: {dense: [4], output: OUTPUT}
evaluation: {flip: true}
training: {epochs: 1, seed: 5}
"""


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 40 photos each, of many brightnesses."""
    root, draw = tmp_path_factory.mktemp("photos"), np.random.default_rng(1)
    for name, level in (("dark", 70), ("light", 180)):
        (root / name).mkdir()
        for k in range(40):
            pixels = np.clip(draw.normal(level, 40, (20, 30, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{k}.png")
    return root


@pytest.fixture(scope="session")
def made(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ModelFolder]:
    """Makes the model folder of a network with this output, whose weights are random and whose head is not timid."""

    def make(output: str) -> ModelFolder:
        from cnnsearch.search.model.build import build_network
        from cnnsearch.search.model.views import seen_through
        from cnnsearch.spaces.load import load_space

        folder = ModelFolder(tmp_path_factory.mktemp(output))
        folder.config.write_text(SPACE.replace("PHOTOS", str(photos)).replace("OUTPUT", output))
        configuration = load_space(folder.config).configuration({})
        model = build_network(configuration, 2)
        shaken = np.random.default_rng(3)
        model.set_weights([w + shaken.normal(0, 0.05, w.shape).astype(w.dtype) ** 2 for w in model.get_weights()])
        seen_through(model, configuration.evaluation).save(folder.model)
        described = {"classes": ["dark", "light"], "shape": [16, 24, 3], "resize": "pad"}
        folder.classes.write_text(json.dumps({**described, "data": {"source": str(photos), "parts": ["train"]}}))
        return folder

    return make


@pytest.fixture(scope="session")
def scratch(made: Callable[[str], ModelFolder]) -> ModelFolder:
    """With one sigmoid output, and the mean over two views in it."""
    return made("sigmoid")


@pytest.fixture(scope="session")
def exported(scratch: ModelFolder) -> Callable[[str], Exported]:
    """The scratch model in a format such as `litert-int8`, made once; skips where its packages are not installed."""
    known: dict[str, Exported] = {}
    start_forkserver()
    photos = photos_of(scratch, (16, 24, 3))

    def of(name: str) -> Exported:
        kind, _, quantized = name.partition("-")
        target = targets_of(kind, quantized or None)[-1]
        for package in target.format.packages:
            if importlib.util.find_spec(package) is None:
                pytest.skip(f"{package} is not installed: pip install 'cnnsearch[{target.format.extra}]'")
        if name not in known:
            (known[name],) = export(Exporting(scratch.model, photos, scratch.path / "exports"), [target], _nobody)
        return known[name]

    return of


def _nobody(_found: Any) -> None:
    return None
