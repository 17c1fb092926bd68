"""Where the world of texture stands at each moment, and the canvases that cover its way.

A painting shows a window of an endless world (`musvid.paint.world`). The window moves along one
axis, by the **offset**: pixels of the painted size, the integral of the drift's speed. A painting
is made on a **canvas**: it begins and ends at whole grains of the world, because a model that sees
noise moved by less paints another picture; and it covers the way from the painting before it and to
the one behind it, so that what lies between two paintings can be cut from both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..clock import Clock
from ..errors import SettingsError
from ..frame import Frame
from ..looping import Loop
from .drift import Drift
from .style import Ring, Stroke

Kind = TypeVar("Kind", np.uint8, np.float32)
Floats = NDArray[np.float64]
Real = TypeVar("Real", np.float64, Floats)

_TAPS = 6  # of the filter that moves a picture by a part of a pixel
_FINE = 64  # parts of a pixel that are told apart
_BORDER = 16  # pixels painted beyond what is shown: the edge of a canvas is painted otherwise


@dataclass(frozen=True)
class Span:
    """Where a canvas lies in the world, along the axis of the drift.

    start, stop: pixels, whole grains. offset: of the painting's own moment.
    """

    start: int
    stop: int
    offset: float

    @property
    def guide(self) -> int:
        """Pixels of the canvas before the guide's own beginning."""
        return round(self.offset - self.start)


class Course:
    """Where the world stands at each moment of a render.

    drift: one that moves. size: painted (width, height). grain: of the model, in pixels.
    way: the offset at a time in seconds from the beginning of the song's part. slower: what makes
    it slower, for the sentence that refuses one. symmetric: whether the right half of every canvas
    mirrors the left one, so that the left one says all. loop: of a clip that comes back, whose way
    does: behind its last painting comes the first one again.

    Raises SettingsError where the world moves so far from painting to painting that they show
    nothing in common.
    """

    def __init__(
        self,
        clock: Clock,
        drift: Drift,
        size: tuple[int, int],
        grain: int,
        way: Callable[[Fraction], float],
        slower: str = "a slower --drift",
        *,
        symmetric: bool = False,
        loop: Loop | None = None,
    ) -> None:
        self.clock, self.drift, self.grain, self.size = clock, drift, grain, size
        self._loop = loop
        self.symmetric = symmetric
        self._way = way
        whole = size[0] if drift.sideways else size[1]
        self.length = drift.window(size)
        """Pixels of the window along the axis."""
        if self.longest > whole / 2:
            raise SettingsError(
                f"The drift moves texture by {self.longest:.0f} pixels from painting to painting, "
                f"and at most {whole // 2} can be followed at this size; choose {slower}, or a "
                "smaller --stride."
            )

    @cached_property
    def longest(self) -> float:
        """The longest way between two paintings, in pixels."""
        return float(np.abs(np.diff(self._offsets)).max(initial=0))

    @property
    def largest(self) -> tuple[int, int]:
        """Width and height of the largest canvas, in pixels."""
        return self._sides(int(self._lengths.max()))

    @property
    def pixels(self) -> int:
        """Pixels of all canvases together."""
        width, height = self._sides(1)
        return width * height * int(self._lengths.sum())

    def area(self, span: Span) -> tuple[int, int]:
        """Width and height of a canvas, in pixels."""
        return self._sides(span.stop - span.start)

    def _sides(self, count: int) -> tuple[int, int]:
        return (count, self.size[1]) if self.drift.sideways else (self.size[0], count)

    @cached_property
    def _offsets(self) -> Floats:
        """Of all paintings."""
        count = self.clock.painted
        times = map(self._time, range(count))
        return np.fromiter(map(self.offset, times), np.float64, count)

    def _time(self, painting: int) -> Fraction:
        """The moment that a painting shows; of a loop, any painting has one."""
        if self._loop is None:
            return self.clock.painting_time(painting)
        return self._loop.painting_time(self.clock.earlier + painting)

    @cached_property
    def _lengths(self) -> Floats:
        """Of all canvases, along the axis."""
        around = np.pad(self._offsets, 1, mode="edge")
        if self._loop:
            ends = (-1, self.clock.painted)
            around[0], around[-1] = (self.offset(self._time(end)) for end in ends)
        near = np.stack([around[:-2], around[1:-1], around[2:]])
        start, stop = self._ends(near.min(0), near.max(0))
        return stop - start

    def offset(self, time: Fraction) -> float:
        """The offset at a time, in seconds from the beginning of the part."""
        return round(self.drift.sign * self._way(time) * _FINE) / _FINE

    def frame(self, number: int) -> float:
        """The offset of a frame of the video."""
        return self.offset(self.clock.time(number))

    def span(self, painting: int) -> Span:
        """Where the canvas of a painting lies."""
        around = range(painting - 1, painting + 2)
        if self._loop is None:
            first = -self.clock.earlier
            around = range(max(first, around.start), min(around.stop, self.clock.painted))
        own, *ways = map(self._time, (painting, *around))
        return self._span(own, ways)

    def moment(self, time: Fraction) -> Span:
        """Where the canvas of one moment lies that has no neighbours, in seconds as `offset`."""
        return self._span(time, [time])

    def _span(self, own: Fraction, ways: list[Fraction]) -> Span:
        offsets = np.array(list(map(self.offset, ways)))
        start, stop = self._ends(offsets.min(), offsets.max())
        return Span(int(start), int(stop), self.offset(own))

    def _ends(self, least: Real, most: Real) -> tuple[Real, Real]:
        """Where canvases begin and end that cover the ways between these offsets."""
        start = np.floor((least - _BORDER) / self.grain) * self.grain
        stop = np.ceil((most + self.length + _BORDER) / self.grain) * self.grain
        return start, stop

    def place(self, span: Span) -> tuple[int, int]:
        """Row and column of the world at which a canvas begins, in pixels."""
        return (0, span.start) if self.drift.sideways else (span.start, 0)

    def placed(self, stroke: Stroke, span: Span, time: Fraction | float) -> Stroke:
        """A stroke for a canvas, at its moment in seconds. Of a loop, it says how the noise comes
        back: where a round goes as far as a picture shows, the world repeats itself, and else its
        noise goes over into what lies one round before."""
        place = self.place(span)
        if not (self._loop and self._round):
            return replace(stroke, place=place)
        ring = stroke.ring or Ring()
        axis = int(self.drift.sideways)
        way = (0, self._round) if axis else (self._round, 0)
        if abs(self._round) >= self.length:
            own = place[axis] % abs(self._round)
            place = (0, own) if axis else (own, 0)
            return replace(stroke, place=place, ring=replace(ring, way=way))
        back = round(self._loop.way(time) / float(self._loop.length), 3)
        own = place[axis] - self._round * self._loop.rounds(time)
        place = (0, own) if axis else (own, 0)
        return replace(stroke, place=place, ring=replace(ring, way=way, back=back))

    @cached_property
    def _round(self) -> int:
        """Pixels by which the window moves in a round of a loop, whole grains."""
        assert self._loop
        end = self._loop.begin + self._loop.length
        return round(self.offset(end) - self.offset(self._loop.begin))

    def canvas(self, guide: Frame, span: Span) -> Frame:
        """What is painted: a guide, continued by its borders to the size of its canvas."""
        before, count = span.guide, span.stop - span.start
        places = np.arange(-before, count - before)
        axis = int(self.drift.sideways)
        return np.take(guide, np.clip(places, 0, guide.shape[axis] - 1), axis)

    def shown(self, canvas: Frame, span: Span) -> Frame:
        """A painting at its own moment, of the painted size."""
        return self.whole(self.cut(canvas, span.offset - span.start))

    def cut(self, canvas: NDArray[Kind], place: float) -> NDArray[Kind]:
        """The window on a canvas that begins at a place, to a fraction of a pixel."""
        return moved(canvas, place, self.length, int(self.drift.sideways))

    def whole(self, window: NDArray[Kind]) -> NDArray[Kind]:
        """The picture of a window: of the left half, both halves."""
        if not self.drift.mirrored:
            return window
        return np.concatenate([window, window[:, ::-1]], axis=1)


def moved(picture: NDArray[Kind], place: float, count: int, axis: int) -> NDArray[Kind]:
    """`count` rows (axis 0) or columns (axis 1) of a picture from a place on, which may lie
    between pixels; beyond its borders, they go on.

    Between pixels by Lanczos' filter of three lobes; light stays at 0 or above.
    """
    whole = math.floor(place)
    part = round((place - whole) * _FINE)
    if part == _FINE:
        whole, part = whole + 1, 0
    first, last = (whole, whole + count) if not part else (whole - 2, whole + count + 3)
    size = picture.shape[axis]
    if first >= 0 and last <= size:
        inside = picture[first:last] if axis == 0 else picture[:, first:last]
    else:
        inside = np.take(picture, np.clip(np.arange(first, last), 0, size - 1), axis)
    if not part:
        return np.ascontiguousarray(inside)
    import cv2

    kernel = _lanczos(part)[:, None] if axis == 0 else _lanczos(part)[None]
    made = cv2.filter2D(np.ascontiguousarray(inside), -1, kernel, borderType=cv2.BORDER_REFLECT)
    # OpenCV's anchor of six taps is the fourth one.
    made = made[3 : 3 + count] if axis == 0 else made[:, 3 : 3 + count]
    return np.ascontiguousarray(made if made.dtype == np.uint8 else np.maximum(made, 0))


@lru_cache(maxsize=_FINE)
def _lanczos(part: int) -> NDArray[np.float64]:
    """The weights of six pixels, of which the third one lies so many parts of a pixel before."""
    apart = np.arange(_TAPS) - 2 - part / _FINE
    weights = np.sinc(apart) * np.sinc(apart / 3)
    return np.asarray(weights / weights.sum(), np.float64)
