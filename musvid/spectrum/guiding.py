"""A picture or footage of one's own, mixed into the drawings of the spectrum.

So a painting keeps a composition that somebody chose, and the music moves in it. It happens after
the spectrum was drawn and before anything is painted, so that light and painting both know of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from .. import _ffmpeg
from ..errors import FFmpegError, SettingsError, quoted
from ..frame import Frame

MULTIPLY, ADD, DISPLACE = "multiply", "add", "displace"
MIXES = (MULTIPLY, ADD, DISPLACE)
"""How a guide is mixed: it is lit by the spectrum; it is there beneath it; it bends it."""

RATE = 15
"""Pictures a second that are taken of footage."""

LONGEST = 600
"""Seconds of footage; it begins again behind its end."""

_BRIGHT = 3.0  # times that a guide which multiplies may raise a drawing
_DARK = 0.05  # mean of a guide below which it is not raised any further
_BEND = 0.3  # of the height, by which the brightest of a guide moves a drawing
_SOFT = 0.01  # of the height, by which a guide that bends is smoothed

# Counted from the file's first picture, wherever reading begins: so a time has one picture.
_PACE = f"fps={RATE}:start_time=0:round=near"


class Guide:
    """A picture or footage, at any moment, as large as the drawings.

    path: of a file that ffmpeg reads. size: (width, height) in pixels, which it fills; what is
    beyond is cut off, evenly. mirrored: whether its left half is shown on both sides, as of
    drawings of which one half is painted.

    Raises SettingsError where there is no file, or no picture in it.
    """

    def __init__(
        self, path: str | os.PathLike[str], size: tuple[int, int], *, mirrored: bool = False
    ) -> None:
        self._path, self._size, self._mirrored = Path(path), size, mirrored
        try:
            if not self._path.is_file():  # a pipe or a device would be waited for
                raise FileNotFoundError
            facts = self._path.stat()
        except (OSError, ValueError):
            raise SettingsError(
                f"There is no guide {quoted(self._path.name)}; check its name and folder."
            ) from None
        self._count = _counted(self._path, facts.st_size, facts.st_mtime_ns)
        self._frames: Iterator[Frame] = iter(())
        self._next, self._last = 0, -1
        self._shown: Frame | None = None

    @property
    def moves(self) -> bool:
        """Whether it is footage rather than a picture."""
        return self._count > 1

    def at(self, time: Fraction | float) -> Frame:
        """What it shows at a time of the song, uint8 (height, width, 3): of footage the picture of
        that time, which begins again behind its end."""
        number = int(Fraction(time) * RATE) % self._count
        if self._shown is None or number != self._last:
            if number != self._next or not self._last + 1:
                self._begin(number)
            found = next(self._frames, None)
            if found is None:  # it ends sooner than it was counted: its last picture stays
                found = (
                    self._shown
                    if self._shown is not None
                    else np.zeros((*self._size[::-1], 3), np.uint8)
                )
            self._shown, self._last, self._next = self._own(found), number, number + 1
        return self._shown

    def close(self) -> None:
        """End the process that reads it."""
        getattr(self._frames, "close", lambda: None)()

    def _begin(self, number: int) -> None:
        self.close()
        self._frames = _pictures(self._path, self._size, number)

    def _own(self, picture: Frame) -> Frame:
        if not self._mirrored:
            return picture
        half = picture.shape[1] // 2
        return np.ascontiguousarray(
            np.concatenate([picture[:, :half], picture[:, :half][:, ::-1]], 1)
        )


def _pictures(path: Path, size: tuple[int, int], number: int) -> Iterator[Frame]:
    """Pictures from this one on."""
    width, height = size
    fill = (
        f"{_PACE},trim=start_frame={number},scale={width}:{height}:force_original_aspect_ratio=increase"
        f":flags=area+accurate_rnd+full_chroma_int,crop={width}:{height},format=rgb24"
    )
    arguments = [
        *_ffmpeg.media_input(path),
        *("-map", "0:v:0", "-vf", fill, "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"),
    ]
    with suppress(FFmpegError), _ffmpeg.Process(arguments, stdout=True) as process:
        while (frame := process.read((height, width, 3))) is not None:
            yield frame


@lru_cache(maxsize=16)
def _counted(path: Path, _size: int, _changed: int) -> int:
    """How many pictures there are."""
    arguments = [
        *_ffmpeg.media_input(path),
        *("-map", "0:v:0", "-t", str(LONGEST)),
        *("-vf", f"{_PACE},scale=2:2,format=gray", "-fps_mode", "passthrough"),
        *("-f", "rawvideo", "pipe:1"),
    ]
    count = 0
    with suppress(FFmpegError), _ffmpeg.Process(arguments, stdout=True) as process:
        while chunk := process.read_bytes(4096):
            count += len(chunk)
    if count < 4:
        raise SettingsError(
            f"{path.name} is no picture and no video; give a guide that has pictures."
        )
    return count // 4


def mixed(drawing: Frame, guide: Frame, mix: str, amount: float) -> Frame:
    """A drawing with a guide, both uint8 (height, width, 3).

    mix: a name from `MIXES`. amount: 0, the drawing alone, to 1.
    """
    return drawing if not amount else _MIXED[mix](drawing, guide, amount)


def _multiplied(drawing: Frame, guide: Frame, amount: float) -> Frame:
    light = guide.astype(np.float32) / 255
    light *= min(_BRIGHT, 1 / max(_DARK, float(light.mean())))
    found = drawing * (1 - amount + amount * light)
    return np.asarray(np.rint(found).clip(0, 255), np.uint8)


def _added(drawing: Frame, guide: Frame, amount: float) -> Frame:
    # As light adds up on film (screen): nothing burns.
    left = (255 - drawing.astype(np.float32)) * (1 - amount * guide.astype(np.float32) / 255)
    return np.asarray(np.rint(255 - left).clip(0, 255), np.uint8)


def _displaced(drawing: Frame, guide: Frame, amount: float) -> Frame:
    height, width = drawing.shape[:2]
    level = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    level = cv2.GaussianBlur(level, (0, 0), max(0.5, _SOFT * height))
    across, down = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    down += amount * _BEND * height * (level - float(level.mean()))
    moved = cv2.remap(drawing, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


_MIXED: Mapping[str, Callable[[Frame, Frame, float], Frame]] = {
    MULTIPLY: _multiplied,
    ADD: _added,
    DISPLACE: _displaced,
}
