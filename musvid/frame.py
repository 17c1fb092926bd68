"""A picture in memory, and where one lies on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from .errors import OutputError

Frame: TypeAlias = NDArray[np.uint8]
"""A picture: uint8 of shape (height, width, 3), RGB."""

Light: TypeAlias = NDArray[np.float32]
"""How bright a picture is where: the mean of its channels, 0 to 255, float32 of shape
(height / 4, width / 4), each number the mean of 4 x 4 pixels; of paintings whose texture drifts, of
2 x 2 pixels."""


T = TypeVar("T")

_LOOKS = (slice(None, None, 16), slice(None))  # some rows first: what differs is soon seen


@contextmanager
def closed(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """A context that closes a generator, and with it the processes behind it."""
    try:
        yield items
    finally:
        getattr(items, "close", lambda: None)()


class Noted(Generic[T]):
    """What is noted of frames on their way through one stage, for a later one."""

    def __init__(self) -> None:
        self._notes: deque[T] = deque()

    def through(self, frames: Iterator[Frame], note: Callable[[Frame], T]) -> Iterator[Frame]:
        """The frames, unchanged."""
        with closed(frames):
            for frame in frames:
                self._notes.append(note(frame))
                yield frame

    def add(self, note: T) -> None:
        """Note something of the next frame."""
        self._notes.append(note)

    def __iter__(self) -> Iterator[T]:
        """The notes, each once. The frames they are of must have gone through before."""
        while True:
            yield self._notes.popleft()


def frame_path(folder: Path, index: int) -> Path:
    """The file of a frame in the folder of its stage."""
    return folder / f"{index:06d}.png"


def save_frame(frame: Frame, path: Path) -> Path:
    """Write a frame as a PNG. Raises OutputError when it cannot be written."""
    from PIL import Image

    try:
        Image.fromarray(frame).save(path, compress_level=1)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OutputError(f"The frame {path} cannot be written ({error.strerror}).") from None
    return path


def mirrored(frame: Frame) -> bool:
    """Whether the right half of a frame mirrors the left one, so that either says all."""
    import cv2  # it turns pictures round in a tenth of numpy's time

    half = frame.shape[1] // 2
    if 2 * half != frame.shape[1]:
        return False
    for rows in _LOOKS:
        left, right = frame[rows, :half], frame[rows, half:]
        if not np.array_equal(left, cv2.flip(right, 1).reshape(left.shape)):
            return False
    return True


def grey(frame: Frame) -> bool:
    """Whether the three channels of a frame are the same, so that one says all."""
    import cv2

    for rows in _LOOKS:
        first, *others = cv2.split(frame[rows])
        if not all(np.array_equal(first, other) for other in others):
            return False
    return True


def whole(left: Frame) -> Frame:
    """The mirrored frame of its left half, (height, width / 2[, channels])."""
    import cv2

    return np.asarray(cv2.hconcat([left, cv2.flip(left, 1)]), np.uint8)


def encoded(frame: Frame, quality: int = 80, kind: str = "WEBP", **more: int) -> bytes:
    """A picture as a file, for a page. quality: 1 to 100. kind: "WEBP" or "JPEG". more: what
    Pillow knows of that kind."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(frame).save(file, kind, quality=quality, **more)
    return file.getvalue()


def smaller(frame: Frame, side: int) -> Frame:
    """A picture whose longer side is at most so many pixels."""
    import cv2

    scale = side / max(frame.shape[:2])
    if scale >= 1:
        return frame
    height, width = (max(1, round(scale * length)) for length in frame.shape[:2])
    return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
