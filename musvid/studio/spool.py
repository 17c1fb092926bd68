"""The frames of a running render on disk, for whoever looks at it while it goes on.

Each stage is one file, to which frames are appended as they are made: compressed without loss, as
the store does it (see ``tests/benchmarks/store.py``). So memory stays flat, a video can be made of
what is there at any moment, and nothing is encoded as a picture unless somebody looks at it.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from ..errors import OutputError
from ..frame import Frame, frame_path
from ..rendering import STAGES
from ..store import pack as pack_frames
from ..store import unpack

SUFFIX = ".frames"
_LENGTH = struct.Struct(">I")  # bytes of the frame that follows


class Spool:
    """The frames of a render, in a folder. Raises OutputError where they cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._open = ExitStack()

    def add(self, stage: str, _index: int, frame: Frame) -> None:
        """Append a stage's next frame. It is on disk when this returns."""
        packed = pack_frames(frame[None])
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

    def read(self, stage: str, count: int | None = None) -> Iterator[Frame]:
        """The first frames of a stage, by default all that are there."""
        for packed in self._packed(stage, None if count is None else range(count)):
            yield unpack(packed)[0]

    def tiles(self, stage: str, indices: list[int]) -> list[Path]:
        """Some frames of a stage as pictures (WebP) that a browser shows, each encoded once."""
        from PIL import Image

        tiles = self.folder / "tiles" / stage
        paths = {index: tiles / f"{index:06d}.webp" for index in sorted(indices)}
        missing = [index for index, path in paths.items() if not path.exists()]
        tiles.mkdir(parents=True, exist_ok=True)
        for index, packed in zip(missing, self._packed(stage, missing), strict=True):
            Image.fromarray(unpack(packed)[0]).save(paths[index], quality=90, method=2)
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


def pack(folder: Path, path: Path) -> Path:
    """All frames of a render as a zip file of PNGs, one folder for each stage.

    folder: the one of the render. Raises OutputError when the file cannot be written.
    """
    from PIL import Image

    part = path.with_name(path.name + ".part")
    spool = Spool(folder)
    try:
        # PNGs are compressed already.
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for stage in STAGES:
                for index, frame in enumerate(spool.read(stage)):
                    picture = BytesIO()
                    Image.fromarray(frame).save(picture, "PNG", compress_level=1)
                    archive.writestr(frame_path(Path(stage), index).as_posix(), picture.getvalue())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"The frames cannot be packed ({error.strerror}).") from None
    return path
