"""The frames of a running render on disk, for whoever looks at it while it goes on.

Each stage is one file, to which frames are appended as they are made: compressed without loss, as
the store does it (see ``tests/benchmarks/store.py``). So memory stays flat, a video can be made of
what is there at any moment, and nothing is encoded as a picture unless somebody looks at it.
"""

from __future__ import annotations

import contextlib
import shutil
import struct
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from .._packing import pack as pack_frames
from .._packing import unpack
from ..errors import OutputError
from ..frame import Frame, encoded, frame_path
from ..rendering import STAGES
from ..video import file as video

SUFFIX = ".frames"
_QUALITY = 92  # of pictures that are looked at
_LENGTH = struct.Struct(">I")  # bytes of the frame that follows


class Spool:
    """The frames of a render, in a folder. Raises OutputError where they cannot be written.

    most: bytes that they may take in all; None for as many as there is disk.
    """

    def __init__(self, folder: Path, most: float | None = None) -> None:
        self.folder = folder
        self._most, self._taken = most, 0
        self._files: dict[str, BinaryIO] = {}
        self._open = ExitStack()

    def add(self, stage: str, _index: int, frame: Frame) -> None:
        """Append a stage's next frame. It is on disk when this returns."""
        packed = pack_frames(frame[None])
        self._taken += len(packed)
        if self._most is not None and self._taken > self._most:
            raise OutputError(
                f"The frames of this render take more than the {self._most / 1e9:.2g} GB that "
                "there are for it here; choose a shorter clip or a smaller size."
            )
        try:
            if stage not in self._files:
                path = self.folder / (stage + SUFFIX)
                self._files[stage] = self._open.enter_context(path.open("wb"))
            self._files[stage].write(_LENGTH.pack(len(packed)) + packed)
            self._files[stage].flush()
        except OSError as error:
            raise OutputError(
                f"The frames cannot be kept in {self.folder} ({error.strerror}); free some space."
            ) from None

    def close(self) -> None:
        """Close the files; what they hold can still be read."""
        self._open.close()

    def read(self, stage: str, numbers: range | None = None) -> Iterator[Frame]:
        """The frames of a stage with these numbers, by default all that are there."""
        for packed in self._packed(stage, numbers):
            yield unpack(packed)[0]

    def tiles(self, stage: str, indices: list[int]) -> list[Path]:
        """Some frames of a stage as pictures (JPEG) that a browser shows, each encoded once."""
        tiles = self.folder / "tiles" / stage
        paths = {index: tiles / f"{index:06d}.jpeg" for index in sorted(indices)}
        missing = [index for index, path in paths.items() if not path.exists()]
        tiles.mkdir(parents=True, exist_ok=True)
        for index, packed in zip(missing, self._packed(stage, missing), strict=True):
            file = encoded(unpack(packed)[0], _QUALITY, "JPEG", subsampling=0)
            paths[index].write_bytes(file)
        return list(paths.values())

    def _packed(self, stage: str, indices: list[int] | range | None) -> Iterator[bytes]:
        """The stored frames with these indices, which rise; None stands for all."""
        path = self.folder / (stage + SUFFIX)
        if not path.exists():
            return
        wanted = None if indices is None else iter(indices)
        next_one = 0 if wanted is None else next(wanted, None)
        number = 0
        with path.open("rb") as file:
            while next_one is not None and (head := file.read(_LENGTH.size)):
                (length,) = _LENGTH.unpack(head)
                if number == next_one:
                    yield file.read(length)
                    next_one = number + 1 if wanted is None else next(wanted, None)
                else:
                    file.seek(length, 1)
                number += 1


def clear(folder: Path) -> None:
    """Delete the frames and pictures of a render, and the first looks at its video.

    folder: the one of the render. Its video and what else lies there stay.
    """
    for spooled in (*folder.glob(f"*{SUFFIX}"), *folder.glob("preview-*.mp4")):
        with contextlib.suppress(OSError):
            spooled.unlink()
    for pictures in folder.glob("*/"):
        shutil.rmtree(pictures, ignore_errors=True)


def pack(folder: Path, path: Path) -> Path:
    """All frames of a render as a zip file of PNGs, one folder for each stage.

    folder: the one of the render. Where its frames are not kept any more, the finished ones are
    read back from the video in it, as the video shows them.

    Raises OutputError when the file cannot be written, or there is nothing to pack.
    """
    part = path.with_name(path.name + ".part")
    try:
        # PNGs are compressed already.
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            kept = Spool(folder)
            count = sum(_packed(archive, stage, kept.read(stage)) for stage in STAGES)
            made = next(folder.glob("video.*"), None)
            if not count and made:
                count = _packed(archive, STAGES[-1], video.read(made))
        if not count:
            raise OutputError("The frames of this render are gone; render it again to have them.")
        part.replace(path)
    except OSError as error:
        raise OutputError(f"The frames cannot be packed ({error.strerror}).") from None
    finally:
        part.unlink(missing_ok=True)
    return path


def _packed(archive: zipfile.ZipFile, stage: str, frames: Iterable[Frame]) -> int:
    """Adds the frames of a stage to a zip file; how many there were."""
    from PIL import Image

    count = 0
    for index, frame in enumerate(frames):
        picture = BytesIO()
        Image.fromarray(frame).save(picture, "PNG", compress_level=1)
        archive.writestr(frame_path(Path(stage), index).as_posix(), picture.getvalue())
        count += 1
    return count
