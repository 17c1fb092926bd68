"""A picture or footage of one's own, mixed into the drawings of the spectrum.

So a painting keeps a composition that somebody chose, and the music moves in it. It happens after
the spectrum was drawn and before anything is painted, so that light and painting both know of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np

from .. import _ffmpeg, _pictures
from ..errors import FFmpegError, SettingsError, quoted
from ..frame import Frame, closed
from ..looping import Loop
from .mixes import ADD, DISPLACE, MULTIPLY

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
"""What is read as a picture; all else is footage."""

RATE = 15
"""Pictures a second that are taken of footage."""

LONGEST = 600
"""Seconds of footage; it begins again behind its end."""

_BRIGHT = 3.0  # times that a dark guide is raised
_USUAL = 0.45  # mean of a guide to which a dark one is raised
_DARK = 0.05  # mean of a guide below which it is not raised any further
_FALLS = 0.08  # of the height, over which the light of a pitch falls
_ACROSS, _AROUND = 0.7, 0.5  # of that light, beside the bars, and of all light everywhere
_BEND = 0.3  # of the height, by which the brightest of a guide moves a drawing
_SOFT = 0.01  # of the height, by which a guide that bends is smoothed

# Counted from the file's first picture, wherever reading begins: so a time has one picture.
_PACE = f"fps={RATE}:start_time=0:round=near"


class Guide:
    """A picture or footage, at any moment, as large as the drawings.

    path: of a file that ffmpeg reads. size: (width, height) in pixels, which it fills; what is
    beyond is cut off, evenly. start: of the song's part, in seconds of the file, whose beginning
    is that of footage, too. loop: of a part whose end flows into its beginning, and so does
    footage. mirrored: whether its left half is shown on both sides, as of drawings of which one
    half is painted.

    Raises SettingsError where there is no file, or no picture in it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: tuple[int, int],
        *,
        start: Fraction = Fraction(0),
        loop: Loop | None = None,
        mirrored: bool = False,
    ) -> None:
        self._path, self._size, self._mirrored = Path(path), size, mirrored
        self._start, self._loop = start, loop
        try:
            if not self._path.is_file():  # a pipe or a device would be waited for
                raise FileNotFoundError
            facts = self._path.stat()
        except (OSError, ValueError):
            raise SettingsError(
                f"There is no guide {quoted(self._path.name)}; check its name and folder."
            ) from None
        self._facts = facts.st_size, facts.st_mtime_ns
        picture = _still(self._path, *self._facts, size)
        self._still = None if picture is None else self._own(picture)
        self._count = 1 if self._still is not None else _counted(self._path, *self._facts)
        self._frames: Iterator[Frame] = iter(())
        self._next, self._last = 0, -1
        self._shown: Frame | None = None

    @property
    def moves(self) -> bool:
        """Whether it is footage rather than a picture."""
        return self._still is None

    def at(self, time: Fraction) -> Frame:
        """What it shows at a time of the part, uint8 (height, width, 3): of footage the picture of
        that time, which begins again behind its end."""
        if self._still is not None:
            return self._still
        time = self._loop.moment(time) if self._loop else time
        if self._loop and (back := self._loop.back(time)):
            both = cv2.addWeighted(self._footage(time), 1 - back, self._first, back, 0)
            return np.asarray(both, np.uint8)
        return self._footage(time)

    @cached_property
    def _first(self) -> Frame:
        """What a loop begins with."""
        assert self._loop
        with closing(Guide(self._path, self._size, start=self._start)) as other:
            return self._own(other.at(self._loop.begin))

    def _footage(self, time: Fraction) -> Frame:
        number = max(0, int((self._start + time) * RATE)) % self._count
        if self._shown is None or number != self._last:
            if number != self._next or self._shown is None:
                self._begin(number)
            # Where it ends sooner than it was counted, its last picture stays.
            if (found := next(self._frames, None)) is not None or self._shown is None:
                black = np.zeros((*self._size[::-1], 3), np.uint8)
                self._shown = self._own(black if found is None else found)
            self._last, self._next = number, number + 1
        return self._shown

    def close(self) -> None:
        """End the process that reads it."""
        getattr(self._frames, "close", lambda: None)()

    def _begin(self, number: int) -> None:
        self.close()
        self._frames = _frames(self._path, self._size, number)

    def _own(self, picture: Frame) -> Frame:
        if not self._mirrored:
            return picture
        half = picture.shape[1] // 2
        return np.ascontiguousarray(
            np.concatenate([picture[:, :half], picture[:, :half][:, ::-1]], 1)
        )


def _frames(path: Path, size: tuple[int, int], number: int) -> Iterator[Frame]:
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


@lru_cache(maxsize=8)
def _still(path: Path, bytes_: int, _changed: int, size: tuple[int, int]) -> Frame | None:
    """A picture file, as large as it is asked for; None where it is none."""
    from PIL import Image, ImageOps

    if bytes_ > _pictures.MOST_BYTES:
        return None
    if (picture := _pictures.read(path, "guide", FORMATS)) is None:
        return None
    whole = ImageOps.fit(_pictures.on_black(picture), size, Image.Resampling.LANCZOS)
    return np.asarray(whole, np.uint8)


def guided(
    drawings: Iterator[Frame],
    times: Iterable[Fraction],
    guide: Guide,
    mix: str,
    amount: float,
) -> Iterator[Frame]:
    """Drawings with a guide. times: of each, in seconds of the part. mix, amount: see `mixed`."""
    try:
        with closed(drawings):
            for drawing, time in zip(drawings, times):  # noqa: B905
                yield mixed(drawing, guide.at(time), mix, amount)
    finally:
        guide.close()


def mixed(drawing: Frame, guide: Frame, mix: str, amount: float) -> Frame:
    """A drawing with a guide, both uint8 (height, width, 3).

    mix: a name from `musvid.spectrum.mixes`. amount: 0, the drawing alone, to 1.
    """
    return drawing if not amount else _MIXED[mix](drawing, guide, amount)


def _multiplied(drawing: Frame, guide: Frame, amount: float) -> Frame:
    # The light of each pitch falls across the whole picture, and some of all on all of it: bars
    # alone are narrow, and a picture would be seen through a slit.
    own = drawing.astype(np.float32)
    rows = own.max(axis=(1, 2))[:, None]
    rows = cv2.GaussianBlur(rows, (0, 0), _FALLS * len(rows), borderType=cv2.BORDER_REPLICATE)
    light = np.maximum(own, (_ACROSS * rows + _AROUND * float(rows.mean()))[..., None])
    seen = guide.astype(np.float32) / 255
    seen *= min(_BRIGHT, max(1.0, _USUAL / max(_DARK, float(seen.mean()))))
    lit = own * (1 - amount) + amount * light * seen
    return np.asarray(np.rint(lit).clip(0, 255), np.uint8)


def _added(drawing: Frame, guide: Frame, amount: float) -> Frame:
    # As light adds up on film (screen): nothing burns.
    left = (255 - drawing.astype(np.float32)) * (1 - amount * guide.astype(np.float32) / 255)
    return np.asarray(np.rint(255 - left).clip(0, 255), np.uint8)


def _displaced(drawing: Frame, guide: Frame, amount: float) -> Frame:
    height, width = drawing.shape[:2]
    grey = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    level = cv2.GaussianBlur(grey, (0, 0), max(0.5, _SOFT * height))
    across, down = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    bent = (down + amount * _BEND * height * (level - float(level.mean()))).astype(np.float32)
    moved = cv2.remap(drawing, across, bent, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


_MIXED: Mapping[str, Callable[[Frame, Frame, float], Frame]] = {
    MULTIPLY: _multiplied,
    ADD: _added,
    DISPLACE: _displaced,
}
