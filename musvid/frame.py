"""A picture in memory, and where one lies on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from .errors import OutputError

Frame: TypeAlias = NDArray[np.uint8]
"""A picture: uint8 of shape (height, width, 3), RGB."""


T = TypeVar("T")


@contextmanager
def closed(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """A context that closes a generator, and with it the processes behind it."""
    try:
        yield items
    finally:
        getattr(items, "close", lambda: None)()


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
