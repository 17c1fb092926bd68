"""Echo: a painting flows into the guide of the next one, so that what was there fades.

The guide is blended with the painting before it, before it is painted, as the method's author did
later (PIL's ``blend(source, last, 0.9)``). It is the one setting that paints in order. A painting
is brighter than its guide; so that light neither piles up nor lags behind the music, the mixture
has as much of it as the guide: where light was, it fades, and how much there is, is the moment's
own (``tests/benchmarks/echo.py``).

So that a painting still knows nothing that is older than a second, paintings are chained: every
half second a chain begins at a guide as it is, and lasts a second. Two chains run at any time, and
what is shown is the mixture of their paintings: the younger one comes in while the older one goes,
so that nobody sees where one begins or ends. That costs two paintings for one, at every rate, and
each can be made anew from the guides of the second before it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat

import numpy as np

from ..clock import Clock
from ..frame import Frame
from .course import Course, Span, moved

PaintSome = Callable[[list[Frame], int], list[Frame]]
"""Paints one or two frames, each as the painting of this number is painted."""


@dataclass(frozen=True, eq=False)
class Echo:
    """The chains of a render.

    amount: 0 to 1, the share of the painting before in a guide's light, or what gives it for the
    number of a painting. length: paintings after
    which another chain begins; each lasts twice as long. first: the number of the render's first
    painting, counted from the beginning of the file, so that chains of a part begin where those of
    the whole do.
    course: of texture that drifts; the painting before is moved along with it.
    """

    amount: float | Callable[[int], float]
    length: int = 1
    first: int = 0
    course: Course | None = None

    @classmethod
    def of(
        cls,
        amount: float | Callable[[int], float],
        clock: Clock,
        start: Fraction,
        course: Course | None,
    ) -> Echo:
        """The chains of a clock. start: of the song's part, in seconds of the file."""
        early, late = map(clock.painting_time, (0, clock.painted - 1))
        pace = (clock.painted - 1) / (late - early) if late > early else Fraction(1)
        # The oldest of a chain is 2 * length - 1 paintings before the youngest.
        length = max(1, (math.floor(pace) + 1) // 2)
        return cls(amount, length, math.floor((start + early) * pace), course)

    @property
    def longest(self) -> int:
        """The most paintings that it takes to make one of them, without any other."""
        return 3 * self.length

    def begin(self, painting: int) -> int:
        """The first painting that reaches this one."""
        return max(0, painting - (self.first + painting) % self.length - self.length)

    def nearest(self, clock: Clock, time: Fraction) -> int:
        """The painting that is nearest to a moment, in seconds from the beginning of the part."""
        late = bisect_left(range(clock.painted), time, key=clock.painting_time)
        around = range(max(0, late - 1), min(late + 1, clock.painted))
        return min(around, key=lambda painting: abs(clock.painting_time(painting) - time))

    def painted(
        self,
        guides: Iterable[Frame],
        paint: PaintSome,
        *,
        begin: int = 0,
        spans: Iterable[Span] | None = None,
        note: Callable[[Frame, int], object] | None = None,
    ) -> Iterator[Frame]:
        """Guides painted with their echo, one by one: none is asked for before its time.

        guides: or the canvases of a course, which lie at `spans`. begin: the number of the first.
        note: called with what is painted, the guide and its echo, and its number.
        """
        old: Frame | None = None
        young: Frame | None = None
        last: Span | None = None
        places: Iterable[Span | None] = spans or repeat(None)
        for number, (guide, span) in enumerate(zip(guides, places), begin):  # noqa: B905
            phase = (self.first + number) % self.length
            if not phase:
                old, young = young, None
            way = (span, last) if span and last else None
            amount = self.amount(number) if callable(self.amount) else self.amount
            sources = [self._mixed(guide, before, way, amount) for before in (old, young)]
            if old is young:  # at the beginning both have begun now
                old = young = paint(sources[:1], number)[0]
            else:
                old, young = paint(sources, number)
            last = span
            if note:
                note(_between(sources[0], sources[1], phase, self.length), number)
            yield _between(old, young, phase, self.length)

    def _mixed(
        self, guide: Frame, before: Frame | None, way: tuple[Span, Span] | None, amount: float
    ) -> Frame:
        """A guide with the painting before it, which is moved to where its texture is now."""
        if before is None or not amount:
            return guide
        if way and self.course:
            span, last = way
            axis = int(self.course.drift.sideways)
            before = moved(before, span.start - last.start, span.stop - span.start, axis)
        light, others = (int(picture.sum(dtype=np.int64)) for picture in (guide, before))
        own = 1 - amount * min(1.0, others / max(1, light))
        its = amount * min(1.0, light / max(1, others))
        mixed = guide * np.float32(own) + before * np.float32(its)
        return np.asarray(np.rint(mixed).clip(0, 255), np.uint8)


def _between(old: Frame, young: Frame, part: int, parts: int) -> Frame:
    """Two paintings mixed, of which the younger one has so many parts."""
    if not part or old is young:
        return old
    mixed = old.astype(np.int32) * (parts - part) + young.astype(np.int32) * part
    return ((mixed + parts // 2) // parts).astype(np.uint8)
