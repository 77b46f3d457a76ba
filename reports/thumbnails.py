"""Small pictures for a page, as data URIs: the page needs no file beside it and asks no server for anything."""

import base64
import io
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from cnnsearch.search.dataset.decoding.opening import opened_image, quiet_pillow
from cnnsearch.search.dataset.decoding.seen import seen
from cnnsearch.search.dataset.errors import UnreadableImage
from cnnsearch.search.dataset.sources.files import Files

SIDE = 112
"""Pixels of a picture's longer side: enough to recognise a cat, 3 KB as a JPEG."""
_QUALITY = 72
_THREADS = 4


def pictures_of(files: Files, paths: Iterable[str]) -> Mapping[str, str]:
    """The data URI of a small JPEG for each path whose image is readable."""
    wanted = sorted(set(paths))
    with quiet_pillow(), ThreadPoolExecutor(_THREADS, thread_name_prefix="pictures") as pool:
        uris = pool.map(lambda path: _picture(files, path), wanted)
        return {path: uri for path, uri in zip(wanted, uris, strict=True) if uri}


def _picture(files: Files, path: str) -> str:
    try:
        with opened_image(files.read(path)) as image:
            return data_uri(seen(image))
    except UnreadableImage:
        return ""


def data_uri(picture: Image.Image) -> str:
    """A picture of mode L or RGB in small, as the address of itself."""
    small = picture.copy()
    small.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    small.save(file, format="JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
