"""One event file of TensorBoard: scalars, texts, images and hyperparameters.

Written record by record with TensorBoard's own protos and record writer. Its `EventFileWriter`, its `hparams.summary`
and most of `summary_v2` go through `tensorboard.compat`, which imports tensorflow; a search's parent process does
without.
"""

import io
import os
import re
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter


@dataclass(frozen=True)
class Picture:
    """An image as its file holds it, a PNG or a JPEG, with its size in pixels."""

    width: int
    height: int
    content: bytes

    @classmethod
    def of(cls, content: bytes) -> "Picture":
        """That of a file.

        Raises:
            OSError: it is neither a PNG nor a JPEG.
        """
        from PIL import Image

        with Image.open(io.BytesIO(content), formats=["PNG", "JPEG"]) as image:
            return cls(*image.size, content)


class EventFile:
    """One event file of a session; every event is on disk for a reader when its call returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{time.time_ns()}"
        self.path = folder / name
        self._records = RecordWriter(self.path.open("wb"))
        self._write(event_pb2.Event(wall_time=time.time(), file_version="brain.Event:2"))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """One value of each tag."""
        summary = summary_pb2.Summary()
        for tag, value in values.items():
            summary.value.add(tag=tag, simple_value=value)
        self._write(event_pb2.Event(wall_time=time.time(), step=step, summary=summary))

    def hparams(self, tag: str, data: Any) -> None:  # noqa: ANN401 - a generated proto has no type
        """What the HParams plugin keeps under one of its own tags."""
        summary = summary_pb2.Summary()
        summary.value.add(tag=tag, metadata=metadata.create_summary_metadata(data), tensor=metadata.NULL_TENSOR)
        self._write(event_pb2.Event(wall_time=time.time(), summary=summary))

    def text(self, tag: str, text: str, step: int) -> None:
        """A text in Markdown."""
        self._strings(tag, text_metadata.create_summary_metadata("", ""), [text.encode()], (), step)

    def images(self, tag: str, pictures: Sequence[Picture], step: int, told: str = "") -> None:
        """Pictures side by side under one tag, with a description in Markdown."""
        if not pictures:
            return
        size = [str(pictures[0].width).encode(), str(pictures[0].height).encode()]
        parts = [*size, *(picture.content for picture in pictures)]
        self._strings(tag, image_metadata.create_summary_metadata("", told), parts, (len(parts),), step)

    def _strings(self, tag: str, about: Any, parts: Sequence[bytes], shape: Sequence[int], step: int) -> None:  # noqa: ANN401
        """A tensor of byte strings (shape), as the plugins for texts and images keep what they show."""
        dimensions = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in shape]
        tensor = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING, string_val=parts, tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=dimensions)
        )
        about.data_class = (
            summary_pb2.DATA_CLASS_BLOB_SEQUENCE
            if about.plugin_data.plugin_name == image_metadata.PLUGIN_NAME
            else summary_pb2.DATA_CLASS_TENSOR
        )
        summary = summary_pb2.Summary()
        summary.value.add(tag=tag, metadata=about, tensor=tensor)
        self._write(event_pb2.Event(wall_time=time.time(), step=step, summary=summary))

    def _write(self, event: Any) -> None:  # noqa: ANN401 - a generated proto has no type
        self._records.write(event.SerializeToString())
        self._records.flush()

    def close(self) -> None:
        """Close the file."""
        self._records.close()


def markdown(text: str) -> str:
    """Text that Markdown shows as it is: names and messages come from anywhere."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", " ".join(text.split()))
