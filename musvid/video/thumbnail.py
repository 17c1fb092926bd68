"""A picture of a film as its cover, which is known only when the last frame has been made.

So a black JPEG with room in it is muxed as the cover, and when the file is complete, the picture
that was chosen is written over it: as many bytes, so that nothing else in the file moves.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ..frame import Frame
from .labels import COVER

_SAMPLES = 16  # frames of a film that are looked at
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of red, green and blue, BT.709
_QUALITIES = (90, 80, 70, 55, 40, 25, 10, 1)
_ROOM = 4096  # bytes beside those of the pixels, of which four share one
_SEGMENT = 65537  # bytes of a comment in a JPEG at most, of which four are no text


class Thumbnail:
    """The cover of a film: of some frames spread over it, that whose light varies most.

    A frame that is dark, or plain, is thus taken only where there is no other.
    """

    def __init__(self, size: tuple[int, int], frames: int) -> None:
        """size: width and height of the frames. frames: how many there will be."""
        shrunk = min(1.0, COVER / max(size))
        self._size = max(1, round(size[0] * shrunk)), max(1, round(size[1] * shrunk))
        self._room = _ROOM + self._size[0] * self._size[1] // 4
        self._moments = {(2 * part + 1) * frames // (2 * _SAMPLES) for part in range(_SAMPLES)}
        self._best: Frame | None = None
        self._spread = -1.0
        self.held = self._jpeg(np.zeros((size[1], size[0], 3), np.uint8))
        """The JPEG file's bytes that are muxed."""

    def seen(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames, uint8 (height, width, 3); a copy of the best one so far is kept."""
        for number, frame in enumerate(frames):
            if number in self._moments:
                spread = float((frame @ _WEIGHTS).std())
                if spread > self._spread:
                    self._spread, self._best = spread, frame.copy()
            yield frame

    def store(self, path: Path) -> None:
        """Write the best frame over what is held in a file.

        What is held stays in a film that ended before any frame was looked at, and where ffmpeg has
        not kept it as it is, which is no reason to lose the film.
        """
        if self._best is None:
            return
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
            if (place := content.find(self.held)) >= 0:
                content[place : place + self._room] = self._jpeg(self._best)

    def _jpeg(self, frame: Frame) -> bytes:
        """A frame as a JPEG file of exactly the bytes that there is room for."""
        from PIL import Image

        picture = Image.fromarray(frame).resize(self._size, Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            made = io.BytesIO()
            picture.save(made, "JPEG", quality=quality)
            left = self._room - made.tell()
            if left >= 4:
                break
        return _padded(made.getvalue(), left)


def _padded(jpeg: bytes, more: int) -> bytes:
    """A JPEG file that is longer by 4 bytes or more, by comments behind its first segment."""
    comments = b""
    while more:
        length = more if more <= _SEGMENT else min(_SEGMENT, more - 4)
        comments += b"\xff\xfe" + (length - 2).to_bytes(2, "big") + bytes(length - 4)
        more -= length
    place = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:place] + comments + jpeg[place:]
